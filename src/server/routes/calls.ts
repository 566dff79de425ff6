/** Every verb of the core by its name, for programs that hold the same object as one beside the database (core/remote). */
import { z } from 'zod';
import { systemOrganization } from '../../core/audit/index.js';
import { DartwingError } from '../../core/errors.js';
import type { CallOptions } from '../../core/index.js';
import { parseInput } from '../../core/input.js';
import { comesByParts, decode, encode, type Far, farOf, type Listener } from '../../core/remote/index.js';
import { bounds } from '../bounds.js';
import { text } from '../input.js';
import { toldOf } from '../problem.js';
import { type Answer, type Input, type Route, route } from '../route.js';

const called = {
  method: 'post',
  tag: 'Calls',
  params: z.object({ method: text.min(1).describe('tenancy.show') }),
  body: z.strictObject({
    args: z.array(z.unknown()).max(bounds.callArgumentsMax).describe('As the verb takes them'),
  }),
  kind: 'Call',
  shape: 'body',
} as const;

type Called = Input<{ method: string }, unknown, { args: unknown[] }>;

export const callRoutes: readonly Route[] = [
  route({
    ...called,
    path: '/v1/calls/{method}',
    id: 'call',
    summary: 'Call a verb of the library by its name',
    run: (input: Called) => answer(input, requireFar(input, false)),
  }),
  route({
    ...called,
    path: '/v1/open-calls/{method}',
    id: 'call.open',
    access: 'anyone',
    summary: 'Call a verb of the library that signs somebody in',
    run: (input: Called) => answer(input, requireFar(input, true)),
  }),
];

/** What the caller may say of a call; who they are and by which door they came is known better. */
const saidOfCall = z.strictObject({
  dryRun: z.boolean().optional(),
  reason: z.string().optional(),
  traceparent: z.string().optional(),
  idempotencyKey: z.string().optional(),
  ifVersion: z.int().optional(),
  entities: z.array(z.string()).optional(),
});

/** @throws ROUTE_NOT_FOUND for a name that is none, and for verbs that work beside the database only */
function requireFar({ path: { method } }: Called, isOpen: boolean): Far {
  const far = farOf(method);
  if (far !== undefined && (far.open === true) === isOpen) return far;
  throw new DartwingError('ROUTE_NOT_FOUND', { method: 'POST', path: `the verb ${method.slice(0, 80)}` });
}

const textList = z.array(z.string());

/**
 * What a first argument must have. A program that is compiled cannot leave it out, so the verbs take it as given; what
 * comes from afar was compiled by nobody.
 */
const shapes: Readonly<Record<string, z.ZodType>> = {
  'tenancy.create': z.looseObject({ slug: z.string(), type: z.string() }),
  'people.person.signUp': z.looseObject({ email: z.string() }),
  'invitations.accept': z.looseObject({ token: z.string() }),
  'permissions.explain': z.looseObject({ person: z.string(), action: z.string(), ref: z.string() }),
  'jobs.deadLetters.replayMany': z.union([textList, z.looseObject({})]),
  'audit.prove': z.looseObject({ organization: z.string(), seq: z.int().min(1) }),
  'audit.signExport': z.looseObject({ entries: z.int().min(0), sha256: z.instanceof(Uint8Array) }),
  'audit.export': z.looseObject({ write: z.function() }),
  'apply.plan': z.array(z.looseObject({ name: z.string(), text: z.string() })),
  'alerts.silence': z.looseObject({ matchers: z.record(z.string(), z.string()), forMs: z.number() }),
};

async function answer(input: Called, far: Far): Promise<Answer> {
  if (far.does === 'streams') return streamed(input, far);
  if (comesByParts(far)) return heard(input, far);
  return { body: { value: encoded(await invoke(input, far)) } };
}

/** Runs the verb as the caller. @throws VALIDATION_ERROR, ORGANIZATION_REQUIRED, PERMISSION_DENIED, and what it throws */
async function invoke(input: Called, far: Far, hear?: (place: number) => Listener): Promise<unknown> {
  const { path, dartwing, body, signal } = input;
  if (body.args.length > far.takes.length)
    throw new DartwingError('VALIDATION_ERROR', {
      message: `${path.method} takes ${far.takes.length} arguments at most`,
    });
  const call: CallOptions = { ...input.call, witness: undefined };
  const args = far.takes.map((word, index) => {
    const given = decode(body.args[index] ?? null, { hear, signal });
    if (word === 'call') return { ...call, ...parseInput(saidOfCall, given ?? {}) };
    return argumentOf(input, word, index, index < body.args.length ? given : undefined);
  });
  await requireEntry(input, far, args, call);
  const names = path.method.split('.');
  const last = names.pop()!;
  const room = names.reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], dartwing);
  return Reflect.apply((room as Record<string, Listener>)[last]!, room, args);
}

