/**
 * Replays: devices get a part of the log once more, as documents are now. A client takes a row of the version that it has
 * in place of its copy, so what was lost or spoilt on a device is made good, without a full resync and without touching
 * edits that wait. The feed notices when the device calls; a lost answer begins the replay again.
 */
import { authorize, recordAct, type Scope } from '../access/index.js';
import type { Registry } from '../documents/index.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import type { Cursor } from './cursor.js';
import type { DeviceWishes } from './device-queries.js';
import { findHead, findSeqBefore } from './feed-queries.js';
import { wantReplay } from './replay-queries.js';

export interface ReplayInput {
  /** Number of a change, or a time; changes after it are sent once more. */
  from: number | Date;
  /** The last one; the newest unless told. */
  to?: number | Date | undefined;
  /** Of every principal that has a device of this name; all devices unless told. */
  device?: string | undefined;
  /** All that a device holds unless told. */
  doctypes?: readonly string[] | undefined;
}

/** What devices are going to get. */
export interface Replay {
  devices: string[];
  after: number;
  up_to: number;
}

/** A cursor that has not been through the last replay of its device begins with it. */
export function replayed(cursor: Cursor, retained: number, wishes: DeviceWishes): Cursor {
  const { replay, replay_after: from, replay_up_to: to, replay_doctypes: doctypes } = wishes;
  if (cursor.replay === replay || cursor.first !== undefined) return cursor;
  const after = Math.max(from ?? 0, retained);
  const upTo = Math.min(to ?? cursor.seq, cursor.seq);
  // What is newer than the cursor comes anyway.
  return { ...cursor, replay, again: after < upTo ? { after, upTo, doctypes } : undefined };
}

/** @throws REPLAY_OUT_OF_RANGE, SYNC_CLIENT_NOT_FOUND, DOCTYPE_UNKNOWN, VALIDATION_ERROR, PERMISSION_DENIED */
export async function replayLog(scope: Scope, registry: Registry, input: ReplayInput): Promise<Replay> {
  const organization = scope.tx.organization!;
  const { device = '*', doctypes } = input;
  const ref = { doctype: 'Sync Client', name: device, organization };
  authorize(scope, 'write', ref);
  for (const name of doctypes ?? []) registry.get(name);
  const head = (await findHead(scope.tx, organization))!;
  const after = await numberOf(scope, input.from);
  const upTo = Math.min(input.to === undefined ? head.seq : await numberOf(scope, input.to), head.seq);
  const tooOld =
    input.from instanceof Date &&
    input.from.getTime() < scope.clock.now().getTime() - limits.changeDaysDefault * 86_400_000;
  if (after < head.min_retained || tooOld)
    throw new DartwingError('REPLAY_OUT_OF_RANGE', { retained: head.min_retained, head: head.seq });
  if (after >= upTo)
    throw new DartwingError('VALIDATION_ERROR', { message: 'Nothing changed between these two' });
  const devices = await wantReplay(scope.tx, organization, input.device, { after, upTo, doctypes });
  if (devices.length === 0) throw new DartwingError('SYNC_CLIENT_NOT_FOUND', { ref: device.slice(0, 80) });
  await recordAct(scope, organization, 'sync.replay', ref, {
    new: { after, up_to: upTo, doctypes: doctypes ?? null, devices: devices.length },
  });
  return { devices, after, up_to: upTo };
}

async function numberOf({ tx }: Scope, place: number | Date): Promise<number> {
  if (place instanceof Date) return findSeqBefore(tx, tx.organization!, place);
  if (Number.isSafeInteger(place) && place >= 0) return place;
  throw new DartwingError('VALIDATION_ERROR', { message: 'A number of the log is a whole number from 0' });
}
