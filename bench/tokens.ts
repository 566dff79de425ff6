/**
 * Tokens of integrations: from memory, from the database, sealed anew, and the round that renews what ends soon. Against
 * plain pg and AES-256-GCM on the same data.
 */
import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { request } from 'undici';
import { createDartwing, type Dartwing } from '../src/core/index.js';
import { limits } from '../src/core/limits.js';
import {
  amountFigure,
  compare,
  type Figure,
  median,
  printReport,
  progress,
  ratioFigure,
  timed,
} from './measure.js';
import { withDatabase, withServer } from './server.js';

const organizations = 100;
const tokensEach = 1_000;
const dueShare = 0.01;
const providerMs = 50;
const sealedCount = 20_000;
const hotCalls = 500_000;
const coldCalls = 200;

/** Prints the report. */
export async function bench({ json }: { json: boolean }): Promise<void> {
  const provider = await startProvider();
  const host = `127.0.0.1:${(provider.address() as AddressInfo).port}`;
  const figures = await withServer(true, (server) =>
    withDatabase(server, 'tokens', async (options, admin) => {
      const dartwing = await createDartwing({
        ...options,
        background: false,
        tokens: {
          providers: { bench: entry(host) },
          clients: { bench: { clientId: 'bench', clientSecret: 'bench' } },
          allowPrivateHosts: [host],
        },
      });
      const plain = new pg.Client({ connectionString: options.url, options: '-c search_path=dartwing' });
      await plain.connect();
      try {
        return await measure({ dartwing, admin, plain, tokenUrl: `http://${host}/token` });
      } finally {
        await plain.end();
        await dartwing.close();
      }
    }),
  ).finally(() => provider.close());
  const notes = [
    `From the database: ${coldCalls} tokens one after another that no process remembers. Reference: the same row by`,
    'organization, provider and account in a prepared statement of plain pg, and one AES-256-GCM of the same size.',
    `Sealed anew: ${sealedCount} values of one organization. Reference: pages of as many rows, each selected with a lock,`,
    'opened and sealed with AES-256-GCM and written back with one statement, a transaction each.',
    `The round: ${organizations * tokensEach} tokens of ${organizations} organizations, of which ${dueShare * 100} % are due; the provider takes`,
    `${providerMs} ms. Reference: the bare query of each organization, and the provider asked as often, as many at once.`,
  ];
  printReport({ bench: 'tokens', figures, notes }, json);
}

interface Parts {
  dartwing: Dartwing;
  admin: pg.Client;
  plain: pg.Client;
  tokenUrl: string;
}

async function measure(parts: Parts): Promise<Figure[]> {
  const { dartwing, admin } = parts;
  progress(`sealing ${organizations * tokensEach + sealedCount} tokens`);
  const ids: string[] = [];
  for (let index = 0; index < organizations; index++) {
    const made = await dartwing.tenancy.create({ slug: `org-${index}`, type: 'company' });
    ids.push(made.after!.id);
    await fill(dartwing, made.after!.id, tokensEach);
  }
  const large = (await dartwing.tenancy.create({ slug: 'large', type: 'company' })).after!.id;
  await fill(dartwing, large, sealedCount);
  await admin.query('analyze organization_integration');
  return [
    await hotPath(dartwing, large),
    ...(await coldPath(parts, large)),
    await resealing(parts, large),
    await round(parts, ids),
  ];
}

async function hotPath(dartwing: Dartwing, organization: string): Promise<Figure> {
  progress('tokens from memory');
  const { get } = dartwing.tokens;
  const rates: number[] = [];
  for (let run = 0; run < 7; run++) {
    await get(organization, 'bench', 'account-0');
    const started = performance.now();
    for (let index = 0; index < hotCalls; index++) await get(organization, 'bench', 'account-0');
    rates.push((hotCalls / (performance.now() - started)) * 1000);
  }
  return amountFigure('from memory, one core', median(rates), 'calls/s', { atLeast: 500_000 });
}

