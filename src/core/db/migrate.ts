/**
 * Runs migrations: under one advisory lock, each in its own transaction together with the stamping of policies
 * and the record of it. Two processes that start together both succeed: the second finds nothing left to do.
 */
import { createHash } from 'node:crypto';
import pg from 'pg';
import { DartwingError, isDartwingError } from '../errors.js';
import { describeTarget } from './database.js';
import { connectFailure } from './failures.js';
import { quoteIdentifier } from './identifiers.js';
import { type Migration, migrations } from './migrations/index.js';
import { stampPolicies } from './policies.js';
import { ensureRoles, type RoleNames, type RolePasswords, roleNames } from './roles.js';

export interface MigrateOptions {
  /** Address with a role that may create roles and schemas. */
  url: string;
  schema: string;
  rolePrefix: string;
  passwords: RolePasswords;
  masterKeyFingerprint: string;
  /** Highest migration to apply. */
  to?: number | undefined;
  allowBreaking?: boolean | undefined;
  /** Stamp the policies again although no migration is pending. */
  repairPolicies?: boolean | undefined;
  /** Wait for another runner. Default 60 s. */
  lockMs?: number | undefined;
  onProgress?: ((done: number, total: number, name: string) => void) | undefined;
}

export interface AppliedMigration {
  id: number;
  name: string;
  breaking: boolean;
  ms: number;
}

export interface MigrationRun {
  from: number;
  to: number;
  applied: AppliedMigration[];
  /** Tenant tables whose policies were stamped. */
  stamped: string[];
  pending: number;
}

export interface MigrationState {
  current: number;
  required: number;
  pending: { id: number; name: string; breaking: boolean }[];
  applied: { id: number; name: string; applied_at: string }[];
  /** Ids whose SQL differs from what was applied. */
  drift: number[];
}

interface AppliedRow {
  id: number;
  name: string;
  checksum: string;
  applied_at: Date;
}

/** The version that this code needs. */
export const schemaVersion = migrations.at(-1)!.id;

/**
 * Brings the schema up to date.
 * @throws SCHEMA_NEWER, SCHEMA_DRIFT, MIGRATION_BREAKING, MIGRATION_FAILED, DATABASE_PRIVILEGE, DATABASE_TOO_OLD,
 * MASTER_KEY_CHANGED, ROLE_TAKEN.
 */
export async function migrateUp(options: MigrateOptions): Promise<MigrationRun> {
  return withAdministrator(options.url, async (client) => {
    await requireVersion(client);
    await lock(client, options.lockMs ?? 60_000);
    const before = await readApplied(client, options.schema);
    refuseForeign(before);
    await refuseOtherKey(client, options, before.length > 0);
    const roles = roleNames(options.rolePrefix);
    const current = before.at(-1)?.id ?? 0;
    const wanted = migrations.filter((m) => m.id > current && m.id <= (options.to ?? schemaVersion));
    const breaking = wanted.find((m) => m.breaking);
    if (breaking && current > 0 && !options.allowBreaking)
      throw new DartwingError('MIGRATION_BREAKING', { id: breaking.id });
    await prepareSchema(client, options, roles);
    const run: MigrationRun = { from: current, to: current, applied: [], stamped: [], pending: 0 };
    for (const migration of wanted) {
      options.onProgress?.(run.applied.length, wanted.length, migration.name);
      const started = performance.now();
      run.stamped = await applyOne(client, options, roles, migration);
      run.to = migration.id;
      run.applied.push({
        id: migration.id,
        name: migration.name,
        breaking: migration.breaking,
        ms: Math.round(performance.now() - started),
      });
    }
    if (options.repairPolicies && wanted.length === 0)
      run.stamped = await repair(client, options.schema, roles);
    run.pending = schemaVersion - run.to;
    return run;
  });
}

/** What is applied and what is not. @throws DATABASE_UNREACHABLE, DATABASE_AUTHENTICATION. */
export async function migrationState(url: string, schema: string): Promise<MigrationState> {
  return withAdministrator(url, async (client) => {
    const applied = await readApplied(client, schema);
    const current = applied.at(-1)?.id ?? 0;
    return {
      current,
      required: schemaVersion,
      pending: migrations
        .filter((m) => m.id > current)
        .map(({ id, name, breaking }) => ({ id, name, breaking })),
      applied: applied.map((row) => ({
        id: row.id,
        name: row.name,
        applied_at: row.applied_at.toISOString(),
      })),
      drift: driftOf(applied),
    };
  });
}

