/**
 * Every route is asked for what its own schema allows and for what it does not. `DARTWING_FUZZ_RUNS` calls per
 * route, 2 unless told, by a supervisor and a key in turn; `DARTWING_FUZZ_SEED` begins elsewhere.
 */
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { openApiDocument } from '../../src/server/index.js';
import { allRoutes } from '../../src/server/routes/index.js';
import { type Caller, openWorld } from './world.js';

interface Schema {
  type?: string | string[];
  enum?: unknown[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  anyOf?: Schema[];
}
interface Operation {
  parameters: { name: string; in: string; required?: boolean; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}

const runs = Number(process.env.DARTWING_FUZZ_RUNS ?? 2);
const seed = Number(process.env.DARTWING_FUZZ_SEED ?? 20_261_123);
const canary = 'amaranth';

const world = openWorld();
let callers: Caller[];
beforeAll(async () => {
  await world.bo.post('/v1/organizations/bolt/equipment', { equipment_name: canary, serial_number: canary });
  await world.dartwing.tenancy.update('bolt', { name: canary });
  const { change, secret } = await world.dartwing.identity.apiKeys.create('acme', {
    name: 'fuzz',
    environment: 'production',
    permissions: ['*:*'],
  });
  callers = [world.ana, world.withHeader(`token ${change.after!.id}:${secret}`)];
});

/** Texts that have broken something somewhere, and names that exist here. */
const nasty = fc.constantFrom(
  '',
  ' ',
  '\u0000',
  '\ud800',
  "' or 1=1 --",
  '%',
  '_%\\',
  '../..',
  '{{x}}',
  'NaN',
  '-1',
  '1e309',
  '99999999999999999999',
  '𝕏'.repeat(60),
  'x'.repeat(3_000),
  'null',
  '[]',
  '{}',
  'ORG-2026-00001',
  'ORG-2026-00002',
  'acme',
  'bolt',
  'SYSTEM',
  'ana@acme.test',
  'bo@bolt.test',
  'PERSON-2026-00001',
  'EQ-00001',
  'Owner',
  'Task',
  'Equipment',
  'Organization',
  'me',
  'Equipment/EQ-00001',
  'active',
  'Active',
  'company',
  '2026-11-23',
  '0000-00-00',
  '2026-11-23T00:00:00Z',
  '+14155550123',
  '-name',
  'constructor',
  '__proto__',
  'toString',
  '[["name","=","x"]]',
  '[["name","like",{}]]',
  '{"status":["in",[]]}',
);
const anything: fc.Arbitrary<unknown> = fc.oneof(
  nasty,
  fc.string({ maxLength: 20 }),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.array(nasty, { maxLength: 3 }),
  fc.dictionary(fc.string({ maxLength: 8 }), nasty, { maxKeys: 3 }),
);

/** Mostly what the schema says, sometimes anything. */
function like(schema: Schema): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 6, arbitrary: right(schema) }, { weight: 1, arbitrary: anything });
}

function right(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map(right));
  const [type] = [schema.type].flat();
  if (type === 'object') {
    if (schema.properties === undefined)
      return fc.dictionary(fc.string({ maxLength: 8 }), anything, { maxKeys: 3 });
    const required = new Set(schema.required ?? []);
    const fields = Object.fromEntries(
      Object.entries(schema.properties).map(([name, inner]) => [name, like(inner)]),
    );
    return fc.record(fields, { requiredKeys: [...required] });
  }
  if (type === 'array') return fc.array(like(schema.items ?? {}), { maxLength: 3 });
  if (type === 'integer' || type === 'number')
    return fc.oneof(fc.integer(), fc.constantFrom(0, 1, 2 ** 31, 2 ** 53));
  if (type === 'boolean') return fc.boolean();
  if (type === 'null') return fc.constant(null);
  if (type === 'string') return fc.oneof(nasty, fc.string({ maxLength: 20, unit: 'binary' }));
  return anything;
}

/** Classes of statuses that were met: calls that only ever fail would prove nothing. */
const met = new Set<number>();

const text = (value: unknown) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
const encoded = (value: unknown) => encodeURIComponent(text(value).toWellFormed());

const document = openApiDocument(allRoutes) as unknown as {
  paths: Record<string, Record<string, Operation>>;
};

it.each(allRoutes.map((route) => [route.id, route] as const))(
  '%s answers whatever it is asked',
  async (_id, route) => {
    const operation = document.paths[route.path]![route.method]!;
    const place = (wanted: string) =>
      fc.record(
        Object.fromEntries(
          operation.parameters
            .filter((one) => one.in === wanted)
            .map(({ name, schema }) => [name, like(schema)]),
        ),
        wanted === 'path' ? {} : { requiredKeys: [] },
      );
    // Its own organization more often than not, so that calls come further than the door.
    const path = fc.oneof(
      {
        weight: 3,
        arbitrary: place('path').map((params) => ('org' in params ? { ...params, org: 'acme' } : params)),
      },
      { weight: 1, arbitrary: place('path') },
    );
    const schema = Object.values(operation.requestBody?.content ?? {})[0]?.schema;
    const call = fc.record({
      path,
      query: place('query'),
      body:
        schema === undefined
          ? fc.constant(undefined)
          : fc.oneof({ weight: 8, arbitrary: like(schema) }, { weight: 1, arbitrary: nasty }),
      key: fc.option(fc.string({ maxLength: 10, unit: 'grapheme-ascii' }), { freq: 4, nil: undefined }),
    });
    for (const [n, { path: params, query, body, key }] of fc
      .sample(call, { numRuns: runs, seed })
      .entries()) {
      const caller = callers[n % 2]!;
      const at = route.path.replace(/\{(\w+)\}/g, (_, name: string) => encoded(params[name]) || '%20');
      const search = Object.entries(query).map(([name, value]) => `${name}=${encoded(value)}`);
      const headers = {
        'x-reason': 'fuzz',
        ...(key === undefined ? {} : { 'idempotency-key': encodeURIComponent(key) }),
      };
      const where = search.length === 0 ? at : `${at}?${search.join('&')}`;
      const asked = { headers, ...(body === undefined ? {} : { body }) };
      const reply =
        route.method === 'get'
          ? await caller.get(where, { headers })
          : route.method === 'delete'
            ? await caller.delete(where, { headers })
            : await caller[route.method](where, body, asked);
      const told = `${route.method} ${where} ${JSON.stringify(body)} → ${reply.status} ${reply.text.slice(0, 300)}`;
      expect(reply.status, told).toBeLessThan(500);
      expect(reply.text, told).not.toMatch(/\bat .*\.(ts|js):\d+|node_modules|select .* from /);
      expect(reply.text, told).not.toContain(canary);
      met.add(Math.floor(reply.status / 100));
    }
  },
  60_000,
);

it('has seen calls succeed and fail', () => {
  expect([...met].sort()).toEqual([2, 4]);
});