async function coldPath({ dartwing, plain }: Parts, organization: string): Promise<Figure[]> {
  progress('tokens from the database');
  const key = randomBytes(32);
  const sealed = sealPlainly(key, Buffer.from(credential('bench')));
  const statement = {
    name: 'bench_select',
    text: `select credentials, expires_at, stale_at, token_version, status from organization_integration
      where organization = $1 and provider = 'bench' and account = $2`,
  };
  let next = 1;
  const bare = timed(async () => {
    for (let index = 0; index < coldCalls; index++) {
      const account = `account-${(next + index) % sealedCount}`;
      await plain.query({ ...statement, values: [organization, account] });
      openPlainly(key, sealed);
    }
  });
  const bracketed = timed(async () => {
    for (let index = 0; index < coldCalls; index++) {
      const account = `account-${(next + index) % sealedCount}`;
      await plain.query('begin');
      await plain.query("select set_config('dartwing.org', $1, true)", [organization]);
      await plain.query({ ...statement, values: [organization, account] });
      await plain.query('commit');
      openPlainly(key, sealed);
    }
  });
  const ours = timed(async () => {
    for (let index = 0; index < coldCalls; index++)
      await dartwing.tokens.get(organization, 'bench', `account-${next++}`);
  });
  return [
    ratioFigure('from the database', await compare(bare, ours, { count: 30 }), 1.3),
    ratioFigure(
      'the same, where plain pg sets an organization too',
      await compare(bracketed, ours, { count: 30 }),
    ),
  ];
}

async function resealing({ dartwing, admin, plain }: Parts, organization: string): Promise<Figure> {
  progress('sealing anew');
  const [from, to] = [randomBytes(32), randomBytes(32)];
  // The same columns and indexes, of which one is on the key in each value: that is what an update has to keep up.
  await admin.query(`
    create table raw_copy (like organization_integration including all);
    drop index raw_copy_organization_sealed_key_id_idx;
    alter table raw_copy alter column credentials type bytea;
    create index on raw_copy (organization, substring(credentials from 5 for 16), id) where credentials is not null;
    insert into raw_copy select * from organization_integration where organization = '${organization}'`);
  const { rows } = await admin.query<{ id: string }>(
    'select id from organization_integration where organization = $1 order by id',
    [organization],
  );
  const sealed = rows.map(() => sealPlainly(from, Buffer.from(credential('bench'))));
  await admin.query(
    `update raw_copy r set credentials = v.credentials
     from unnest($1::uuid[], $2::bytea[]) as v (id, credentials) where r.id = v.id and r.organization = $3`,
    [rows.map(({ id }) => id), sealed, organization],
  );
  await admin.query('analyze raw_copy');
  let keys = [from, to] as const;
  const floor = timed(async () => {
    let last = '00000000-0000-0000-0000-000000000000';
    for (;;) {
      await plain.query('begin');
      const page = await plain.query<{ id: string; credentials: Buffer }>(
        'select id, credentials from raw_copy where organization = $3 and id > $1 order by id limit $2 for update',
        [last, limits.resealBatchMax, organization],
      );
      const anew = page.rows.map(({ credentials }) =>
        sealPlainly(keys[1], openPlainly(keys[0], credentials)),
      );
      await plain.query(
        `update raw_copy r set credentials = v.credentials
         from unnest($1::uuid[], $2::bytea[]) as v (id, credentials) where r.organization = $3 and r.id = v.id`,
        [page.rows.map(({ id }) => id), anew, organization],
      );
      await plain.query('commit');
      if (page.rows.length < limits.resealBatchMax) break;
      last = page.rows.at(-1)!.id;
    }
    keys = [keys[1], keys[0]];
  });
  const ours = timed(async () => {
    const { done } = await dartwing.keys.rotate({ organization, purpose: 'integration', reseal: true });
    if (done[0]?.state !== 'done' || done[0].resealed !== sealedCount)
      throw new Error('not everything was sealed anew');
  });
  return ratioFigure(
    `sealing ${sealedCount} values anew`,
    await compare(floor, ours, { count: 5, warmups: 1 }),
    2,
  );
}

