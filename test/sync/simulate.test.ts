/** Simulations: scenarios that somebody wrote, and what is said when devices do not end with what the server has. */
import { beforeAll, describe, expect, test } from 'vitest';
import { schemas } from '../../src/commands/schemas/index.js';
import { type Dartwing, systemClock } from '../../src/core/index.js';
import {
  groundsOf,
  type History,
  historyOf,
  parseScenario,
  type RuleChange,
  randomDoctypes,
  shortened,
  simulate,
} from '../../src/simulation/index.js';
import { openTestDartwing } from '../support/database.js';

let dartwing: Dartwing;
let newGround: ReturnType<typeof groundsOf>;

beforeAll(async () => {
  ({ dartwing } = await openTestDartwing({ clock: systemClock, doctypes: randomDoctypes }));
  newGround = groundsOf(dartwing, 'simulation');
});

const played = (scenario: object, seed = 1, rules: RuleChange[] = []) =>
  simulate(newGround, { seed, scenario: parseScenario(scenario), rules });

const round = { doctype: 'Task', name: 'round', data: { title: 'Round' } };
const edit = (device: string, data: object, more: object = {}) => ({
  device,
  doctype: 'Task',
  name: 'round',
  data,
  ...more,
});

describe('a scenario', () => {
  test('tells what becomes of edits that meet, and which were refused', async () => {
    const simulation = await played({
      documents: [round],
      edits: [
        edit('tablet', { status: 'Done', notes: 'a' }),
        edit('phone', { status: 'Later' }),
        { sync: 'tablet' },
        edit('desk', { priority: 'High' }),
      ],
    });
    schemas.Simulation!.parse(JSON.parse(JSON.stringify(simulation)));
    expect(simulation).toMatchObject({
      converged: true,
      dropped: 0,
      refused: [{ device: 'phone', op: 'update', code: 'VALIDATION_ERROR' }],
      documents: [{ doctype: 'Task', data: { status: 'Done', notes: 'a', priority: 'High' } }],
    });
  });

  test('comes out otherwise under other rules', async () => {
    const scenario = {
      documents: [round],
      edits: [edit('tablet', { status: 'Done' }), { sync: 'tablet' }, edit('phone', { status: 'Working' })],
    };
    const states = async (rules: RuleChange[]) =>
      (await played(scenario, 1, rules)).conflicts.map(({ rule, state }) => `${rule} ${state}`);
    expect(await states([])).toEqual(['field_level auto']);
    expect(await states([{ entity: 'Task', override: { strategy: 'manual_resolve' } }])).toEqual([
      'manual_resolve open',
    ]);
  });

  test('is refused where a device cannot do what it says', async () => {
    await expect(played({ edits: [edit('tablet', {})] })).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
    const unknown = { edits: [{ device: 'tablet', op: 'insert', doctype: 'Nothing', name: 'x' }] };
    await expect(played(unknown)).rejects.toMatchObject({ code: 'DOCTYPE_UNKNOWN' });
    expect(() => parseScenario({ edits: [] })).toThrow();
  });
});

describe('a random history', () => {
  test('is the same for the same seed, and played it converges', async () => {
    expect(historyOf(7)).toEqual(historyOf(7));
    expect(historyOf(7)).not.toEqual(historyOf(8));
    const { histories, converged, failure } = await simulate(newGround, { seed: 7, histories: 2 });
    expect({ histories, converged, failure }).toEqual({ histories: 2, converged: true, failure: null });
  });

  test('that fails is made as short as it fails', async () => {
    const history = historyOf(7, 40);
    const isBad = ({ steps }: History) => steps.filter(({ act }) => act === 'insert').length >= 2;
    const { steps } = await shortened(history, async (shorter) => isBad(shorter), 1_000);
    expect(steps.map(({ act }) => act)).toEqual(['insert', 'insert']);
  });
});
