import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Database, openDatabase, type Tx } from '../../src/core/db/index.js';
import { createDartwing, type Dartwing, type DartwingOptions } from '../../src/core/index.js';
import { limits } from '../../src/core/limits.js';
import { describeInstallation } from '../../src/core/options.js';
import { createTestDatabase, type TestDatabase, testOptions } from '../support/database.js';
import { atEnd } from '../support/ending.js';
import { type DatabaseProxy, startProxy } from '../support/proxy.js';

let database: TestDatabase;
let options: DartwingOptions;
let dartwing: Dartwing;
let db: Database;
/** Two organizations and a person who is a member of both, once active and once not. */
let acme: string;
let beta: string;
let ana: string;
const failures: unknown[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  // Deadlocks are looked for sooner than by default, so that tests need not wait.
  await database.admin.query(`alter database ${database.name} set deadlock_timeout = '50ms'`);
  options = testOptions(database);
  dartwing = await createDartwing(options);
  atEnd(() => dartwing.close());
  db = open();
  const made = await Promise.all(
    ['acme', 'beta'].map((slug) =>
      dartwing.tenancy.create({ slug, type: 'company', owner: 'ana@acme.test' }),
    ),
  );
  [acme, beta] = made.map(({ after }) => after!.id) as [string, string];
  ana = (await database.admin.query<{ id: string }>('select id from person')).rows[0]!.id;
});

/** A database with its own pools, closed at the end of the file. */
function open(more: Partial<Parameters<typeof openDatabase>[0]> = {}): Database {
  const opened = openDatabase({
    ...describeInstallation(options).database,
    ringAudit: () => {},
    random: () => 0.01,
    onFailure: (error) => failures.push(error),
    ...more,
  });
  atEnd(() => opened.close());
  return opened;
}

/** A database whose app login reaches the server through a proxy, on one connection. */
async function openThrough(delayMs = 0): Promise<{ proxy: DatabaseProxy; through: Database }> {
  const proxy = await startProxy(database.url, delayMs);
  const { passwords } = describeInstallation(options).database;
  const address = new URL(proxy.through(database.url));
  address.username = 'dartwing_app';
  address.password = passwords.app;
  return { proxy, through: open({ appUrl: address.href, poolConnectionsMax: 1 }) };
}

const nameOf = async (organization: string) =>
  (
    await database.admin.query<{ legal_name: string }>(
      'select legal_name from company where organization = $1',
      [organization],
    )
  ).rows[0]!.legal_name;
const rename = (tx: Tx, name: string) => tx.query('update company set legal_name = $1', [name]);
const pidOf = async (tx: Tx) =>
  (await tx.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]!.pid;
const kill = (pid: number) => database.admin.query('select pg_terminate_backend($1)', [pid]);

/** Resolves for everybody once `count` have arrived; later ones pass. */
function barrier(count: number): () => Promise<void> {
  let arrived = 0;
  let release = () => {};
  const open_ = new Promise<void>((resolve) => {
    release = resolve;
  });
  return async () => {
    if (++arrived >= count) release();
    await open_;
  };
}

describe('the opening of a transaction', () => {
  it('leaves with the first statement in one flight, and COMMIT is the second', async () => {
    const { proxy, through } = await openThrough(20);
    await through.asOrg(acme, (tx) => tx.query('select 1'));
    proxy.flights.length = 0;
    await through.asOrg(acme, (tx) => tx.query('select legal_name from company'));
    expect(proxy.flights).toHaveLength(2);
    const [first, second] = proxy.flights;
    const places = ['begin', 'dartwing_context_org', acme, 'select legal_name from company'].map((part) =>
      first!.indexOf(part),
    );
    expect(places.every((place) => place >= 0)).toBe(true);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(second).toContain('commit');
  });

  it('takes one flight for statements that are sent together', async () => {
    const { proxy, through } = await openThrough(20);
    await through.asOrg(acme, (tx) => tx.query('select 1'));
    proxy.flights.length = 0;
    await through.asOrg(acme, (tx) => Promise.all([1, 2, 3, 4].map((n) => tx.query('select $1::int', [n]))));
    expect(proxy.flights).toHaveLength(2);
  });

  it('takes two flights for a cross-organization read as well', async () => {
    const { proxy, through } = await openThrough(20);
    await through.asPerson(ana, (tx) => tx.query('select 1'));
    proxy.flights.length = 0;
    await through.asPerson(ana, (tx) => tx.query('select legal_name from company'));
    expect(proxy.flights).toHaveLength(2);
  });

  it('binds to the organization before anything is read', async () => {
    const { rows } = await db.asOrg(acme, (tx) =>
      tx.query("select current_setting('dartwing.org') as org, organization from company"),
    );
    expect(rows).toEqual([{ org: acme, organization: acme }]);
  });

  it('refuses an empty organization', async () => {
    await expect(db.asOrg('', (tx) => tx.query('select 1'))).rejects.toMatchObject({
      code: 'ORGANIZATION_REQUIRED',
    });
  });

  it('fails closed: an organization that does not exist has no rows and takes none', async () => {
    await db.asOrg('ORG-2026-99999', async (tx) => {
      expect((await tx.query('select * from company')).rows).toEqual([]);
      expect((await tx.query('update company set legal_name = legal_name')).rowCount).toBe(0);
    });
  });
});

