/**
 * HTTP: an authenticated read of one record beside the bare framework doing the same SQL in the same transaction: the
 * statement that finds the key, and those of the record. Both are asked by `fetch`, without a socket; the server also
 * proves the key, counts the call and finds the caller's rights. A second line leaves the key's statement out of the bare side.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { Hono } from 'hono';
import pg from 'pg';
import { createDartwing, type Dartwing, shippedRates } from '../src/core/index.js';
import { createServer } from '../src/server/index.js';
import { compare, compareAll, printReport, progress, ratioFigure, timed } from './measure.js';
import { withDatabase, withServer } from './server.js';

const callsPerRun = 50;
/** Callers who wait for an answer before they ask again, while the rate that a side can keep up is looked for. */
const callersAtOnce = 16;
const load = 0.8;
const loadedMs = 3_000;

type Fetch = (request: Request) => Response | Promise<Response>;

/** Prints the report. */
export async function bench({ json }: { json: boolean }): Promise<void> {
  const report = await withServer(false, (server) =>
    withDatabase(server, 'http', async (options) => {
      const many = [{ seconds: 60, calls: 1_000_000 }];
      const tier = { free: many, pro: many, enterprise: many };
      const dartwing = await createDartwing({ ...options, rates: { ...shippedRates, tier } });
      try {
        progress('point read');
        const { path, authorization } = await fill(dartwing);
        const keys = new pg.Pool({
          connectionString: options.url,
          options: '-c search_path=dartwing,public',
          max: 2,
        });
        const bare = bareServer(dartwing, keys);
        const keyless = bareServer(dartwing);
        const whole = createServer(dartwing);
        const once = async (fetch: Fetch) => {
          const response = await fetch(
            new Request(`http://bench.test${path}`, { headers: { authorization } }),
          );
          if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
          await response.text();
        };
        const ask = (fetch: Fetch) => async () => {
          for (let n = 0; n < callsPerRun; n++) await once(fetch);
        };
        const found = await compare(timed(ask(bare.fetch)), timed(ask(whole.fetch)), { count: 20 });
        const more = await compare(timed(ask(keyless.fetch)), timed(ask(whole.fetch)), { count: 20 });
        progress(`${load * 100} % of what each side can do`);
        const loaded = await compareAll(
          () => underLoad(() => once(bare.fetch)),
          () => underLoad(() => once(whole.fetch)),
          { count: 5, warmups: 1 },
        );
        await keys.end();
        return {
          bench: 'http',
          figures: [
            ratioFigure('point read with an API key', found, 1.67),
            ratioFigure('against a bare side that asks for no key', more),
            ratioFigure(`99 of 100 answers at ${load * 100} % of what each side can do`, loaded.p99, 2),
            ratioFigure('half of them', loaded.p50),
            ratioFigure('time between two calls then', loaded.gap),
          ],
          notes: [
            `PostgreSQL ${server.version}; ${callsPerRun} calls one after another per run; the bare side finds the key in one statement, and record and custody in one tenant transaction`,
            'the other side looks for waits and for the door in the statement of the key, and counts the call for all nodes, most of them ahead',
          ],
        };
      } finally {
        await dartwing.close();
      }
    }),
  );
  printReport(report, json);
}

/**
 * How long answers take, in milliseconds, while calls come at random (exponential gaps, whether or not anybody still waits)
 * at four fifths of the rate that the side keeps up with `callersAtOnce`; and the mean gap between them.
 */
async function underLoad(call: () => Promise<void>): Promise<Record<'p50' | 'p99' | 'gap', number>> {
  const until = performance.now() + loadedMs / 3;
  let done = 0;
  const caller = async () => {
    for (; performance.now() < until; done++) await call();
  };
  await Promise.all(Array.from({ length: callersAtOnce }, caller));
  const gap = loadedMs / 3 / done / load;
  const took: number[] = [];
  const open: Promise<void>[] = [];
  const started = performance.now();
  for (let due = started; due < started + loadedMs; due += -Math.log(1 - Math.random()) * gap) {
    const wait = due - performance.now();
    // A timer is late by a millisecond; what is due by then is sent together, and counted from when it was due.
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    const at = due;
    open.push(call().then(() => void took.push(performance.now() - at)));
  }
  await Promise.all(open);
  took.sort((a, b) => a - b);
  const at = (share: number) => took[Math.floor((took.length - 1) * share)]!;
  return { p50: at(0.5), p99: at(0.99), gap };
}

async function fill({ tenancy, equipment, identity }: Dartwing) {
  await tenancy.create({ slug: 'acme', type: 'company', owner: 'ana@acme.test' });
  const { after } = await equipment.create('acme', { equipment_name: 'Crane' });
  const { change, secret } = await identity.apiKeys.create('acme', {
    name: 'bench',
    environment: 'production',
    permissions: ['Equipment:read'],
  });
  return {
    path: `/v1/organizations/acme/equipment/${after!.id}`,
    authorization: `token ${change.after!.id}:${secret}`,
  };
}

/** What somebody would write who needs no more than this one route; without `keys` it believes everybody. */
function bareServer(dartwing: Dartwing, keys?: pg.Pool): Hono {
  const app = new Hono();
  if (keys !== undefined)
    app.use(async (context, next) => {
      const [id, secret = ''] = (context.req.header('authorization') ?? '').replace(/^token /, '').split(':');
      const { rows } = await keys.query<{ secret_hash: Buffer; open: boolean }>({
        name: 'bench_key',
        text: `select k.secret_hash, k.permissions, k.revoked_at is null and coalesce(k.expires_at > now(), true)
            and o.status = 'active' and o.suspended_at is null as open
          from api_key k join organization o on o.id = k.organization where k.id = $1`,
        values: [id],
      });
      const hash = createHash('sha256').update(secret).digest();
      const [key] = rows;
      if (key === undefined || !key.open || !timingSafeEqual(key.secret_hash, hash))
        return context.json({}, 401);
      return next();
    });
  app.get('/v1/organizations/:org/equipment/:id', async (context) => {
    const { org, id } = context.req.param();
    const [record, custody] = await dartwing.asOrg(org, (tx) =>
      Promise.all([
        tx.query(
          "select * from equipment where organization = nullif(current_setting('dartwing.org', true), '') and id = $1",
          [id],
          'bench_equipment',
        ),
        tx.query(
          "select * from equipment_custody where organization = nullif(current_setting('dartwing.org', true), '') and equipment = $1 order by at",
          [id],
          'bench_custody',
        ),
      ]),
    );
    return context.json({ data: { ...record.rows[0], custody: custody.rows } });
  });
  return app;
}
