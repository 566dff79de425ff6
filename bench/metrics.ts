/**
 * Metrics: what counting and logging cost a request, how long a scrape of many series keeps the event loop, and what the
 * evaluator of alerts takes of a core. CPU of this process, in pairs with and without.
 */
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Hono } from 'hono';
import type pg from 'pg';
import { gathered } from '../src/commands/log-gathering.js';
import { readRules } from '../src/core/alerts/rules.js';
import { createDartwing, type DartwingOptions, systemClock } from '../src/core/index.js';
import { silentLog } from '../src/core/log.js';
import { openMeter } from '../src/core/metrics/meter.js';
import { makeLog } from '../src/core/pino-log.js';
import type { Env } from '../src/server/exchange.js';
import { frame } from '../src/server/frame.js';
import { requestCount } from '../src/server/metrics.js';
import { amountFigure, type Figure, median, printReport, progress } from './measure.js';
import { withDatabase, withServer } from './server.js';

const requestsPerRun = 1_000;
const pairs = 9;
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
    `${requestsPerRun} requests a run, ${pairs} pairs, asked by fetch without a socket; lines of the log go to a file, as a server writes stderr.`,
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
  const meter = openMeter();
  const sides = {
    bare: app(silentLog, uncounted),
    counted: app(silentLog, requestCount(meter)),
    logged: app(log, uncounted),
    whole: app(log, requestCount(meter)),
  };
  const cost = async (fetch: (request: Request) => Response | Promise<Response>) => {
    const before = cpu();
    for (let n = 0; n < requestsPerRun; n++) {
      // Sockets would let timers run.
      if (n % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
      const request = new Request('http://bench.test/v1/organizations/acme/things/THING-1', {
        headers: { authorization: 'Bearer x' },
      });
      await (await fetch(request)).text();
    }
    return (cpu() - before) / requestsPerRun;
  };
  const more = { counted: [] as number[], logged: [] as number[], whole: [] as number[] };
  for (let pair = -2; pair < pairs; pair++) {
    const bare = await cost(sides.bare.fetch);
    for (const name of ['counted', 'logged', 'whole'] as const) {
      const amount = await cost(sides[name].fetch);
      if (pair >= 0) more[name].push(amount - bare);
    }
  }
  closeSync(file);
  rmSync(folder, { recursive: true });
  return [
    amountFigure('metrics, a request', median(more.counted), 'us'),
    amountFigure('log, a request', median(more.logged), 'us'),
    amountFigure('metrics and log, a request', median(more.whole), 'us', { atMost: 25 }),
  ];
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

/** Longest time for which nothing else could run while `work` did. */
async function blocked(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let last = performance.now();
  let isOver = false;
  const look = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (!isOver) setImmediate(look);
  };
  setImmediate(look);
  await new Promise((resolve) => setImmediate(resolve));
  last = performance.now();
  longest = 0;
  await work();
  isOver = true;
  longest = Math.max(longest, performance.now() - last);
  return longest;
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
    figures.push(amountFigure(`${what}: longest block`, Math.max(...blocks), 'ms', { atMost: 20 }));
    figures.push(amountFigure(`${what}: median block`, median(blocks), 'ms'));
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