describe('a commit that is not let through', () => {
  it.each(['query', 'finish'] as const)('rolls back (%s), and the call ends with the reason', async (way) => {
    const before = await nameOf(acme);
    const reason = new Error('too late');
    const late = open({
      beforeCommit: () => {
        throw reason;
      },
    });
    const work = late.asOrg(acme, (tx) => tx[way]("update company set legal_name = 'late'"));
    await expect(work).rejects.toBe(reason);
    expect(await nameOf(acme)).toBe(before);
    await expect(late.asOrg(acme, (tx) => tx.query('select 1'), { dryRun: true })).resolves.toBeDefined();
  });
});

describe('a request of several statements', () => {
  it('lets nothing of the work run outside of a transaction, also where the work swallows failures', async () => {
    const alone = open({ poolConnectionsMax: 1 });
    const none = async () => {};
    await alone.asSystem(none, (tx) => tx.query('deallocate all'));
    const before = await nameOf(acme);
    let attempts = 0;
    const work = async (tx: Tx) => {
      attempts++;
      await tx.query('select 1').catch(() => {});
      await rename(tx, 'outside').catch(() => {});
      await tx.finish("update company set legal_name = 'outside'").catch(() => {});
    };
    await alone.asSystem(none, work, { dryRun: true });
    expect(attempts).toBe(2);
    expect(await nameOf(acme)).toBe(before);
  });

  it('gives each of many statements of one request its own answer', async () => {
    const answers = await db.asOrg(acme, (tx) =>
      Promise.all([
        tx.query('select $1::int as n', [1]),
        tx.query('select legal_name from company'),
        tx.query('update company set tax_id = $1', ['7'], 'test_tax'),
        tx.query('select generate_series(1, $1::int) as n', [3]),
        tx.query('select tax_id from company where organization = $1', [acme], 'test_read'),
      ]),
    );
    expect(answers.map(({ rowCount }) => rowCount)).toEqual([1, 1, 1, 3, 1]);
    expect(answers[4].rows).toEqual([{ tax_id: '7' }]);
  });

  it('keeps the connection after a value that is none, and after a request that failed halfway', async () => {
    const alone = open({ poolConnectionsMax: 1 });
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    await expect(
      alone.asOrg(acme, (tx) =>
        Promise.all([
          tx.query('select $1::int', [1], 'test_one'),
          tx.query('select $1', [circular], 'test_bad'),
        ]),
      ),
    ).rejects.toThrow();
    for (const _ of [1, 2]) {
      const failing = alone.asOrg(acme, (tx) =>
        Promise.all([
          tx.query('select $1::int', [1], 'test_one'),
          tx.query('select 1 / $1::int', [0], 'test_fails'),
          tx.query('select $1::int + 1', [1], 'test_behind'),
        ]),
      );
      await expect(failing).rejects.toMatchObject({ cause: { code: '22012' } });
    }
    const { rows } = await alone.asOrg(acme, (tx) => tx.query('select $1::int + 1 as n', [1], 'test_behind'));
    expect(rows).toEqual([{ n: 2 }]);
  });
});