/** The SQL of the migrations after `from`, as it would run, for people with a migration tool of their own. */
export function printMigrations(schema: string, rolePrefix: string, from = 0, to = schemaVersion): string {
  const roles = roleNames(rolePrefix);
  const parts = migrations
    .filter((m) => m.id > from && m.id <= to)
    .map(
      (m) =>
        `-- migration ${m.id}: ${m.name}${m.breaking ? ' (breaking)' : ''}\n${render(m.sql, schema, roles).trim()}\n`,
    );
  return `set search_path = ${quoteIdentifier(schema)};\n\n${parts.join('\n')}`;
}

async function withAdministrator<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 5_000,
    application_name: 'dartwing-migrate',
  });
  client.on('error', () => {});
  const role = decodeURIComponent(new URL(url).username);
  await client.connect().catch((error: unknown) => {
    throw connectFailure(error, describeTarget(url), role);
  });
  try {
    return await work(client);
  } finally {
    // Ends the session and with it the advisory lock.
    await client.end().catch(() => {});
  }
}

async function requireVersion(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ number: number; text: string }>(
    "select current_setting('server_version_num')::int as number, current_setting('server_version') as text",
  );
  if (rows[0]!.number < 150_000) throw new DartwingError('DATABASE_TOO_OLD', { version: rows[0]!.text });
}

async function lock(client: pg.Client, waitMs: number): Promise<void> {
  // Roles belong to the whole server, so the lock does too: its key names no schema.
  await client.query(`set lock_timeout = ${Math.floor(waitMs)}`);
  await client.query("select pg_advisory_lock(hashtext('dartwing migrations'))").catch((error: unknown) => {
    throw new DartwingError(
      'DATABASE_TIMEOUT',
      {},
      { cause: error, why: 'Another process is migrating this server' },
    );
  });
}

async function readApplied(client: pg.Client, schema: string): Promise<AppliedRow[]> {
  const table = `${quoteIdentifier(schema)}.migration`;
  const { rows } = await client.query<{ found: string | null }>('select to_regclass($1)::text as found', [
    table,
  ]);
  if (rows[0]!.found === null) return [];
  return (await client.query<AppliedRow>(`select id, name, checksum, applied_at from ${table} order by id`))
    .rows;
}

function refuseForeign(applied: readonly AppliedRow[]): void {
  const current = applied.at(-1)?.id ?? 0;
  if (current > schemaVersion) throw new DartwingError('SCHEMA_NEWER', { current, required: schemaVersion });
  const [drifted] = driftOf(applied);
  if (drifted !== undefined) throw new DartwingError('SCHEMA_DRIFT', { id: drifted });
}

function driftOf(applied: readonly AppliedRow[]): number[] {
  return applied
    .filter((row) => {
      const known = migrations.find((m) => m.id === row.id);
      return known !== undefined && checksum(known) !== row.checksum;
    })
    .map((row) => row.id);
}

function checksum(migration: Migration): string {
  return createHash('sha256').update(migration.sql).digest('hex');
}

/** Passwords come from the master key: with another key, `ensureRoles` would lock out whoever uses the first. */
async function refuseOtherKey(client: pg.Client, options: MigrateOptions, installed: boolean): Promise<void> {
  const given = options.masterKeyFingerprint;
  if (installed) {
    const table = `${quoteIdentifier(options.schema)}.installation`;
    const { rows } = await client.query<{ master_key_fingerprint: string }>(
      `select master_key_fingerprint from ${table}`,
    );
    const expected = rows[0]?.master_key_fingerprint;
    if (expected !== undefined && expected !== given)
      throw new DartwingError('MASTER_KEY_CHANGED', { given, expected });
    return;
  }
  const { app } = roleNames(options.rolePrefix);
  const { rows } = await client.query<{ mark: string | null }>(
    "select shobj_description(oid, 'pg_authid') as mark from pg_roles where rolname = $1",
    [app],
  );
  const mark = rows[0]?.mark;
  if (mark && mark !== roleMark(given)) throw new DartwingError('ROLE_TAKEN', { prefix: options.rolePrefix });
}

