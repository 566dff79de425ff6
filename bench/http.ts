/**
 * HTTP: an authenticated read of one record beside the bare framework doing the same SQL in the same transaction. Both are
 * asked by `fetch`, without a socket; the server also proves the API key, counts the call and finds the caller's rights.
 */
import { Hono } from 'hono';
import { createDartwing, type Dartwing, shippedRates } from '../src/core/index.js';
import { createServer } from '../src/server/index.js';
import { compare, printReport, progress, ratioFigure, timed } from './measure.js';
import { withDatabase, withServer } from './server.js';

const callsPerRun = 50;

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
        const bare = bareServer(dartwing);
        const whole = createServer(dartwing);
        const ask = (fetch: (request: Request) => Response | Promise<Response>) => async () => {
          for (let n = 0; n < callsPerRun; n++) {
            const response = await fetch(
              new Request(`http://bench.test${path}`, { headers: { authorization } }),
            );
            if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
            await response.text();
          }
        };
        const found = await compare(timed(ask(bare.fetch)), timed(ask(whole.fetch)), { count: 20 });
        return {
          bench: 'http',
          figures: [ratioFigure('point read with an API key', found, 1.67)],
          notes: [
            `PostgreSQL ${server.version}; ${callsPerRun} calls one after another per run; the bare side reads record and custody in one tenant transaction`,
            'the other side also proves the key, in one statement, and counts the call for all nodes, most of them ahead',
          ],
        };
      } finally {
        await dartwing.close();
      }
    }),
  );
  printReport(report, json);
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

/** What somebody would write who needs no more than this one route. */
function bareServer(dartwing: Dartwing): Hono {
  const app = new Hono();
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