describe('a last statement', () => {
  it('takes COMMIT along, so that the whole transaction is one flight', async () => {
    const { proxy, through } = await openThrough(20);
    await through.asOrg(acme, (tx) => tx.query('select 1'));
    proxy.flights.length = 0;
    await through.asOrg(acme, (tx) => tx.finish('select legal_name from company'));
    expect(proxy.flights).toHaveLength(1);
    expect(proxy.flights[0]).toMatch(/begin.*select legal_name from company.*commit/s);
  });

  it('is undone when it fails, with everything before it', async () => {
    const before = await nameOf(acme);
    const failing = db.asOrg(acme, async (tx) => {
      await rename(tx, 'undone');
      await tx.finish('select 1 / 0');
    });
    await expect(failing).rejects.toMatchObject({ cause: { code: '22012' } });
    expect(await nameOf(acme)).toBe(before);
  });

  it('is the last: what is asked afterwards is refused', async () => {
    const late = db.asOrg(acme, async (tx) => {
      await tx.finish('select 1');
      await tx.query('select 2');
    });
    await expect(late).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining('after the end'),
    });
  });

  it('changes nothing in a dry run', async () => {
    const before = await nameOf(acme);
    await db.asOrg(acme, (tx) => tx.finish("update company set legal_name = 'dry'"), { dryRun: true });
    expect(await nameOf(acme)).toBe(before);
  });

  it('is not sent again when the connection breaks: nobody knows what became of it', async () => {
    const { proxy, through } = await openThrough();
    await through.asOrg(acme, (tx) => tx.query('select 1'));
    let attempts = 0;
    proxy.cutAt('commit', { delivered: true });
    const cut = through.asOrg(acme, (tx) => {
      attempts++;
      return tx.finish("update company set legal_name = 'known to nobody'");
    });
    await expect(cut).rejects.toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
      why: expect.stringContaining('unknown'),
    });
    expect([attempts, proxy.cuts]).toEqual([1, 1]);
  });
});

describe('the end of a transaction', () => {
  it('is an error when a failing statement was swallowed, for COMMIT then answers ROLLBACK', async () => {
    const before = await nameOf(acme);
    const swallowed = db.asOrg(acme, async (tx) => {
      await rename(tx, 'swallowed');
      await tx.query('select 1 / 0').catch(() => {});
    });
    await expect(swallowed).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining('rolled back'),
    });
    expect(await nameOf(acme)).toBe(before);
  });

  it('is good when the failing statement was undone to a savepoint', async () => {
    await db.asOrg(acme, async (tx) => {
      await rename(tx, 'saved');
      await tx.query('savepoint here');
      await tx.query('select 1 / 0').catch(() => {});
      await tx.query('rollback to here');
    });
    expect(await nameOf(acme)).toBe('saved');
  });

  it('is an error when a deferred rule is broken only then', async () => {
    const broken = db.asSystem(
      async () => {},
      (tx) => tx.query("update person set frappe_user = 'nobody@acme.test'"),
    );
    await expect(broken).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
  });

  it('undoes everything when the work throws, and passes its error on as it is', async () => {
    const before = await nameOf(acme);
    const thrown = new Error('thrown by the work');
    const failing = db.asOrg(acme, async (tx) => {
      await rename(tx, 'undone');
      throw thrown;
    });
    await expect(failing).rejects.toBe(thrown);
    expect(await nameOf(acme)).toBe(before);
  });

  it('undoes everything in a dry run and returns what the work returned', async () => {
    const before = await nameOf(acme);
    const { rowCount } = await db.asOrg(acme, (tx) => rename(tx, 'dry'), { dryRun: true });
    expect(rowCount).toBe(1);
    expect(await nameOf(acme)).toBe(before);
  });

  it('tells the first failure of statements that were sent together', async () => {
    const together = db.asOrg(acme, (tx) =>
      Promise.all([
        tx.query('select 1'),
        tx.query('insert into company select * from company'),
        tx.query('select * from nowhere'),
        tx.query('select 2'),
      ]),
    );
    await expect(together).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
      message: 'The record breaks the rule company_pkey',
    });
  });

  it('gives that failure to every statement behind it', async () => {
    const codes: unknown[] = [];
    const all = db.asOrg(acme, async (tx) => {
      const statements = ['select 1 / 0', 'select 1', 'select 2'].map((text) => tx.query(text));
      const settled = await Promise.allSettled(statements);
      codes.push(
        ...settled.map(
          (one) => one.status === 'rejected' && (one.reason as { cause: { code: string } }).cause.code,
        ),
      );
      throw new Error('done');
    });
    await expect(all).rejects.toThrow('done');
    expect(codes).toEqual(['22012', '22012', '22012']);
  });
});

