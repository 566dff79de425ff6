import { beforeAll, describe, expect, it } from 'vitest';
import { testIsolation } from '../../src/core/index.js';
import { type Aim, tableAttempts } from './table-attempts.js';
import { attempt, failuresOf, type Place, placesOf, printTrials, type Trial } from './trial.js';
import { createWorld, type World } from './world.js';

let world: World;
let places: ReturnType<typeof placesOf>;

beforeAll(async () => {
  world = await createWorld();
  places = placesOf(world);
});

/** Attacks with one aim; what they left behind is looked for after each kind that could leave something. */
async function attackFrom(place: Place, aim: Aim): Promise<Trial[]> {
  const trials: Trial[] = [];
  const before = await world.fingerprint();
  for (const [how, attempts] of tableAttempts(world, aim)) {
    for (const attack of attempts) trials.push(await attempt(world, attack, place));
    if (aim !== 'reading') expect(await world.fingerprint(), `what ${how} left behind`).toBe(before);
  }
  expect(await world.fingerprint(), 'what reading left behind').toBe(before);
  printTrials('Attacks on tables', trials);
  return trials;
}

describe('every tenant table', () => {
  it('is under attack: those with an organization, the organizations, the persons and each partition', () => {
    const names = world.tables.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        'organization',
        'person',
        'user_account',
        'org_member',
        'permission_grant',
        'company',
      ]),
    );
    expect(names).toEqual(expect.arrayContaining(['audit_stage', 'audit_event', 'audit_head']));
    expect(world.tables.filter(({ partition }) => partition).length).toBeGreaterThan(0);
  });

  it('shows organization B its own rows', async () => {
    const readable = world.tables.filter((table) => table.readable && table.name !== 'person');
    expect(readable.length).toBeGreaterThan(10);
    for (const table of readable) {
      const { rows } = await world.dartwing.asOrg(world.b.organization, (tx) =>
        tx.query(`select * from ${table.name}`),
      );
      expect(rows.length, table.name).toBe(world.countOfB(table));
    }
  });

  it.each([
    ['shows nothing of A to', 'orgB', 'reading'],
    ['lets nothing of A be changed by', 'orgB', 'writing'],
    ['lets its rules not be changed by', 'orgB', 'owning'],
    ['shows nothing of A to', 'nobody', 'reading'],
    ['lets nothing of A be changed by', 'nobody', 'writing'],
    ['shows nothing of A to', 'personOfB', 'reading'],
    ['lets nothing of A be changed by', 'personOfB', 'writing'],
  ] as const)('%s %s, however it goes about %s', { timeout: 120_000 }, async (_what, from, aim) => {
    const trials = await attackFrom(places[from], aim);
    expect(failuresOf(trials)).toEqual([]);
    expect(trials.length).toBeGreaterThan(300);
  });

  it('is still sound after all of it', async () => {
    expect((await testIsolation(world.options)).findings).toEqual([]);
  });
});

describe('the attacks themselves', () => {
  it('succeed, and are seen to succeed, once row security is gone', async () => {
    const { admin } = world.database;
    await admin.query('alter table company disable row level security');
    const breached: string[] = [];
    const attempts = [
      ...tableAttempts(world, 'reading').values(),
      ...tableAttempts(world, 'writing').values(),
    ];
    for (const attack of attempts.flat().filter(({ on }) => on === 'company')) {
      const trial = await attempt(world, attack, places.orgB);
      if (trial.outcome.startsWith('breach')) breached.push(attack.how);
    }
    await admin.query('alter table company enable row level security');
    expect(breached).toEqual(
      expect.arrayContaining([
        'select everything',
        'count what is not mine',
        'error that quotes a row',
        'leaky function in a predicate',
        'cursor with hold',
        'planner statistics',
        'query_to_xml',
        'copy to the client',
        'temporary definer function',
        'block that raises what it read',
        'update rows of A',
        'delete rows of A',
      ]),
    );
  });
});
