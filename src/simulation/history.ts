/** Histories: what some devices do, and what the network does to them, one step after another. Pure. */
import type { Fields, OperationKind } from '../client/index.js';
import { drawFrom } from './random.js';

/** What the network does to the next call of a device. */
export type Weather = 'fine' | 'unreachable' | 'answer lost' | 'sent twice' | 'sent again later';

const badWeather: readonly Weather[] = ['unreachable', 'answer lost', 'sent twice', 'sent again later'];

/** Acts of random histories, by how often each is drawn. */
const acts = {
  insert: 3,
  update: 4,
  count: 2,
  tag: 2,
  delete: 2,
  undelete: 1,
  sync: 5,
  decide: 1,
  restart: 1,
  resync: 1,
  revoke: 1,
};

type Act = keyof typeof acts;

const drawnActs = (Object.keys(acts) as Act[]).flatMap((act) => Array<Act>(acts[act]).fill(act));

/** A step of a random history; `pick` chooses among what the device sees then. */
export interface RandomStep {
  device: number;
  act: Act;
  doctype: 'Sheet' | 'Ticket';
  pick: number;
  field: 'title' | 'state' | 'left' | 'right';
  weather: Weather;
}

/** A step that says everything, as people write it. */
export interface GivenStep {
  device: number;
  act: 'edit';
  op: OperationKind;
  doctype: string;
  name: string;
  data: Fields;
}

/** A step of any kind; `sync` alone is both. */
export type Step = RandomStep | GivenStep | { device: number; act: 'sync'; weather: Weather };

export interface History {
  devices: number;
  steps: readonly Step[];
}

/** Devices of a random history. */
const devicesMin = 3;
const devicesMax = 10;
/** Steps of one, unless told. */
export const stepsDefault = 24;
const stepsMin = 6;

/**
 * The history of a seed: mostly of few devices and always the same. The longer it may be, the longer it is on average.
 * @param stepsMax steps of the longest, after a beginning in which all get the same documents
 */
export function historyOf(seed: number, stepsMax: number = stepsDefault): History {
  const draw = drawFrom(seed);
  const spread = devicesMax - devicesMin + 1;
  const devices = devicesMin + Math.min(...Array.from({ length: 4 }, () => draw.below(spread)));
  const length = stepsMin + draw.below(Math.max(stepsMax - stepsMin, 0) + 1);
  const drawn = Array.from(
    { length },
    (): RandomStep => ({
      device: draw.below(devices),
      act: draw.of(drawnActs),
      doctype: draw.of(['Sheet', 'Ticket'] as const),
      pick: draw.below(31),
      field: draw.of(['title', 'state', 'left', 'right'] as const),
      weather: draw.below(6) === 0 ? draw.of(badWeather) : 'fine',
    }),
  );
  // Without documents that all have, most edits would find nothing to edit.
  const begin = (['Sheet', 'Ticket'] as const).map(
    (doctype): RandomStep => ({
      device: 0,
      act: 'insert',
      doctype,
      pick: 0,
      field: 'title',
      weather: 'fine',
    }),
  );
  const everybody = Array.from(
    { length: devices },
    (_, device): Step => ({ device, act: 'sync', weather: 'fine' }),
  );
  return { devices, steps: [...begin, ...everybody, ...drawn] };
}

/** The order in which devices find a network after they were away, with calls that go wrong. */
export function returnsOf(seed: number, devices: number): Step[] {
  const draw = drawFrom(seed);
  const steps: Step[] = [];
  for (let round = 0; round < 2; round++) {
    const left = Array.from({ length: devices }, (_, index) => index);
    while (left.length > 0) {
      const [device] = left.splice(draw.below(left.length), 1);
      steps.push({
        device: device!,
        act: 'sync',
        weather: round === 0 && draw.below(3) === 0 ? draw.of(badWeather) : 'fine',
      });
    }
  }
  return steps;
}

/**
 * A shorter history that fails as well: parts are left out as long as it goes on failing.
 * @param attemptsMax histories that are tried
 */
export async function shortened(
  history: History,
  fails: (history: History) => Promise<boolean>,
  attemptsMax: number,
): Promise<History> {
  let { steps } = history;
  let attempts = 0;
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < steps.length && attempts < attemptsMax; ) {
      attempts++;
      const rest = [...steps.slice(0, from), ...steps.slice(from + size)];
      if (await fails({ ...history, steps: rest })) steps = rest;
      else from += size;
    }
  }
  return { ...history, steps };
}