describe('two transactions that meet', () => {
  it('are both carried out after a deadlock', async () => {
    const meet = barrier(2);
    const attempts = { forth: 0, back: 0 };
    const cross = (name: keyof typeof attempts, order: [string, string]) =>
      db.asSystem(
        async () => {},
        async (tx) => {
          attempts[name]++;
          await tx.query('update company set tax_id = $2 where organization = $1', [order[0], name]);
          await meet();
          await tx.query('update company set tax_id = $2 where organization = $1', [order[1], name]);
        },
      );
    await Promise.all([cross('forth', [acme, beta]), cross('back', [beta, acme])]);
    // One of them is the victim and tries again; it may meet the other once more.
    expect(attempts.forth + attempts.back).toBeGreaterThanOrEqual(3);
    expect(Math.max(attempts.forth, attempts.back)).toBeLessThanOrEqual(limits.transactionAttemptsMax);
    const { rows } = await database.admin.query('select count(distinct tax_id)::int as names from company');
    expect(rows).toEqual([{ names: 1 }]);
  });

  it.each(['repeatable read', 'serializable'] as const)(
    'are both carried out at isolation level %s',
    async (isolation) => {
      await database.admin.query('update company set tax_id = $1', ['0']);
      const meet = barrier(2);
      let attempts = 0;
      const count = () =>
        db.asOrg(
          acme,
          async (tx) => {
            attempts++;
            const { rows } = await tx.query<{ tax_id: string }>('select tax_id from company');
            await meet();
            await tx.query('update company set tax_id = $1', [String(Number(rows[0]!.tax_id) + 1)]);
          },
          { isolation },
        );
      await Promise.all([count(), count()]);
      expect(attempts).toBe(3);
      const { rows } = await database.admin.query('select tax_id from company where organization = $1', [
        acme,
      ]);
      expect(rows).toEqual([{ tax_id: '2' }]);
    },
  );

  it('are carried out again too when the work swallowed the failure', async () => {
    let attempts = 0;
    await db.asOrg(
      acme,
      async (tx) => {
        await tx.query('select * from company');
        if (attempts++ === 0) await database.admin.query('update company set tax_id = $1', ['elsewhere']);
        await tx.query("update company set tax_id = 'here'").catch(() => {});
      },
      { isolation: 'repeatable read' },
    );
    expect(attempts).toBe(2);
  });

  it(`are given up after ${limits.transactionAttemptsMax} attempts`, async () => {
    let attempts = 0;
    const unlucky = db.asOrg(
      acme,
      async (tx) => {
        attempts++;
        await tx.query('select * from company');
        await database.admin.query('update company set tax_id = $1', [`elsewhere ${attempts}`]);
        await tx.query("update company set tax_id = 'here'");
      },
      { isolation: 'repeatable read' },
    );
    await expect(unlucky).rejects.toMatchObject({
      code: 'DATABASE_BUSY',
      kind: 'unavailable',
      retryAfterMs: expect.any(Number),
    });
    expect(attempts).toBe(limits.transactionAttemptsMax);
  });

  it('are not carried out again because of an error of another server that looks alike', async () => {
    let attempts = 0;
    const elsewhere = Object.assign(new Error('serialization failure of somebody else'), { code: '40001' });
    const work = db.asOrg(acme, async (tx) => {
      attempts++;
      await tx.query('select 1');
      throw elsewhere;
    });
    await expect(work).rejects.toBe(elsewhere);
    expect(attempts).toBe(1);
  });
});

