/**
 * Metrics: what counting and logging cost a request, how long a scrape of many series keeps the event loop, and what the
 * evaluator of alerts takes of a core.
 */
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Hono } from 'hono';
import type pg from 'pg';
import { gathered } from '../src/commands/log-gathering.js';
import { readRules } from '../src/core/alerts/rules.js';
import { newRequestId } from '../src/core/ids.js';
import { createDartwing, type DartwingOptions, systemClock } from '../src/core/index.js';
import { silentLog } from '../src/core/log.js';
import { openMeter } from '../src/core/metrics/meter.js';
import { makeLog } from '../src/core/pino-log.js';
import { traceOf } from '../src/core/trace.js';
import type { Env } from '../src/server/exchange.js';
import { frame } from '../src/server/frame.js';
import { requestCount } from '../src/server/metrics.js';
import { amountFigure, type Figure, median, printReport, progress } from './measure.js';
import { withDatabase, withServer } from './server.js';

const callsPerRun = 1_000;
const runs = 15;
const uncounted = { begin: () => () => {} };

/** Prints the report. */
export async function bench({ json }: { json: boolean }): Promise<void> {
  const figures = [...(await requestFigures()), ...(await scrapeFigures())];
  figures.push(
    ...(await withServer(false, (server) =>
      withDatabase(server, 'metrics', (options, admin) => evaluatorFigures(options, admin)),
    )),
  );
  const notes = [
    `CPU of this process, the least of ${runs} runs of ${callsPerRun} calls; lines of the log go to a file, as a server writes stderr.`,
    'A sample every fifteen seconds: so much CPU of Node a round, by fifteen seconds, is the share of a core.',
  ];
  printReport({ bench: 'metrics', figures, notes }, json);
}

