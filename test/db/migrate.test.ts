import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type MigrateOptions,
  migrateUp,
  migrationState,
  printMigrations,
  schemaVersion,
} from '../../src/core/db/migrate.js';
import { type Migration, migrations } from '../../src/core/db/migrations/index.js';
import {
  createDartwing,
  type DartwingOptions,
  migrateInstallation,
  testIsolation,
} from '../../src/core/index.js';
import { describeInstallation } from '../../src/core/options.js';
import { createTestDatabase, type TestDatabase, testOptions } from '../support/database.js';
import { atEnd } from '../support/ending.js';
import { createRolePrefix } from '../support/installation.js';
import { readCatalogue } from './catalogue.js';

/** An empty database and a role prefix nobody else has. */
async function ground(
  more: Partial<DartwingOptions> = {},
): Promise<{ database: TestDatabase; options: DartwingOptions; up: MigrateOptions }> {
  const rolePrefix = more.rolePrefix ?? createRolePrefix();
  const database = await createTestDatabase({ empty: true });
  const options = testOptions(database, { rolePrefix, ...more });
  return { database, options, up: upOptions(options) };
}

function upOptions(options: DartwingOptions): MigrateOptions {
  const { url, schema, rolePrefix, keyring } = describeInstallation(options);
  return {
    url,
    schema,
    rolePrefix,
    passwords: keyring.rolePasswords,
    masterKeyFingerprint: keyring.fingerprint,
    contextKey: keyring.contextKey,
  };
}

const otherKey = Buffer.alloc(32, 'other').toString('base64');
const everything = migrations.map(({ id }) => id);
const next = (sql: string, breaking = false): Migration[] => [
  ...migrations,
  { id: schemaVersion + 1, name: 'next', breaking, sql },
];

describe('migrating', () => {
  let at: Awaited<ReturnType<typeof ground>>;
  beforeAll(async () => {
    at = await ground();
  });

  it('finds no schema before it, and says so', async () => {
    expect(await migrationState(at.options.url, 'dartwing')).toMatchObject({
      current: 0,
      required: schemaVersion,
      applied: [],
      drift: [],
    });
    await expect(createDartwing(at.options)).rejects.toMatchObject({ code: 'DATABASE_AUTHENTICATION' });
  });

  it('stops where it is told to, and what needs more is refused', async () => {
    const run = await migrateInstallation(at.options, { to: 2 });
    expect(run).toMatchObject({ from: 0, to: 2, pending: schemaVersion - 2 });
    await expect(createDartwing(at.options)).rejects.toMatchObject({ code: 'SCHEMA_OUTDATED' });
  });

  it('goes on from there to the newest, with a policy on every tenant table', async () => {
    const progress: string[] = [];
    const run = await migrateInstallation(at.options, {
      onProgress: (done, total, name) => progress.push(`${done}/${total} ${name}`),
    });
    expect(run).toMatchObject({ from: 2, to: schemaVersion, pending: 0 });
    expect(run.applied.map(({ id }) => id)).toEqual(everything.slice(2));
    expect(run.stamped).toEqual(expect.arrayContaining(['company', 'org_member']));
    expect(progress).toEqual(
      migrations.slice(2).map(({ name }, done) => `${done}/${schemaVersion - 2} ${name}`),
    );
    expect((await testIsolation(at.options)).findings).toEqual([]);
  });

  it('does nothing the second time', async () => {
    const before = await readCatalogue(at.database.admin, 'dartwing', at.options.rolePrefix!);
    const run = await migrateInstallation(at.options);
    const nothing = { applied: [], stamped: [], pending: 0, sealedContext: false, sealChanged: false };
    expect(run).toEqual({ from: schemaVersion, to: schemaVersion, ...nothing });
    expect(await readCatalogue(at.database.admin, 'dartwing', at.options.rolePrefix!)).toEqual(before);
  });

  it('is on record in the audit trail, once for each run that did something', async () => {
    const dartwing = await createDartwing(at.options);
    const { items } = await dartwing.audit.query({ action: 'migrate' });
    await dartwing.close();
    expect(items).toMatchObject([
      { ref: 'Installation/dartwing', old: { schema: 2 }, new: { schema: schemaVersion } },
    ]);
  });

  it('keeps nothing of a migration that fails, and can be done again', async () => {
    const failing = next('create table half (organization text); select 1 / 0;');
    await expect(migrateUp(at.up, failing)).rejects.toMatchObject({
      code: 'MIGRATION_FAILED',
      message: expect.stringContaining(String(schemaVersion + 1)),
      why: 'division by zero',
    });
    const { rows } = await at.database.admin.query("select to_regclass('dartwing.half') as half");
    expect(rows).toEqual([{ half: null }]);
    expect(await migrateUp(at.up)).toMatchObject({ from: schemaVersion, applied: [] });
  });

  it('refuses a breaking migration until it is allowed', async () => {
    const breaking = next('create table broken (organization text not null);', true);
    await expect(migrateUp(at.up, breaking)).rejects.toMatchObject({ code: 'MIGRATION_BREAKING' });
    const run = await migrateUp({ ...at.up, allowBreaking: true }, breaking);
    expect(run).toMatchObject({
      applied: [{ name: 'next', breaking: true }],
      stamped: expect.arrayContaining(['broken']),
    });
  });

  it('refuses a schema that a newer version made, as does opening it', async () => {
    await expect(migrateUp(at.up)).rejects.toMatchObject({ code: 'SCHEMA_NEWER' });
    await expect(createDartwing(at.options)).rejects.toMatchObject({ code: 'SCHEMA_NEWER' });
    await at.database.admin.query('drop table dartwing.broken');
    await at.database.admin.query('delete from dartwing.migration where id > $1', [schemaVersion]);
  });

  it('refuses a migration that differs from the one that was applied, and names it', async () => {
    const changed = migrations.map((one) => (one.id === 3 ? { ...one, sql: `${one.sql} ` } : one));
    await expect(migrateUp(at.up, changed)).rejects.toMatchObject({
      code: 'SCHEMA_DRIFT',
      params: { id: 3 },
    });
    await at.database.admin.query("update dartwing.migration set checksum = 'x' where id = 2");
    expect((await migrationState(at.options.url, 'dartwing')).drift).toEqual([2]);
    await expect(migrateUp(at.up)).rejects.toMatchObject({ code: 'SCHEMA_DRIFT', params: { id: 2 } });
  });
});