describe('a connection that breaks', () => {
  it('before COMMIT has the work done again, once', async () => {
    let attempts = 0;
    await db.asOrg(acme, async (tx) => {
      if (attempts++ === 0) await kill(await pidOf(tx));
      await rename(tx, `after ${attempts} attempts`);
    });
    expect(await nameOf(acme)).toBe('after 2 attempts');
  });

  it('while the work waits for something else has it done again as well', async () => {
    let attempts = 0;
    await db.asOrg(acme, async (tx) => {
      await rename(tx, `waited ${++attempts}`);
      if (attempts > 1) return;
      await kill(await pidOf(tx));
      await setTimeout(50);
    });
    expect(await nameOf(acme)).toBe('waited 2');
  });

  it('twice is DATABASE_UNAVAILABLE', async () => {
    let attempts = 0;
    const unlucky = db.asOrg(acme, async (tx) => {
      attempts++;
      await kill(await pidOf(tx));
      await tx.query('select 1');
    });
    await expect(unlucky).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    expect(attempts).toBe(2);
  });

  it.each([
    ['and the server got it', true],
    ['and the server never got it', false],
  ])('during COMMIT is DATABASE_UNAVAILABLE and not tried again, %s', async (_name, delivered) => {
    const { proxy, through } = await openThrough();
    await through.asOrg(acme, (tx) => tx.query('select 1'));
    let attempts = 0;
    proxy.cutAt('commit', { delivered });
    const cut = through.asOrg(acme, async (tx) => {
      attempts++;
      await rename(tx, `delivered: ${delivered}`);
    });
    await expect(cut).rejects.toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
      why: expect.stringContaining('unknown'),
    });
    expect([attempts, proxy.cuts]).toEqual([1, 1]);
    if (delivered) await expect.poll(() => nameOf(acme), { timeout: 5_000 }).toBe('delivered: true');
    else expect(await nameOf(acme)).not.toBe('delivered: false');
  });

  it('is replaced: the next transaction finds another', async () => {
    const one = open({ poolConnectionsMax: 1 });
    const first = await one.asOrg(acme, pidOf);
    await kill(first);
    const second = await one.asOrg(acme, pidOf);
    expect(second).not.toBe(first);
  });

  it('is not what the work meets when its own business has lost one', async () => {
    let attempts = 0;
    const elsewhere = Object.assign(new Error('connect ECONNREFUSED 192.0.2.1:443'), {
      code: 'ECONNREFUSED',
    });
    const work = db.asOrg(acme, async (tx) => {
      attempts++;
      await tx.query('select 1');
      throw elsewhere;
    });
    await expect(work).rejects.toBe(elsewhere);
    expect(attempts).toBe(1);
  });

  it('cannot be made: wrong password, no server, no database', async () => {
    const url = new URL(database.url);
    const wrong = open({ passwords: { app: 'wrong', system: 'wrong' } });
    await expect(wrong.asOrg(acme, (tx) => tx.query('select 1'))).rejects.toMatchObject({
      code: 'DATABASE_AUTHENTICATION',
    });
    url.pathname = '/dartwing_no_such_database';
    await expect(open({ url: url.href }).asOrg(acme, (tx) => tx.query('select 1'))).rejects.toMatchObject({
      code: 'DATABASE_UNREACHABLE',
    });
    url.port = '1';
    await expect(open({ url: url.href }).asOrg(acme, (tx) => tx.query('select 1'))).rejects.toMatchObject({
      code: 'DATABASE_UNREACHABLE',
    });
  });
});

describe('time limits', () => {
  it('end a statement with DATABASE_TIMEOUT', async () => {
    const short = open({ statementMs: 100 });
    await expect(short.asOrg(acme, (tx) => tx.query('select pg_sleep(5)'))).rejects.toMatchObject({
      code: 'DATABASE_TIMEOUT',
      kind: 'timeout',
    });
  });

  it('end the wait for a lock with DATABASE_TIMEOUT', async () => {
    const short = open({ lockMs: 100 });
    await database.admin.query('begin');
    await database.admin.query('select * from company for update');
    const waiting = short.asOrg(acme, (tx) => rename(tx, 'locked'));
    await expect(waiting).rejects.toMatchObject({ code: 'DATABASE_TIMEOUT' });
    await database.admin.query('rollback');
  });

  it('end a transaction that waits for its client with DATABASE_TIMEOUT, and the work is not done again', async () => {
    let attempts = 0;
    const idle = db.asOrg(acme, async (tx) => {
      attempts++;
      await tx.query("set local idle_in_transaction_session_timeout = '50ms'");
      await setTimeout(200);
      await tx.query('select 1');
    });
    await expect(idle).rejects.toMatchObject({ code: 'DATABASE_TIMEOUT' });
    expect(attempts).toBe(1);
  });

  it('end the wait for a connection with DATABASE_UNREACHABLE', async () => {
    const one = open({ poolConnectionsMax: 1 });
    await one.asOrg(acme, async () => {
      await expect(one.asOrg(beta, (tx) => tx.query('select 1'))).rejects.toMatchObject({
        code: 'DATABASE_UNREACHABLE',
      });
    });
  }, 15_000);
});