/** An argument, if it is of the kind that the verb takes. @throws VALIDATION_ERROR */
function argumentOf({ path, address, call }: Called, word: string, index: number, given: unknown): unknown {
  const kind = word.replace('?', '');
  const wrong = (what: string) =>
    new DartwingError('VALIDATION_ERROR', {
      message: `Argument ${index + 1} of ${path.method} is ${what}`,
    });
  if (given === undefined && word.endsWith('?')) return undefined;
  if ((kind === 'text' || kind === 'org') && typeof given !== 'string') throw wrong('a text');
  if (kind === 'number' && typeof given !== 'number') throw wrong('a number');
  if (kind === 'flag' && typeof given !== 'boolean') throw wrong('true or false');
  if (kind === 'hear' && typeof given !== 'function') throw wrong('a listener');
  if (kind === 'signal' && !(given instanceof AbortSignal)) throw wrong('a signal');
  if (kind === 'list' && !Array.isArray(given)) throw wrong('a list');
  const isObject = typeof given === 'object' && given !== null;
  if (kind.startsWith('input') && (!isObject || Array.isArray(given))) throw wrong('an object');
  if (kind === 'either' && !isObject) throw wrong('an object or a list');
  const shape = index === 0 ? shapes[path.method] : undefined;
  if (shape !== undefined) parseInput(shape, given);
  // Waits after failures are for the network that they came from, whatever a caller says.
  return call.principal?.id === '' && kind === 'input' ? { ...(given as object), address } : given;
}

/**
 * Lets the caller into the organization that the call names. One that names none may reach all of them: that is for those
 * who look after the installation.
 */
async function requireEntry(
  { dartwing, enter }: Called,
  { takes, needs }: Far,
  args: readonly unknown[],
  call: CallOptions,
): Promise<void> {
  if (needs !== undefined)
    await dartwing.permissions.require(needs[0], { doctype: needs[1], name: '*' }, call);
  const at = takes.findIndex((word) => word.startsWith('org') || word.startsWith('input.organization'));
  if (at < 0) return;
  const given = args[at];
  const organization = takes[at]!.startsWith('org')
    ? given
    : (given as { organization?: unknown } | undefined)?.organization;
  if (organization !== undefined && typeof organization !== 'string')
    throw new DartwingError('VALIDATION_ERROR', { message: 'organization is a text' });
  if (organization !== undefined && organization !== systemOrganization) {
    await enter(organization);
    await dartwing.permissions.enter(organization, call);
    return;
  }
  const everywhere = { doctype: 'Organization', name: '*' };
  await dartwing.permissions.require('administer', everywhere, call).catch((error: unknown) => {
    throw new DartwingError('ORGANIZATION_REQUIRED', {}, { cause: error });
  });
}

type Write = (line: unknown) => Promise<void>;

/** Parts as they come. What is refused at once is refused before the answer begins. */
async function streamed(input: Called, far: Far): Promise<Answer> {
  const found = (await invoke(input, far)) as AsyncIterable<unknown>;
  const parts = found[Symbol.asyncIterator]();
  const first = parts.next();
  first.catch(() => {});
  await Promise.race([first, soon()]);
  return lined(input, async (write) => {
    try {
      for (let part = await first; part.done !== true; part = await parts.next())
        await write({ part: encoded(part.value) });
    } finally {
      await parts.return?.(undefined);
    }
    return undefined;
  });
}

/** News for listeners of the caller while the verb runs, then its answer. The verb waits for a reader that is slow. */
async function heard(input: Called, far: Far): Promise<Answer> {
  let begin: (write: Write) => void = () => {};
  const writing = new Promise<Write>((resolve) => {
    begin = resolve;
  });
  let tellFirst: () => void = () => {};
  const first = new Promise<void>((resolve) => {
    tellFirst = resolve;
  });
  let queue = Promise.resolve();
  const hear = (place: number): Listener => {
    return (...args) => {
      tellFirst();
      queue = queue.then(async () => (await writing)({ hear: place, args: encoded(args) }));
      // Not every verb waits for its listener; one that has gone away is noticed at the end.
      queue.catch(() => {});
      return queue;
    };
  };
  const done = invoke(input, far, hear);
  done.catch(() => {});
  await Promise.race([first, done, soon()]);
  return lined(input, async (write) => {
    begin(write);
    const value = await done;
    await queue;
    return value;
  });
}

/** Lines that end with what `work` returns or throws; signs of life while it is silent. */
function lined({ report }: Called, work: (write: Write) => Promise<unknown>): Answer {
  return {
    lines: async (write) => {
      const beat = setInterval(() => void write({ beat: true }).catch(() => {}), bounds.beatMs);
      try {
        const value = await work(write);
        await write({ value: encoded(value) });
      } catch (error) {
        report(error);
        await write({ error: toldOf(error) });
      } finally {
        clearInterval(beat);
      }
    },
  };
}

function soon(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, bounds.refusalMs).unref();
  });
}

function encoded(value: unknown): unknown {
  return encode(value, { error: toldOf });
}