describe('many that migrate at once', () => {
  it('all succeed on one database, and one of them applies', async () => {
    const { up, database } = one;
    const runs = await Promise.all(Array.from({ length: 8 }, () => migrateUp(up)));
    expect(runs.filter(({ applied }) => applied.length > 0)).toHaveLength(1);
    expect(runs.every(({ to, pending }) => to === schemaVersion && pending === 0)).toBe(true);
    const { rows } = await database.admin.query('select id from dartwing.migration order by id');
    expect(rows.map(({ id }) => id)).toEqual(everything);
  });

  it('all succeed on several databases of one server that share the roles', async () => {
    const runs = await Promise.all(several.map(({ up }) => migrateUp(up)));
    expect(runs.map(({ applied }) => applied.length)).toEqual(several.map(() => migrations.length));
    for (const { options } of several) await (await createDartwing(options)).close();
  });

  it('wait for one another only so long', async () => {
    const { database, up } = one;
    await database.admin.query("select pg_advisory_lock(hashtext('dartwing migrations'))");
    await expect(migrateUp({ ...up, lockMs: 50 })).rejects.toMatchObject({ code: 'DATABASE_TIMEOUT' });
    await database.admin.query('select pg_advisory_unlock_all()');
  });

  let one: Awaited<ReturnType<typeof ground>>;
  const several: Awaited<ReturnType<typeof ground>>[] = [];
  beforeAll(async () => {
    one = await ground();
    const rolePrefix = createRolePrefix();
    for (let n = 0; n < 4; n++) several.push(await ground({ rolePrefix }));
  });
});

describe('printed SQL', () => {
  let migrated: Awaited<ReturnType<typeof ground>>;
  let byHand: Awaited<ReturnType<typeof ground>>;
  let inSteps: Awaited<ReturnType<typeof ground>>;
  beforeAll(async () => {
    migrated = await ground();
    byHand = await ground();
    inSteps = await ground();
    await migrateUp(migrated.up);
  });

  const catalogue = ({ database, options }: typeof migrated) =>
    readCatalogue(database.admin, 'dartwing', options.rolePrefix!);

  it('makes the same tables, policies, rights, roles and records when it is run by hand', async () => {
    await byHand.database.admin.query(printMigrations('dartwing', byHand.options.rolePrefix!));
    expect(await catalogue(byHand)).toEqual(await catalogue(migrated));
  });

  it('makes the same in two steps', async () => {
    const { database, options } = inSteps;
    await database.admin.query(printMigrations('dartwing', options.rolePrefix!, 0, 3));
    await database.admin.query(printMigrations('dartwing', options.rolePrefix!, 3));
    expect(await catalogue(inSteps)).toEqual(await catalogue(migrated));
  });

  it('lets nobody in until migrate up has set what follows from the master key: passwords and fingerprint', async () => {
    await expect(createDartwing(byHand.options)).rejects.toMatchObject({ code: 'DATABASE_AUTHENTICATION' });
    expect(await migrateInstallation(byHand.options)).toMatchObject({ from: schemaVersion, applied: [] });
    const dartwing = await createDartwing(byHand.options);
    const { after } = await dartwing.tenancy.create({
      slug: 'acme',
      type: 'company',
      owner: 'ana@acme.test',
    });
    await dartwing.close();
    expect(after).toMatchObject({ slug: 'acme' });
  });
});

