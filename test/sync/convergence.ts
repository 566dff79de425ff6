/**
 * Random histories of clients that share an organization: what they do, what the network does to them, and what has to
 * hold when everybody is quiet.
 */
import fc from 'fast-check';
import type pg from 'pg';
import { expect } from 'vitest';
import {
  ClientFault,
  faultOf,
  type LocalDocument,
  memoryStore,
  type OperationResult,
  openClient,
  type PushAnswer,
  type PushRequest,
  type SyncClient,
  type Transport,
  type WireOperation,
} from '../../src/client/index.js';
import { httpStatus } from '../../src/core/errors.js';
import { type Dartwing, DartwingError } from '../../src/core/index.js';

export const doctypes = ['Sheet', 'Ticket'] as const;

/** What the network does to the next call. */
type Weather = 'fine' | 'unreachable' | 'answer lost' | 'sent twice' | 'sent again later';

const acts = [
  'insert',
  'update',
  'count',
  'tag',
  'delete',
  'undelete',
  'sync',
  'sync',
  'decide',
  'restart',
  'resync',
  'revoke',
] as const;

export interface Step {
  client: number;
  act: (typeof acts)[number];
  doctype: (typeof doctypes)[number];
  /** Chooses among the documents that the client sees. */
  pick: number;
  field: 'title' | 'state' | 'left' | 'right';
  weather: Weather;
}

export const steps = (max: number): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.record({
      client: fc.nat(9),
      act: fc.constantFrom(...acts),
      doctype: fc.constantFrom(...doctypes),
      pick: fc.nat(30),
      field: fc.constantFrom('title' as const, 'state' as const, 'left' as const, 'right' as const),
      weather: fc.oneof(
        { weight: 5, arbitrary: fc.constant('fine' as const) },
        {
          weight: 1,
          arbitrary: fc.constantFrom<Weather[]>(
            'unreachable',
            'answer lost',
            'sent twice',
            'sent again later',
          ),
        },
      ),
    }),
    { minLength: Math.min(20, max), maxLength: max, size: 'max' },
  );

export interface Person {
  id: string;
  email: string;
}

/** What a run needs of the installation. */
export interface Ground {
  dartwing: Dartwing;
  /** Where devices call; it may die under them. */
  door: Pick<Dartwing['sync'], 'feed' | 'push'>;
  admin: pg.Client;
  organization: string;
  /** Supervisor; most devices are theirs. */
  owner: Person;
  /** A member who may be removed. */
  member: Person;
  /** Makes names unique among runs. */
  run: number;
}

interface Answered {
  origin: string;
  operation: WireOperation;
  result: OperationResult;
}

interface Device {
  number: number;
  person: Person;
  client: SyncClient;
  weather: Weather;
  reopen(): Promise<void>;
}

/** The door, as a server over a bad network would look to one device. */
function transportOf(ground: Ground, device: Device, answered: Answered[]): Transport {
  const call = { principal: { type: 'person' as const, id: device.person.id } };
  let again: PushRequest | undefined;
  const ask = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof DartwingError)) throw error;
      throw faultOf(httpStatus(error.code), { code: error.code, message: error.message });
    }
  };
  // Also what nobody heard counts: a device that was emptied meanwhile never asks again.
  const push = async (request: PushRequest): Promise<PushAnswer> => {
    const answer = (await ask(() => ground.door.push(ground.organization, request, call))) as PushAnswer;
    for (const [index, result] of answer.results.entries())
      answered.push({
        origin: `${device.person.id}/${request.device}`,
        operation: request.operations[index]!,
        result,
      });
    return answer;
  };
  const suffer = async <T>(work: () => Promise<T>): Promise<T> => {
    const weather = device.weather;
    device.weather = 'fine';
    if (weather === 'unreachable') throw new ClientFault('OFFLINE', 'in this test');
    const answer = await work();
    if (weather === 'answer lost') throw new ClientFault('OFFLINE', 'in this test');
    return weather === 'sent twice' ? work() : answer;
  };
  return {
    feed: (request) =>
      suffer(async () => {
        const page = await ask(() => ground.door.feed(ground.organization, request, call));
        return JSON.parse(JSON.stringify(page));
      }),
    push: async (request) => {
      const weather = device.weather;
      // A copy of an old call that a router kept reaches the server after newer ones; nobody hears its answer.
      const late = again;
      again = weather === 'sent again later' ? request : undefined;
      const answer = JSON.parse(JSON.stringify(await suffer(() => push(request)))) as PushAnswer;
      if (late !== undefined) await push(late).catch(() => {});
      return answer;
    },
  };
}

