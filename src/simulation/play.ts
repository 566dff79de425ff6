/** Playing a history: the steps, then everybody comes to rest, then the check. */
import { findProblems, type TreatmentOf } from './check.js';
import {
  type Answered,
  act,
  type Device,
  decideAll,
  edit,
  type Ground,
  openDevice,
  synchronize,
} from './device.js';
import type { History, RandomStep, Step } from './history.js';
import { forgetCursors, readState, type ServerState } from './queries.js';

/** How a history is played. */
export interface Playing {
  /** Called before each step, to disturb the server. */
  disturb?: () => void;
  treatment: TreatmentOf;
  /** Who wins at the end what waits for a person; undefined takes turns. */
  decide?: 'client' | 'server' | undefined;
  /** Whether sums and unions can be counted, as those of random histories. */
  counts: boolean;
}

export interface Played {
  /** What is wrong, in words. */
  problems: string[];
  /** Operations that the server said it took, and of which there is no trace. */
  dropped: number;
  /** Operations whose fields were put together with those of others. */
  merged: number;
  /** Operations that the server did not take, and why. */
  refused: Refusal[];
  state: ServerState;
}

export interface Refusal {
  device: number;
  op: string;
  doctype: string;
  name: string;
  code: string;
  message: string;
}

/** Rounds in which everybody synchronizes and decides. */
const roundsMax = 12;

export async function play(ground: Ground, history: History, how: Playing): Promise<Played> {
  const answered: Answered[] = [];
  const devices: Device[] = [];
  for (let number = 0; number < history.devices; number++)
    devices.push(await openDevice(ground, number, answered));
  const membership = membershipOf(ground);
  let values = 0;
  for (const step of history.steps) {
    how.disturb?.();
    await take(
      ground,
      devices[step.device % history.devices]!,
      step,
      membership,
      `${ground.run}-${++values}`,
    );
  }
  await membership.set(true);
  const left = await rest(devices, how.decide);
  const state = await readState(ground.dartwing, ground.organization, ground.doctypes);
  const { problems, dropped } = findProblems(state, devices, answered, how.treatment, how.counts);
  for (const { client } of devices) await client.close();
  return {
    problems: [...left, ...problems],
    dropped,
    merged: countMerged(answered),
    refused: refusalsOf(answered),
    state,
  };
}

interface Membership {
  readonly isMember: boolean;
  set(isMember: boolean): Promise<void>;
}

function membershipOf({ dartwing, organization, member }: Ground): Membership {
  const { member: members } = dartwing.people;
  let isMember = true;
  return {
    get isMember() {
      return isMember;
    },
    set: async (wanted) => {
      if (wanted === isMember) return;
      if (wanted) await members.add(organization, member.email, 'Employee');
      else await members.remove(organization, member.email);
      isMember = wanted;
    },
  };
}

async function take(
  ground: Ground,
  device: Device,
  step: Step,
  membership: Membership,
  value: string,
): Promise<void> {
  if (step.act === 'edit') return edit(device, step);
  if (step.act === 'revoke') {
    const { field, pick } = step as RandomStep;
    if (field === 'title') await membership.set(pick % 2 !== 0);
    return;
  }
  if (step.act === 'resync') {
    if ((step as RandomStep).pick % 3 === 0) await forgetCursors(ground.dartwing, ground.organization);
    return;
  }
  device.weather = step.weather;
  if (step.act === 'sync') return synchronize(device);
  return act(device, step as RandomStep, value);
}

/** Everybody synchronizes and decides until nothing waits and everybody has seen everything. */
async function rest(devices: readonly Device[], decide: Playing['decide']): Promise<string[]> {
  for (const device of devices) device.watermark = -1;
  for (let round = 0; round < roundsMax; round++) {
    const newest = Math.max(...devices.map(({ watermark }) => watermark));
    const behind = devices.filter(
      ({ client, watermark }) => watermark < newest || round === 0 || client.queue().length > 0,
    );
    if (behind.length === 0) return [];
    for (const { client } of behind) {
      await client.sync();
      await decideAll(client, decide ?? (round % 2 === 0 ? 'client' : 'server'));
      for (const entry of client.queue()) {
        // What the server refused, because the document or its link went away, is given up in the end.
        if (entry.state === 'failed' && client.queue().some(({ id }) => id === entry.id))
          await client.discard(entry.id);
      }
    }
  }
  return ['the edits of some device never came to rest'];
}

function countMerged(answered: readonly Answered[]): number {
  const merged = answered.filter(({ result }) => result.outcome === 'merged');
  return new Set(merged.map(({ origin, operation }) => `${origin}/${operation.id}`)).size;
}

function refusalsOf(answered: readonly Answered[]): Refusal[] {
  const refused = answered.filter(({ result }) => result.outcome === 'rejected');
  const byId = new Map(refused.map((each) => [`${each.origin}/${each.operation.id}`, each]));
  return [...byId.values()].map(({ device, operation: { op, doctype, name }, result: { error } }) => ({
    device,
    op,
    doctype,
    name,
    code: error?.code ?? '',
    message: error?.message ?? '',
  }));
}