describe('rights of the migrating role', () => {
  let at: Awaited<ReturnType<typeof ground>>;
  let login: (name: string, attributes: string) => Promise<MigrateOptions>;
  beforeAll(async () => {
    at = await ground();
    login = async (name, attributes) => {
      const role = `${at.options.rolePrefix}_${name}`;
      await at.database.admin.query(`create role ${role} login ${attributes} password 'test'`);
      const url = new URL(at.options.url);
      url.username = role;
      url.password = 'test';
      return { ...at.up, url: url.href };
    };
    atEnd(() =>
      at.database.admin.query(`drop owned by ${at.options.rolePrefix}_dba cascade`).catch(() => {}),
    );
  });

  it('must include making roles', async () => {
    await expect(migrateUp(await login('plain', ''))).rejects.toMatchObject({
      code: 'DATABASE_PRIVILEGE',
      message: expect.stringContaining('_plain'),
      why: expect.stringContaining('CREATEROLE'),
    });
  });

  it('must include making a schema, and the roles are then not made either', async () => {
    await expect(migrateUp(await login('roles', 'createrole'))).rejects.toMatchObject({
      code: 'DATABASE_PRIVILEGE',
    });
    const { rows } = await at.database.admin.query('select from pg_roles where rolname = $1', [
      `${at.options.rolePrefix}_app`,
    ]);
    expect(rows).toEqual([]);
  });

  it('need not be those of a superuser', async () => {
    const up = await login('dba', 'createrole');
    await at.database.admin.query(
      `grant create on database ${at.database.name} to ${at.options.rolePrefix}_dba`,
    );
    expect(await migrateUp(up)).toMatchObject({ from: 0, to: schemaVersion });
    expect(await migrateUp(up)).toMatchObject({ applied: [] });
    expect((await testIsolation(at.options)).findings).toEqual([]);
  });
});

describe('another master key', () => {
  let at: Awaited<ReturnType<typeof ground>>;
  let second: Awaited<ReturnType<typeof ground>>;
  let prefixOfItsOwn: string;
  beforeAll(async () => {
    prefixOfItsOwn = createRolePrefix();
    at = await ground();
    await migrateInstallation(at.options);
    second = await ground({ rolePrefix: at.options.rolePrefix!, masterKey: otherKey });
  });

  it('is refused on a database that knows its own, by migrate and by opening', async () => {
    const changed = { ...at.options, masterKey: otherKey };
    await expect(migrateInstallation(changed)).rejects.toMatchObject({ code: 'MASTER_KEY_CHANGED' });
    await expect(createDartwing(changed)).rejects.toMatchObject({ code: 'DATABASE_AUTHENTICATION' });
  });

  it('is refused on a second database whose roles belong to the first', async () => {
    await expect(migrateInstallation(second.options)).rejects.toMatchObject({ code: 'ROLE_TAKEN' });
    const dartwing = await createDartwing(at.options);
    await dartwing.ready();
    await dartwing.close();
  });

  it('is welcome there with roles of its own', async () => {
    const own = { ...second.options, rolePrefix: prefixOfItsOwn };
    await migrateInstallation(own);
    await (await createDartwing(own)).close();
  });
});

describe('another schema and another role prefix', () => {
  let at: Awaited<ReturnType<typeof ground>>;
  beforeAll(async () => {
    at = await ground({ schema: 'tenant_core' });
    await migrateInstallation(at.options);
  });

  it('hold a whole installation', async () => {
    const dartwing = await createDartwing(at.options);
    await dartwing.tenancy.create({ slug: 'acme', type: 'company', owner: 'ana@acme.test' });
    const { rows } = await dartwing.asOrg('acme', (tx) => tx.query('select legal_name from company'));
    expect(rows).toEqual([{ legal_name: 'acme' }]);
    const members = await dartwing.people.members('acme');
    expect(members).toMatchObject([{ email: 'ana@acme.test' }]);
    const seen = await dartwing.asPerson(members[0]!.person, (tx) =>
      tx.query('select legal_name from company'),
    );
    expect(seen.rows).toEqual([{ legal_name: 'acme' }]);
    await expect(
      dartwing.asOrg('acme', (tx) => tx.query("insert into family (organization, name) values ('x', 'x')")),
    ).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    const { items } = await dartwing.audit.query({ organization: members[0]!.organization });
    expect(items.length).toBeGreaterThan(0);
    expect((await dartwing.audit.verify()).ok).toBe(true);
    await dartwing.close();
  });

  it('leave nothing under the usual names', async () => {
    const { rows } = await at.database.admin.query(
      "select nspname from pg_namespace where nspname = 'dartwing'",
    );
    expect(rows).toEqual([]);
    expect((await testIsolation(at.options)).findings).toEqual([]);
  });

  it.each(['public; drop schema x', 'Upper', '1st', 'a'.repeat(64), 'with-hyphen', ''])(
    'are refused when they are no plain names: %j',
    async (schema) => {
      await expect(migrateUp({ ...at.up, schema })).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
    },
  );
});