async function round({ dartwing, admin, plain, tokenUrl }: Parts, ids: readonly string[]): Promise<Figure> {
  progress('the round that renews what ends soon');
  const due = Math.round(tokensEach * dueShare);
  const makeDue = () =>
    admin.query(
      `update organization_integration set expires_at = clock_timestamp() + interval '5 minutes', stale_at = clock_timestamp(),
         next_attempt_at = null, status = 'connected'
       where organization = any ($1) and account = any ($2)`,
      [ids, Array.from({ length: due }, (_, index) => `account-${index}`)],
    );
  const bare = async () => {
    await makeDue();
    return timed(async () => {
      for (const organization of ids) {
        const { rows } = await plain.query(
          `select * from organization_integration where organization = $1 and refreshable and status in ('connected', 'error')
             and expires_at < clock_timestamp() + interval '10 minutes'
             and (next_attempt_at is null or next_attempt_at <= clock_timestamp()) order by expires_at limit 500`,
          [organization],
        );
        const left = [...rows];
        const hand = async () => {
          while (left.pop() !== undefined) {
            const answer = await request(tokenUrl, { method: 'POST', body: 'grant_type=refresh_token' });
            await answer.body.json();
          }
        };
        await Promise.all(Array.from({ length: limits.tokenRefreshesAtOnceMax }, hand));
      }
    })();
  };
  const ours = async () => {
    await makeDue();
    return timed(async () => {
      let renewed = 0;
      for (const organization of await dartwing.tokens.due())
        renewed += (await dartwing.tokens.refreshDue(organization)).renewed;
      if (renewed !== due * ids.length) throw new Error(`${renewed} were renewed`);
    })();
  };
  return ratioFigure('the round', await compare(bare, ours, { count: 5, warmups: 1 }), 2);
}

/** Integrations with a token for an hour, sealed as those of people who connect. */
async function fill(dartwing: Dartwing, organization: string, count: number): Promise<void> {
  for (let from = 0; from < count; from += 1_000) {
    const batch = Array.from({ length: Math.min(1_000, count - from) }, (_, index) => ({
      id: randomUUID(),
      account: `account-${from + index}`,
    }));
    await dartwing.asOrg(organization, async (tx) => {
      const sealed: Buffer[] = [];
      for (const { id, account } of batch) {
        const place = { organization, table: 'organization_integration', column: 'credentials', row: [id] };
        sealed.push(await dartwing.keys.seal(tx, 'integration', place, credential(account)));
      }
      await tx.query(
        `insert into organization_integration (organization, id, provider, account, auth, status, credentials, refreshable,
           expires_at, stale_at, connected_by, connected_at, modified_at)
         select $1, v.id, 'bench', v.account, 'oauth2', 'connected', v.credentials, true,
           now() + interval '2 hours', now() + interval '115 minutes', 'bench', now(), now()
         from unnest($2::uuid[], $3::text[], $4::bytea[]) as v (id, account, credentials)`,
        [organization, batch.map(({ id }) => id), batch.map(({ account }) => account), sealed],
      );
    });
  }
}

const credential = (account: string) =>
  JSON.stringify({
    secret: `${account}-${'a'.repeat(200)}`,
    refreshToken: `${account}-${'r'.repeat(200)}`,
    details: {},
  });

function sealPlainly(key: Buffer, plain: Buffer): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function openPlainly(key: Buffer, sealed: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12));
  decipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
}

function startProvider(): Promise<Server> {
  const server = createServer((asked, answer) => {
    asked.resume().on('end', () => {
      setTimeout(() => {
        answer.writeHead(200, { 'content-type': 'application/json' });
        answer.end(
          JSON.stringify({
            access_token: randomUUID(),
            refresh_token: randomUUID(),
            token_type: 'Bearer',
            expires_in: 7_200,
          }),
        );
      }, providerMs);
    });
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

function entry(host: string) {
  return {
    title: 'Bench',
    category: 'automation' as const,
    tier: 'free' as const,
    auth: 'oauth2' as const,
    authorize_url: `http://${host}/authorize`,
    token_url: `http://${host}/token`,
    scopes: ['read'],
    refresh: { rotates: 'always' as const },
    hosts: [host],
    docs: 'https://provider.test/docs',
  };
}