describe('hooks after COMMIT', () => {
  it('run in order once the change can be seen', async () => {
    const seen: string[] = [];
    await db.asOrg(acme, async (tx) => {
      tx.afterCommit(async () => {
        seen.push(`first: ${await nameOf(acme)}`);
      });
      tx.afterCommit(() => {
        seen.push('second');
      });
      await rename(tx, 'hooked');
      expect(seen).toEqual([]);
    });
    expect(seen).toEqual(['first: hooked', 'second']);
  });

  it.each([
    ['the work throws', async (_tx: Tx) => Promise.reject(new Error('thrown')), {}],
    ['a statement fails', (tx: Tx) => tx.query('select 1 / 0'), {}],
    ['a failing statement was swallowed', (tx: Tx) => tx.query('select 1 / 0').catch(() => {}), {}],
    ['it is a dry run', (tx: Tx) => tx.query('select 1'), { dryRun: true }],
  ])('do not run when %s', async (_name, work, mode) => {
    let ran = 0;
    await db
      .asOrg(
        acme,
        async (tx) => {
          tx.afterCommit(() => {
            ran++;
          });
          await work(tx);
        },
        mode,
      )
      .catch(() => {});
    expect(ran).toBe(0);
  });

  it('run once although the work was done twice', async () => {
    let attempts = 0;
    const ran: number[] = [];
    await db.asOrg(acme, async (tx) => {
      const attempt = ++attempts;
      tx.afterCommit(() => {
        ran.push(attempt);
      });
      if (attempt === 1) await kill(await pidOf(tx));
      await tx.query('select 1');
    });
    expect(ran).toEqual([2]);
  });

  it('harm neither the transaction nor their followers when they fail, and the failure is told', async () => {
    failures.length = 0;
    let followed = false;
    const value = await db.asOrg(acme, async (tx) => {
      tx.afterCommit(() => {
        throw new Error('failing hook');
      });
      tx.afterCommit(() => Promise.reject(new Error('failing hook, later')));
      tx.afterCommit(() => {
        followed = true;
      });
      await rename(tx, 'kept');
      return 'value';
    });
    expect([value, followed, await nameOf(acme)]).toEqual(['value', true, 'kept']);
    expect(failures.map((error) => (error as Error).message)).toEqual([
      'failing hook',
      'failing hook, later',
    ]);
  });

  it('may use the only connection of the pool', async () => {
    const one = open({ poolConnectionsMax: 1 });
    let seen: unknown;
    await one.asOrg(acme, async (tx) => {
      tx.afterCommit(async () => {
        seen = (await one.asOrg(beta, (other) => other.query('select organization from company'))).rows;
      });
    });
    expect(seen).toEqual([{ organization: beta }]);
  });
});

describe('a connection without an organization', () => {
  it('sees no row of a tenant table and gets none in', async () => {
    const login = new URL(database.url);
    login.username = 'dartwing_app';
    login.password = describeInstallation(options).database.passwords.app;
    const client = new pg.Client({ connectionString: login.href, options: '-c search_path=dartwing' });
    await client.connect();
    try {
      for (const setting of [undefined, '']) {
        if (setting !== undefined)
          await client.query("select set_config('dartwing.org', $1, false)", [setting]);
        expect((await client.query('select * from company')).rows).toEqual([]);
        expect((await client.query('update company set legal_name = legal_name')).rowCount).toBe(0);
        const insert = client.query("insert into family (organization, name) values ($1, 'x')", [acme]);
        await expect(insert).rejects.toMatchObject({ code: '42501' });
      }
    } finally {
      await client.end();
    }
  });
});