/** Plays a history, then lets everybody come to rest, and checks. */
export async function play(
  ground: Ground,
  count: number,
  history: readonly Step[],
  disturb: () => void = () => {},
): Promise<void> {
  const answered: Answered[] = [];
  const devices: Device[] = [];
  for (let number = 0; number < count; number++) devices.push(await openDevice(ground, number, answered));
  let isMember = true;
  let values = 0;
  for (const step of history) {
    const device = devices[step.client % count]!;
    if (step.act === 'revoke') {
      if (step.field === 'title' && isMember !== (step.pick % 2 === 0)) {
        isMember = !isMember;
        await setMembership(ground, isMember);
      }
      continue;
    }
    if (step.act === 'resync') {
      // As after a restore: no cursor is good any more.
      if (step.pick % 3 === 0)
        await ground.admin.query(
          'update document_head set generation = gen_random_uuid()::text where organization = $1',
          [ground.organization],
        );
      continue;
    }
    disturb();
    device.weather = step.weather;
    await act(device, step, `${ground.run}-${++values}`);
  }
  if (!isMember) await setMembership(ground, true);
  await rest(devices);
  await check(ground, devices, answered);
  for (const { client } of devices) await client.close();
}

async function openDevice(ground: Ground, number: number, answered: Answered[]): Promise<Device> {
  const store = memoryStore();
  let ids = 0;
  const device = {
    number,
    person: number % 3 === 2 ? ground.member : ground.owner,
    weather: 'fine',
  } as Device;
  device.reopen = async () => {
    await device.client?.close();
    device.client = await openClient({
      transport: transportOf(ground, device, answered),
      store,
      organization: ground.organization,
      doctypes,
      device: `device-${ground.run}-${number}`,
      batchOperations: 7,
      newId: () => `r${ground.run}-c${number}-${++ids}`,
      random: () => 0,
      wait: async () => {},
      attemptsMax: 3,
    });
  };
  await device.reopen();
  return device;
}

async function setMembership({ dartwing, organization, member }: Ground, isMember: boolean): Promise<void> {
  const { member: members } = dartwing.people;
  if (isMember) await members.add(organization, member.email, 'Employee');
  else await members.remove(organization, member.email);
}

async function act(device: Device, step: Step, value: string): Promise<void> {
  const { client } = device;
  const { doctype, field, pick } = step;
  const visible = client.list(doctype);
  const chosen: LocalDocument | undefined = visible[pick % Math.max(visible.length, 1)];
  switch (step.act) {
    case 'insert': {
      // Few documents, so that edits meet.
      if (visible.length >= 3) return;
      const others = client.list(pick % 2 === 0 ? 'Sheet' : 'Ticket');
      const linked = others[pick % Math.max(others.length, 1)]?.name;
      const link = linked && doctype === 'Ticket' ? { [pick % 2 === 0 ? 'sheet' : 'after']: linked } : {};
      await client.insert(doctype, { title: value, tally: 1, ...link });
      return;
    }
    case 'update':
      return chosen && client.update(doctype, chosen.name, { [field]: value });
    case 'count':
      return chosen && client.update(doctype, chosen.name, { tally: Number(chosen.data.tally ?? 0) + 1 });
    case 'tag':
      return (
        chosen &&
        client.update(doctype, chosen.name, { tags: [...((chosen.data.tags as string[]) ?? []), value] })
      );
    case 'delete':
      return chosen && pick % 3 === 0 ? client.delete(doctype, chosen.name) : undefined;
    case 'undelete': {
      const gone = lastDeleted(client, doctype);
      return gone === undefined ? undefined : client.undelete(doctype, gone);
    }
    case 'decide':
      return decideAll(client, pick);
    case 'restart':
      return device.reopen();
    case 'sync':
      await client.sync().catch(tolerated);
  }
}

/** A document that this device deleted and still has in its queue. */
function lastDeleted(client: SyncClient, doctype: string): string | undefined {
  return client.queue().findLast((entry) => entry.doctype === doctype && entry.op === 'delete')?.name;
}

function tolerated(error: unknown): void {
  const code = (error as ClientFault).code;
  if (code !== 'OFFLINE' && code !== 'REVOKED') throw error;
}

async function decideAll(client: SyncClient, pick: number): Promise<void> {
  for (const { doctype, name, state } of client.queue())
    if (state === 'conflict')
      await client.decide(doctype, name, { take: pick % 2 === 0 ? 'client' : 'server' });
}

/** Everybody synchronizes and decides until nothing waits and everybody has seen everything. */
async function rest(devices: readonly Device[]): Promise<void> {
  for (let round = 0; round < 12; round++) {
    let waiting = 0;
    for (const { client } of devices) {
      // What is sent in this round, those before have to hear of in another one.
      waiting += client.queue().length;
      await client.sync();
      await decideAll(client, round);
      for (const entry of client.queue()) {
        // What the server refused, because the document or its link went away, is given up in the end.
        if (entry.state === 'failed' && client.queue().some(({ id }) => id === entry.id))
          await client.discard(entry.id);
        waiting++;
      }
    }
    if (waiting === 0 && round > 0) return;
  }
  const left = devices.flatMap(({ client, number }) => client.queue().map((entry) => ({ number, ...entry })));
  throw new Error(`edits never came to rest: ${JSON.stringify(left, null, 1)}`);
}