describe('a process that is killed while it migrates', () => {
  let folder: string;
  let bundle: string;
  let reference: string[];
  const moments = [0, 2, migrations.length - 1];
  const grounds: Awaited<ReturnType<typeof ground>>[] = [];
  let middle: Awaited<ReturnType<typeof ground>>;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'dartwing-migrate-'));
    bundle = join(folder, 'child.cjs');
    const source = fileURLToPath(new URL('./migrate-child.ts', import.meta.url));
    await build({
      entryPoints: [source],
      outfile: bundle,
      bundle: true,
      platform: 'node',
      external: ['pg-native'],
    });
    for (const _ of moments) grounds.push(await ground());
    middle = await ground();
    const whole = await ground();
    await migrateUp(whole.up);
    reference = await readCatalogue(whole.database.admin, 'dartwing', whole.options.rolePrefix!);
  });

  atEnd(() => rmSync(folder, { recursive: true }));

  function startChild(up: MigrateOptions, sql?: string): ChildProcess {
    const extra = sql === undefined ? {} : { MIGRATE_SQL: sql };
    return spawn(process.execPath, [bundle], {
      env: { ...process.env, MIGRATE_OPTIONS: JSON.stringify(up), ...extra },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }

  async function kill(child: ChildProcess, { admin }: TestDatabase): Promise<void> {
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    const sessions =
      "select from pg_stat_activity where datname = current_database() and application_name = 'dartwing-migrate'";
    await expect.poll(async () => (await admin.query(sessions)).rowCount, { timeout: 5_000 }).toBe(0);
  }

  it.each(moments.map((count, index) => [count, index]))(
    'after %i migrations leaves each of them applied or not, and the next run completes it',
    async (count, index) => {
      const { up, database, options } = grounds[index]!;
      const child = startChild(up);
      const done =
        count === 0
          ? "select 1 where to_regnamespace('dartwing') is not null"
          : `select 1 from dartwing.migration where id = ${everything[count - 1]}`;
      // Looked for without a pause, so that the kill comes early in the next migration.
      while ((await database.admin.query(done).catch(() => ({ rowCount: 0 }))).rowCount === 0)
        await setTimeout(0);
      await kill(child, database);
      const { applied } = await migrationState(up.url, 'dartwing');
      expect(applied.length).toBeGreaterThanOrEqual(count);
      expect(applied.map(({ id }) => id)).toEqual(everything.slice(0, applied.length));
      const { rows } = await database.admin.query(
        "select to_regclass('dartwing.organization') is not null as made",
      );
      expect(rows).toEqual([{ made: applied.length >= 3 }]);
      if (applied.length < migrations.length)
        // Policies are stamped with the last one; until then nobody opens it.
        await expect(createDartwing(options)).rejects.toMatchObject({
          code: expect.stringMatching(/^(SCHEMA_|DATABASE_AUTHENTICATION)/),
        });
      expect((await migrateUp(up)).applied).toHaveLength(migrations.length - applied.length);
      expect(await readCatalogue(database.admin, 'dartwing', options.rolePrefix!)).toEqual(reference);
    },
  );

  it('in the middle of a migration leaves nothing of it', async () => {
    const { up, database, options } = middle;
    await migrateUp(up);
    const child = startChild(up, 'create table half (organization text not null); select pg_sleep(0.5);');
    const asleep =
      "select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep' and application_name = 'dartwing-migrate'";
    await expect.poll(async () => (await database.admin.query(asleep)).rowCount, { timeout: 10_000 }).toBe(1);
    await kill(child, database);
    expect((await migrationState(up.url, 'dartwing')).applied.map(({ id }) => id)).toEqual(everything);
    expect(await readCatalogue(database.admin, 'dartwing', options.rolePrefix!)).toEqual(reference);
    expect((await migrateUp(up, next('create table half (organization text not null);'))).stamped).toContain(
      'half',
    );
  });
});
