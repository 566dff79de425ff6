/** What follows from one act is found by one id, whoever writes the line: server, worker, sync or tokens. */
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { logJobs } from '../src/commands/worker/log-jobs.js';
import type { Dartwing, JobEvent } from '../src/core/index.js';
import { createServer } from '../src/server/index.js';
import { openTestDartwing } from './support/database.js';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;

interface Line {
  message: string;
  level: string;
  [member: string]: unknown;
}

const lines: Line[] = [];
const at = (level: string) => (fields: object, message: string) =>
  void lines.push({ ...fields, level, message });
const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
const told = (message: string) => lines.filter((line) => line.message === message);

let dartwing: Dartwing;
let acme: string;
const events: JobEvent[] = [];

beforeAll(async () => {
  ({ dartwing } = await openTestDartwing({ log }));
  const { after } = await dartwing.tenancy.create({ slug: 'acme', type: 'company', owner: 'ana@acme.test' });
  acme = after!.id;
  dartwing.jobs.define('trace.first', {
    handler: (_, job) =>
      job.transaction(async (scope) => {
        await dartwing.jobs.enqueue(scope, job.organization, 'trace.second', {});
        return { traceparent: job.traceparent };
      }),
  });
  dartwing.jobs.define('trace.second', {
    handler: () => {
      throw Object.assign(new Error('broken'), { permanent: true });
    },
  });
  dartwing.jobs.observe(logJobs(log));
  dartwing.jobs.observe((event) => events.push(event));
});

beforeEach(() => void lines.splice(0));

test('T-G3 a job goes on with the trace of the request that submitted it, and so does what it submits', async () => {
  const { change, secret } = await dartwing.identity.apiKeys.create('acme', {
    name: 'trace',
    environment: 'production',
    permissions: ['Background Job:create'],
  });
  const server = createServer(dartwing, { log });
  const response = await server.fetch(
    new Request('http://dartwing.test/v1/organizations/acme/jobs', {
      method: 'POST',
      headers: {
        authorization: `token ${change.after!.id}:${secret}`,
        'content-type': 'application/json',
        traceparent,
      },
      body: JSON.stringify({ type: 'trace.first', input: {} }),
    }),
  );
  expect(response.status).toBe(202);
  expect(response.headers.get('x-trace-id')).toBe(traceId);
  const worker = dartwing.jobs.work();
  await worker.empty();
  await worker.stop();

  expect(told('request')).toMatchObject([{ trace_id: traceId, organization: 'acme' }]);
  const common = { trace_id: traceId, organization: acme, ms: expect.any(Number), attempt: 1 };
  expect(told('completed')).toMatchObject([{ ...common, type: 'trace.first' }]);
  expect(told('dead_letter')).toMatchObject([{ ...common, type: 'trace.second', level: 'warn' }]);
  const spans = [...told('completed'), ...told('dead_letter')].map(({ span_id: span }) => span);
  expect(new Set(spans).size).toBe(2);
  const { items } = await dartwing.jobs.list({ organization: 'acme', type: 'trace.first' });
  expect(items[0]!.output).toEqual({ traceparent: `00-${traceId}-${spans[0]}-01` });
});

test('a job of nobody’s trace has one of its own, the same at every attempt', async () => {
  events.splice(0);
  let runs = 0;
  dartwing.jobs.define('trace.twice', {
    delaysMs: [1],
    handler: () => {
      if (++runs === 1) throw new Error('once more');
    },
  });
  await dartwing.jobs.submit('acme', 'trace.twice', {});
  const worker = dartwing.jobs.work();
  const isOver = () => events.some(({ event }) => event === 'completed');
  await expect.poll(isOver, { timeout: 20_000 }).toBe(true);
  await worker.stop();
  const traces = new Set(events.map((event) => event.traceId));
  expect([...traces]).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/)]);
  expect(new Set(events.map(({ spanId }) => spanId)).size).toBe(2);
});

test('sync tells what it did, for whom, in which trace and how long', async () => {
  const call = { traceparent };
  const insert = { id: 'one', op: 'insert', doctype: 'Note', name: null, data: { title: 'secret words' } };
  await dartwing.sync.push('acme', { device: 'phone', operations: [insert] as never }, call);
  await dartwing.sync.feed('acme', { device: 'phone', doctype: 'Note' }, call);
  await expect(dartwing.sync.feed('acme', { doctype: 'Nothing' }, call)).rejects.toThrow();
  const common = { trace_id: traceId, organization: 'acme', ms: expect.any(Number) };
  expect(told('sync')).toMatchObject([
    { ...common, operation: 'push', device: 'phone', rows: ['1 Note applied'], level: 'info' },
    { ...common, operation: 'feed', rows: ['1 Note sent'], bytes: expect.any(Number) },
    { ...common, operation: 'feed', code: 'DOCTYPE_UNKNOWN', level: 'warn' },
  ]);
  expect(JSON.stringify(told('sync'))).not.toContain('secret words');
});

test('acts on integrations tell the same, and never a key', async () => {
  const secret = 'KEY0123456789abcdef';
  const call = { traceparent };
  await dartwing.tokens.connect.secret('acme', { provider: 'telnyx', secret }, call);
  await dartwing.tokens.revoke('acme', 'telnyx', call);
  await expect(
    dartwing.tokens.connect.secret('acme', { provider: 'google', secret }, call),
  ).rejects.toMatchObject({ code: 'PROVIDER_FLOW_MISSING' });
  const common = { trace_id: traceId, ms: expect.any(Number) };
  expect(told('token')).toMatchObject([
    { ...common, operation: 'connect', provider: 'telnyx', organization: 'acme', outcome: 'ok' },
    { ...common, operation: 'revoke', provider: 'telnyx', organization: acme, outcome: 'ok' },
    { ...common, operation: 'connect', outcome: 'PROVIDER_FLOW_MISSING', level: 'warn' },
  ]);
  expect(JSON.stringify(lines)).not.toContain(secret);
});

test('the same is counted, under names of types and doctypes and no organization’s', async () => {
  const text = await dartwing.metrics.meter.text();
  for (const series of [
    'dartwing_jobs_enqueued_total{queue="default",type="trace.first"} 1',
    'dartwing_jobs_finished_total{queue="default",type="trace.second",outcome="dead_letter"} 1',
    'dartwing_jobs_retried_total{queue="default",type="trace.twice"} 1',
    'dartwing_sync_deltas_total{doctype="Note",operation="applied"} 1',
    'dartwing_sync_deltas_total{doctype="Note",operation="sent"} 1',
    'dartwing_sync_page_bytes_count 1',
    'dartwing_sync_page_duration_seconds_count{operation="feed"} 2',
    'dartwing_integration_acts_total{operation="connect",provider="telnyx",result="ok"} 1',
    'dartwing_http_response_size_bytes_count{route="/v1/organizations/{org}/jobs"} 1',
  ])
    expect(text).toContain(`${series}\n`);
  expect(text).not.toMatch(/acme|ORG-|ana@/);
});