describe('the cross-organization read of a person', () => {
  const organizations = async (person: string) => {
    const { rows } = await db.asPerson(person, (tx) =>
      tx.query<{ organization: string }>('select organization from company order by 1'),
    );
    return rows.map(({ organization }) => organization);
  };

  it.each(['inactive', 'pending', 'active'])(
    'sees organizations of active memberships only: %s',
    async (status) => {
      await database.admin.query('update org_member set status = $1 where organization = $2', [status, beta]);
      expect(await organizations(ana)).toEqual(status === 'active' ? [acme, beta] : [acme]);
    },
  );

  it('sees the person itself and nobody else', async () => {
    await dartwing.tenancy.create({ slug: 'gamma', type: 'company', owner: 'bo@gamma.test' });
    const { rows } = await db.asPerson(ana, (tx) => tx.query('select primary_email from person'));
    expect(rows).toEqual([{ primary_email: 'ana@acme.test' }]);
  });

  it('sees nothing for a person who is none', async () => {
    for (const person of ['', 'PERSON-2026-99999', `${ana},${ana}`, '%'])
      expect(await organizations(person)).toEqual([]);
  });

  it.each([
    "update company set legal_name = 'x'",
    'delete from company',
    "insert into family (organization, name) values ('x', 'x')",
    'create temp table spied (x int)',
    "select nextval('person_series')",
  ])('refuses to change anything: %s', async (statement) => {
    await expect(db.asPerson(ana, (tx) => tx.query(statement))).rejects.toMatchObject({
      name: 'DartwingError',
    });
  });

  it('cannot be made writable from within', async () => {
    const work = db.asPerson(ana, async (tx) => {
      await tx.query('select 1');
      await tx.query('set transaction read write');
    });
    await expect(work).rejects.toMatchObject({ name: 'DartwingError' });
  });
});

describe('access across organizations', () => {
  const staged = async () =>
    Number((await database.admin.query('select count(*) from audit_stage')).rows[0].count);

  it('leaves its audit entry with reason, actor and door in the same transaction', async () => {
    await dartwing.audit.sequence();
    const before = await staged();
    await dartwing.asSystem(
      'look into ticket 4711',
      async (tx) => {
        expect((await tx.query('select * from company')).rows.length).toBeGreaterThan(1);
        expect(await staged(), 'nothing to see before COMMIT').toBe(before);
      },
      { principal: { type: 'operator', id: 'root' }, via: 'cli' },
    );
    expect(await staged()).toBe(before + 1);
    const { items } = await dartwing.audit.query({ action: 'system.access' });
    expect(items[0]).toMatchObject({
      action: 'system.access',
      actor: 'root',
      via: 'cli',
      reason: 'look into ticket 4711',
    });
  });

  it('leaves none when the work fails: both are undone', async () => {
    const before = await staged();
    await expect(
      dartwing.asSystem('in vain', async () => {
        throw new Error('thrown by the work');
      }),
    ).rejects.toThrow('thrown by the work');
    expect(await staged()).toBe(before);
  });

  it('is undone when the entry cannot be left', async () => {
    const before = await nameOf(acme);
    const work = db.asSystem(
      (tx) =>
        tx.query("insert into audit_stage (organization, body, mac, key_id) values ('x', null, null, null)"),
      (tx) => tx.query('update company set legal_name = $1', ['unaudited']),
    );
    await expect(work).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
    expect(await nameOf(acme)).toBe(before);
  });

  it.each(['', '  '])('needs a reason: %j is none', async (reason) => {
    await expect(dartwing.asSystem(reason, (tx) => tx.query('select 1'))).rejects.toMatchObject({
      code: 'REASON_REQUIRED',
    });
  });

  it('takes one flight for BEGIN, the audit entry and the first statement', async () => {
    const proxy = await startProxy(database.url, 20);
    const address = new URL(proxy.through(database.url));
    address.username = 'dartwing_system';
    address.password = describeInstallation(options).database.passwords.system;
    const through = await createDartwing({ ...options, systemUrl: address.href });
    await through.asSystem('warm up', (tx) => tx.query('select 1'));
    proxy.flights.length = 0;
    await through.asSystem('count', (tx) => tx.query('select legal_name from company'));
    const flight = proxy.flights.findIndex((sent) => sent.includes('select legal_name from company'));
    for (const part of ['begin', 'insert into audit_stage', 'select legal_name from company'])
      expect(proxy.flights[flight]).toContain(part);
    expect(proxy.flights[flight + 1]).toContain('commit');
    await through.close();
  });
});