/** Microseconds of CPU that this process used. */
function cpu(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

async function requestFigures(): Promise<Figure[]> {
  progress('requests');
  const folder = mkdtempSync(join(tmpdir(), 'dartwing-bench-'));
  const file = openSync(join(folder, 'log'), 'w');
  const log = makeLog('info', { write: gathered((lines) => void writeSync(file, lines)) }, { type: 'log' });
  const requests = requestCount(openMeter());
  const route = '/v1/organizations/{org}/things/{id}';
  const facts = { route, status: 200, seconds: 0.012, requestBytes: 0, answerBytes: 412 };
  const count = () => requests.begin('GET')(facts);
  const line = () => {
    const requestId = newRequestId(new Date());
    const { traceId, spanId } = traceOf(undefined, requestId);
    const said = {
      request_id: requestId,
      trace_id: traceId,
      span_id: spanId,
      method: 'GET',
      route,
      status: 200,
    };
    log.info({ ...said, ms: 12.3, actor: 'ana@acme.test', organization: 'acme' }, 'request');
  };
  const parts = {
    counted: await leastOf(count),
    logged: await leastOf(line),
    both: await leastOf(() => {
      count();
      line();
    }),
  };
  const whole = [app(silentLog, uncounted), app(log, requests)].map((server) => async () => {
    const request = new Request('http://bench.test/v1/organizations/acme/things/THING-1');
    await (await server.fetch(request)).text();
  });
  const [bare, framed] = [await leastOf(whole[0]!), await leastOf(whole[1]!)];
  // What waits is written before.
  await new Promise((resolve) => setTimeout(resolve, 50));
  closeSync(file);
  rmSync(folder, { recursive: true });
  return [
    amountFigure('metrics of a request', parts.counted, 'us'),
    amountFigure('its line in the log', parts.logged, 'us'),
    amountFigure('both', parts.both, 'us', { atMost: 25 }),
    amountFigure('what they add to a request that does nothing', framed - bare, 'us'),
  ];
}

/** Microseconds of CPU for one call: the least of some runs, which other programs disturbed least. */
async function leastOf(work: () => unknown): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run++) {
    const before = cpu();
    for (let n = 0; n < callsPerRun; n++) {
      await work();
      // Sockets would let timers run.
      if (n % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    least = Math.min(least, (cpu() - before) / callsPerRun);
  }
  return least;
}

/** A server with one route, behind the frame that every server has. */
function app(log: typeof silentLog, requests: ReturnType<typeof requestCount>): Hono<Env> {
  const hono = new Hono<Env>();
  frame(hono, { log }, requests);
  hono.get('/v1/organizations/:org/things/:id', (context) => {
    context.get('exchange').route = '/v1/organizations/{org}/things/{id}';
    return context.json({ data: { id: context.req.param('id') } });
  });
  return hono;
}

/** Longest stretch, in milliseconds of CPU, in which nothing else could run while `work` did. */
async function blocked(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let last = cpu();
  let isOver = false;
  const look = (): void => {
    const now = cpu();
    longest = Math.max(longest, now - last);
    last = now;
    if (!isOver) setImmediate(look);
  };
  setImmediate(look);
  await new Promise((resolve) => setImmediate(resolve));
  last = cpu();
  longest = 0;
  await work();
  isOver = true;
  return Math.max(longest, cpu() - last) / 1_000;
}

async function scrapeFigures(): Promise<Figure[]> {
  progress('scrape');
  const figures: Figure[] = [];
  for (const [what, children] of [
    ['scrape of 2,000 series', 167],
    ['scrape of 2,000 histograms, 24,000 series', 2_000],
  ] as const) {
    const meter = openMeter();
    for (let n = 0; n < children; n++)
      meter.observe(
        'dartwing_http_request_duration_seconds',
        { method: 'GET', route: `/v1/route/${n}` },
        n / 1_000,
      );
    const blocks: number[] = [];
    let lines = 0;
    for (let round = 0; round < 10; round++) {
      let text = '';
      const ms = await blocked(async () => {
        text = await meter.text();
      });
      lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
      if (round >= 3) blocks.push(ms);
    }
    const bound = children > 1_000 ? {} : { atMost: 20 };
    figures.push(amountFigure(`${what}: longest block`, median(blocks), 'ms CPU', bound));
    figures.push(amountFigure(`${what}: lines`, lines, 'lines'));
  }
  return figures;
}

const processes = 3;
const everySeconds = 15;

/** Six hours of samples of some processes, four days of coarse ones, and rounds as the watch makes them. */
async function evaluatorFigures(options: DartwingOptions, admin: pg.Client): Promise<Figure[]> {
  progress('samples');
  const dartwing = await createDartwing({ ...options, clock: systemClock });
  const watch = dartwing.alerts.watch({ everyMs: 3_600_000 });
  try {
    await watch.round();
    const fill = (isCoarse: boolean, stepSeconds: number, hours: number) =>
      admin.query(
        `insert into metric_sample (is_coarse, at, instance, series)
         select $1, now() - n * $2 * interval '1 second',
           case when s.instance = 'installation' then s.instance else s.instance || p end, s.series
         from metric_sample s cross join generate_series(1, $3::int) n
           cross join generate_series(1, case when s.instance = 'installation' then 1 else $4::int end) p
         where not s.is_coarse and s.at = (select max(at) from metric_sample m where m.instance = s.instance)
         on conflict do nothing`,
        [isCoarse, stepSeconds, (hours * 3_600) / stepSeconds, processes],
      );
    await fill(true, 300, 96);
    await fill(false, everySeconds, 6);
    await admin.query('analyze metric_sample');
    const shift = `interval '${everySeconds} seconds'`;
    const pass = () => admin.query(`update alert_watch set evaluated_at = evaluated_at - ${shift}`);
    progress('rounds');
    const round = async () => {
      await pass();
      const before = cpu();
      await watch.round();
      return cpu() - before;
    };
    const first = await round();
    const rounds: number[] = [];
    for (let n = 0; n < 20; n++) rounds.push(await round());
    const rules = readRules();
    const levels = rules.reduce((sum, { levels: own }) => sum + own.length, 0);
    const of60 = (median(rounds) * 60) / rules.length;
    const { rows } = await admin.query('select count(*)::int from metric_sample');
    return [
      amountFigure(`round of ${rules.length} rules, ${levels} levels`, median(rounds) / 1_000, 'ms CPU'),
      amountFigure('share of a core, for 60 rules', (of60 / (everySeconds * 1e6)) * 100, '%', { atMost: 1 }),
      amountFigure(`first round, which reads ${rows[0].count} samples`, first / 1_000, 'ms CPU'),
    ];
  } finally {
    await watch.stop();
    await dartwing.close();
  }
}