function roleMark(fingerprint: string): string {
  return `dartwing runtime role, master key ${fingerprint}`;
}

async function prepareSchema(client: pg.Client, options: MigrateOptions, roles: RoleNames): Promise<void> {
  const schema = quoteIdentifier(options.schema);
  const owner = quoteIdentifier(roles.owner);
  await client.query('begin');
  try {
    await ensureRoles(client, roles, options.passwords);
    await client.query(
      `comment on role ${quoteIdentifier(roles.app)} is '${roleMark(options.masterKeyFingerprint)}'`,
    );
    await client.query(`create schema if not exists ${schema}`);
    await client.query(`alter schema ${schema} owner to ${owner}`);
    const database = (await client.query<{ name: string }>('select quote_ident(current_database()) as name'))
      .rows[0]!.name;
    for (const role of [roles.app, roles.system]) {
      // For poolers that drop start-up parameters: the login still finds its schema.
      await client.query(
        `alter role ${quoteIdentifier(role)} in database ${database} set search_path = ${schema}`,
      );
      await client.query(`grant connect on database ${database} to ${quoteIdentifier(role)}`);
    }
    await client.query(`set local role ${owner}`);
    const users = [roles.app, roles.reader, roles.system, roles.sequencer].map(quoteIdentifier).join(', ');
    await client.query(`grant usage on schema ${schema} to ${users}`);
    await client.query(`create table if not exists ${schema}.migration (
      id integer primary key, name text not null, breaking boolean not null, checksum text not null,
      applied_at timestamptz not null default now())`);
    await client.query(`comment on table ${schema}.migration is 'global: applied migrations'`);
    await client.query(`grant select on ${schema}.migration to ${users}`);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => {});
    if (isDartwingError(error)) throw error;
    const { message, code } = error as { message: string; code?: string };
    if (code === '42501') {
      throw new DartwingError(
        'DATABASE_PRIVILEGE',
        { role: decodeURIComponent(new URL(options.url).username), why: message },
        { cause: error },
      );
    }
    throw new DartwingError('MIGRATION_FAILED', { id: 0, why: message }, { cause: error });
  }
}

async function applyOne(
  client: pg.Client,
  options: MigrateOptions,
  roles: RoleNames,
  migration: Migration,
): Promise<string[]> {
  await client.query('begin');
  try {
    await actAsOwner(client, options.schema, roles);
    await client.query(render(migration.sql, options.schema, roles));
    const stamped = await stampPolicies(client, options.schema, roles);
    if (migration.id === 1) {
      await client.query('insert into installation (master_key_fingerprint) values ($1)', [
        options.masterKeyFingerprint,
      ]);
    }
    await client.query('insert into migration (id, name, breaking, checksum) values ($1, $2, $3, $4)', [
      migration.id,
      migration.name,
      migration.breaking,
      checksum(migration),
    ]);
    await client.query('commit');
    return stamped;
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw new DartwingError(
      'MIGRATION_FAILED',
      { id: migration.id, why: (error as Error).message },
      { cause: error },
    );
  }
}

async function repair(client: pg.Client, schema: string, roles: RoleNames): Promise<string[]> {
  await client.query('begin');
  await actAsOwner(client, schema, roles);
  const stamped = await stampPolicies(client, schema, roles);
  await client.query('commit');
  return stamped;
}

async function actAsOwner(client: pg.Client, schema: string, roles: RoleNames): Promise<void> {
  await client.query(`set local role ${quoteIdentifier(roles.owner)}`);
  await client.query(`set local search_path = ${quoteIdentifier(schema)}, pg_temp`);
}

function render(text: string, schema: string, roles: RoleNames): string {
  const names: Record<string, string> = { ...roles, schema };
  return text.replace(/\{\{(\w+)\}\}/g, (whole, key: string) => {
    const name = names[key];
    return name === undefined ? whole : quoteIdentifier(name);
  });
}
