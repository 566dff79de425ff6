/** A device: the client of the sync protocol, and the network between it and the server. */
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
} from '../client/index.js';
import { httpStatus } from '../core/errors.js';
import { type Dartwing, DartwingError } from '../core/index.js';
import type { GivenStep, RandomStep, Weather } from './history.js';

export interface Person {
  id: string;
  email: string;
}

/** What a history needs of an installation. */
export interface Ground {
  dartwing: Dartwing;
  /** Where devices call; it may die under them. */
  door: Pick<Dartwing['sync'], 'feed' | 'push'>;
  organization: string;
  /** What devices hold. */
  doctypes: readonly string[];
  /** Supervisor; most devices are theirs. */
  owner: Person;
  /** A member who may be removed. */
  member: Person;
  /** Makes names unique among runs. */
  run: number;
}

/** An operation that the server answered, whether or not the device has heard it. */
export interface Answered {
  device: number;
  origin: string;
  operation: WireOperation;
  result: OperationResult;
}

export interface Device {
  number: number;
  person: Person;
  client: SyncClient;
  weather: Weather;
  /** Number of the newest change when it last heard of any. */
  watermark: number;
  /** Ends the program of the device and starts it again. */
  reopen(): Promise<void>;
}

export async function openDevice(ground: Ground, number: number, answered: Answered[]): Promise<Device> {
  const store = memoryStore();
  let ids = 0;
  const device = {
    number,
    person: number % 3 === 2 ? ground.member : ground.owner,
    weather: 'fine',
    watermark: -1,
  } as Device;
  device.reopen = async () => {
    await device.client?.close();
    device.client = await openClient({
      transport: transportOf(ground, device, answered),
      store,
      organization: ground.organization,
      doctypes: ground.doctypes,
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
        device: device.number,
        origin: `${device.person.id}/${request.device}`,
        operation: request.operations[index]!,
        result,
      });
    return answer;
  };
  const suffer = async <T>(work: () => Promise<T>): Promise<T> => {
    const weather = device.weather;
    device.weather = 'fine';
    if (weather === 'unreachable') throw new ClientFault('OFFLINE', 'in this history');
    const answer = await work();
    if (weather === 'answer lost') throw new ClientFault('OFFLINE', 'in this history');
    return weather === 'sent twice' ? work() : answer;
  };
  return {
    feed: async (request) => {
      const page = await suffer(() => ask(() => ground.door.feed(ground.organization, request, call)));
      device.watermark = page.watermark;
      return page;
    },
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

/** An edit that somebody wrote down. */
export async function edit({ client }: Device, step: GivenStep): Promise<void> {
  const { op, doctype, name, data } = step;
  if (op === 'insert') await client.insert(doctype, data, name);
  else if (op === 'update') await client.update(doctype, name, data);
  else if (op === 'delete') await client.delete(doctype, name);
  else await client.undelete(doctype, name, data);
}

/** One step of a random history. `value` is what it writes, found nowhere else. */
export async function act(device: Device, step: RandomStep, value: string): Promise<void> {
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
      const gone = client.queue().findLast((entry) => entry.doctype === doctype && entry.op === 'delete');
      return gone === undefined ? undefined : client.undelete(doctype, gone.name);
    }
    case 'decide':
      return decideAll(client, pick % 2 === 0 ? 'client' : 'server');
    case 'restart':
      return device.reopen();
    default:
      return synchronize(device);
  }
}

/** What a person would see again later is no fault of the history. */
export async function synchronize({ client }: Device): Promise<void> {
  await client.sync().catch((error: unknown) => {
    const { code } = error as ClientFault;
    if (code !== 'OFFLINE' && code !== 'REVOKED') throw error;
  });
}

export async function decideAll(client: SyncClient, take: 'client' | 'server'): Promise<void> {
  for (const { doctype, name, state } of client.queue())
    if (state === 'conflict') await client.decide(doctype, name, { take });
}