interface ChangeRow {
  doctype: string;
  name: string;
  version: number;
  data: Record<string, unknown> | null;
}

async function check(
  { admin, organization }: Ground,
  devices: readonly Device[],
  answered: readonly Answered[],
): Promise<void> {
  const { rows: documents } = await admin.query<{
    doctype: string;
    name: string;
    version: number;
    data: LocalDocument['data'];
  }>(
    'select doctype, name, version, data from document where organization = $1 and not deleted and doctype = any($2) order by doctype, name',
    [organization, doctypes],
  );
  for (const { client, number } of devices) {
    const here = doctypes
      .flatMap((doctype) => client.list(doctype))
      .map(({ doctype, name, version, data }) => ({ doctype, name, version, data }))
      .sort((a, b) =>
        a.doctype === b.doctype ? (a.name < b.name ? -1 : 1) : a.doctype < b.doctype ? -1 : 1,
      );
    expect(here, `device ${number} equals the server`).toEqual(byName(documents));
    expect(client.queue(), `device ${number} has nothing left`).toEqual([]);
  }
  const { rows: changes } = await admin.query<ChangeRow>(
    'select doctype, name, version, data from document_change where organization = $1 and doctype = any($2) order by seq',
    [organization, doctypes],
  );
  const { rows: kept } = await admin.query<{ operation: string; client: Record<string, unknown> | null }>(
    'select operation, client from sync_conflict where organization = $1',
    [organization],
  );
  checkAnswered(answered, changes, kept);
  checkCounts(answered, documents, changes);
}

function byName<T extends { doctype: string; name: string }>(documents: readonly T[]): T[] {
  return [...documents].sort((a, b) =>
    a.doctype === b.doctype ? (a.name < b.name ? -1 : 1) : a.doctype < b.doctype ? -1 : 1,
  );
}

/** Every operation that the server took is in the history of its document, or with a conflict. */
function checkAnswered(
  answered: readonly Answered[],
  changes: readonly ChangeRow[],
  kept: readonly { operation: string; client: Record<string, unknown> | null }[],
): void {
  for (const { operation, result } of answered) {
    if (result.status !== 'success' || result.outcome === 'unchanged') continue;
    const history = changes.filter(({ doctype, name }) => doctype === result.doctype && name === result.name);
    if (operation.op === 'delete') {
      expect(
        history.some(({ data }) => data === null),
        `${operation.id} deleted`,
      ).toBe(true);
      continue;
    }
    for (const [field, value] of Object.entries(operation.data ?? {})) {
      if (field === 'tags' || field === 'tally' || typeof value !== 'string' || !/^\d+-/.test(value))
        continue;
      const isThere = history.some(({ data }) => data?.[field] === value);
      const isKept = kept.some(
        (conflict) => conflict.operation === operation.id && conflict.client?.[field] === value,
      );
      expect(isThere || isKept, `${operation.id} ${field} ${value} is somewhere`).toBe(true);
      if (result.outcome === 'applied') expect(isThere, `${operation.id} ${field} was applied`).toBe(true);
    }
  }
}

/** Counting and tagging commute: whatever the order, each one that the server took is in the document exactly once. */
function checkCounts(
  answered: readonly Answered[],
  documents: readonly { doctype: string; name: string; data: LocalDocument['data'] }[],
  changes: readonly ChangeRow[],
): void {
  const firsts = new Map(answered.map((each) => [`${each.origin}/${each.operation.id}`, each]));
  for (const { doctype, name, data } of documents) {
    const mine = [...firsts.values()].filter(
      ({ result }) => result.doctype === doctype && result.name === name && result.status !== 'error',
    );
    const won = (field: string) =>
      mine.filter(
        ({ operation, result }) =>
          operation.data?.[field] !== undefined &&
          !result.fields_lost?.includes(field) &&
          !result.fields_open?.includes(field) &&
          (result.status === 'success' || result.fields_open !== undefined),
      );
    const history = changes.filter((change) => change.doctype === doctype && change.name === name);
    const about = `${doctype} ${name}: ${JSON.stringify({ mine, history }, null, 1)}`;
    expect(data.tally, about).toBe(won('tally').length);
    const tags = (data.tags as string[] | null) ?? [];
    expect(new Set(tags).size, about).toBe(tags.length);
    expect(tags.length, about).toBe(won('tags').length);
  }
}
