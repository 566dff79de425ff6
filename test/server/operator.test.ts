import { expect, it } from 'vitest';
import { traceOf } from '../../src/core/trace.js';
import { createServer } from '../../src/server/index.js';
import { openWorld } from './world.js';

const token = 'operators-only-0000';
const lines: Record<string, unknown>[] = [];
const keep = (fields: object) => void lines.push(fields as Record<string, unknown>);
const world = openWorld({
  server: { operatorToken: token, log: { debug: keep, info: keep, warn: keep, error: keep } },
});

it('T-G2 shows metrics and details to who has the token, and to nobody where there is none', async () => {
  await world.ana.get('/v1/organizations/acme');
  for (const path of ['/metrics', '/health/details']) {
    expect((await world.nobody.get(path)).status).toBe(401);
    expect((await world.ana.get(path)).status).toBe(401);
    const without = createServer(world.dartwing);
    const asked = new Request(`http://dartwing.test${path}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect((await without.fetch(asked)).status).toBe(404);
  }
  const operator = world.withHeader(`Bearer ${token}`);
  const { text, headers } = await operator.get('/metrics');
  expect(headers.get('content-type')).toContain('version=0.0.4');
  expect(text).toContain(
    'dartwing_http_requests_total{method="GET",route="/v1/organizations/{org}",status="200"} 1',
  );
  await world.ana.get('/v1/organizations/acme');
  expect((await operator.get('/metrics')).text).toContain(
    'dartwing_http_requests_total{method="GET",route="/v1/organizations/{org}",status="200"} 2',
  );
  // Names of people and organizations are no labels.
  expect(text).not.toMatch(/acme|ORG-|ana@/);
  expect((await operator.get('/health/details')).body).toMatchObject({
    status: 'ready',
    database: { status: 'ok' },
    realtime: [],
  });
});

it('goes on with the trace of the caller and writes it into the log', async () => {
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  await world.ana.get('/v1/roles', { headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` } });
  expect(lines.at(-1)).toMatchObject({ route: '/v1/roles', trace_id: traceId });
  expect(lines.at(-1)!.span_id).not.toBe('00f067aa0ba902b7');
  await world.ana.get('/v1/roles', { headers: { traceparent: `00-${'0'.repeat(32)}-00f067aa0ba902b7-01` } });
  expect(lines.at(-1)!.trace_id).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
});

it('takes a trace only in the form of the standard', () => {
  const id = '4bf92f3577b34da6a3ce929d0e0e4736';
  const span = '00f067aa0ba902b7';
  expect(traceOf(`00-${id}-${span}-01`)).toMatchObject({ traceId: id, parentId: span, isSampled: true });
  expect(traceOf(`00-${id}-${span}-00`).isSampled).toBe(false);
  expect(traceOf(`cc-${id}-${span}-01-more`)).toMatchObject({ traceId: id });
  for (const header of [
    undefined,
    '',
    `ff-${id}-${span}-01`,
    `00-${id}-${span}-01-more`,
    `00-${id.toUpperCase()}-${span}-01`,
    `00-${id}-${'0'.repeat(16)}-01`,
    `00-${id}-${span}`,
  ])
    expect(traceOf(header)).toMatchObject({ parentId: undefined, traceId: expect.not.stringMatching(id) });
});

it('lets no page load anything from an answer', async () => {
  const { headers } = await world.nobody.get('/v1/roles');
  expect(Object.fromEntries(headers)).toMatchObject({
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'strict-transport-security': expect.stringContaining('max-age='),
  });
});
