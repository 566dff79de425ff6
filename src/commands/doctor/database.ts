/** Checks of the database: whether it can be reached, is ours, and keeps tenants apart. */
import { isolationChecks, serverFacts } from '../../core/db/index.js';
import { asDartwingError } from '../../core/errors.js';
import {
  type DartwingOptions,
  findMissingIndexes,
  findUnbuiltIndexes,
  migrateInstallation,
  readMigrationState,
  testIsolation,
} from '../../core/index.js';
import { openKeyring } from '../../core/keys/index.js';
import type { Check } from './check.js';

const clockSkewMsMax = 2_000;
const connectionsShare = { warn: 0.85, fail: 0.95 };

export const database: Check = {
  id: 'database',
  run: async ({ target }) => {
    const { options, data } = await target();
    const facts = await serverFacts(options.url);
    const where = data === undefined ? facts.target : `${facts.target}, embedded in ${data}`;
    if (facts.versionNumber < 150_000)
      return {
        status: 'fail',
        what: `PostgreSQL ${facts.version} at ${where} is older than 15`,
        fix: ['Upgrade the server'],
      };
    return { what: `PostgreSQL ${facts.version} at ${where}` };
  },
};

export const tls: Check = {
  id: 'tls',
  needs: ['database'],
  run: async ({ target, context }) => {
    const { options } = await target();
    const { tls: version, isLocal } = await serverFacts(options.url);
    const { publicUrl } = context.config.values;
    const isPublic =
      publicUrl?.startsWith('http:') === true &&
      !/^(localhost|127\.|\[::1\])/.test(new URL(publicUrl).hostname);
    const found = [
      ...(version === undefined && !isLocal ? ['The way to the database is not encrypted'] : []),
      ...(new URL(options.url).searchParams.get('sslmode') === 'no-verify'
        ? ['The certificate of the database is not verified']
        : []),
      ...(isPublic ? ['The public address begins with http: links and cookies travel as they are'] : []),
    ];
    const what = isLocal
      ? 'The database is on this machine'
      : `The way to the database is ${version === undefined ? 'plain' : version}`;
    if (found.length === 0) return { what };
    const fix = [
      'Add ?sslmode=verify-full to the address of the database',
      'dartwing config set public_url https://…',
    ];
    return { status: 'warn', what, found, fix: isPublic ? fix : fix.slice(0, 1) };
  },
};

export const clock: Check = {
  id: 'clock',
  needs: ['database'],
  run: async ({ target }) => {
    const { options } = await target();
    const before = Date.now();
    const { now } = await serverFacts(options.url);
    const skewMs = Math.max(
      0,
      Math.abs(now.getTime() - (before + Date.now()) / 2) - (Date.now() - before) / 2,
    );
    const what = `${Math.round(skewMs)} ms between this machine and the database`;
    return skewMs <= clockSkewMsMax
      ? { what }
      : { status: 'warn', what, fix: ['Synchronize both clocks (NTP): timedatectl set-ntp true'] };
  },
};

export const keys: Check = {
  id: 'keys',
  run: async ({ target, core }) => {
    const { options } = await target();
    const { fingerprint } = openKeyring(options.masterKey, options.masterKeyOrigin ?? 'the configuration');
    // Another key than the database knows is told here; whatever else keeps it shut has a check of its own.
    const error = await core().then(
      () => undefined,
      (thrown: unknown) => asDartwingError(thrown),
    );
    const isRefused =
      error?.code === 'MASTER_KEY_CHANGED' ||
      (error?.code === 'DATABASE_AUTHENTICATION' && (await isSetUp(options)));
    if (isRefused)
      return {
        status: 'fail',
        what: `Master key ${fingerprint} from ${options.masterKeyOrigin} is not the one of this database`,
        // The passwords of the runtime roles follow from the key, so another key is refused before anything is read.
        found: [`${error.code}: ${error.message}`],
        fix: ['Set DARTWING_MASTER_KEY_FILE to the key that the database was set up with'],
      };
    return { what: `Master key ${fingerprint} from ${options.masterKeyOrigin}` };
  },
};

async function isSetUp(options: DartwingOptions): Promise<boolean> {
  return (await readMigrationState(options)).current > 0;
}

export const migrations: Check = {
  id: 'migrations',
  needs: ['database'],
  run: async ({ target }) => {
    const { options } = await target();
    const { current, required, pending, drift } = await readMigrationState(options);
    if (current > required)
      return {
        status: 'fail',
        what: `The schema is at ${current}, newer than ${required}`,
        fix: ['Upgrade dartwing'],
      };
    if (drift.length > 0)
      return {
        status: 'fail',
        what: `Migrations ${drift.join(', ')} differ from what was applied`,
        fix: ['dartwing migrate verify'],
      };
    if (pending.length > 0) {
      const found = pending.map(({ id, name }) => `${id} ${name}`);
      return {
        status: 'fail',
        what: `${pending.length} migrations are pending`,
        found,
        fix: ['dartwing migrate up'],
      };
    }
    return { what: `The schema is at ${current}` };
  },
  repair: {
    // A configured database is migrated by those who run it, when they say so.
    question: async ({ target }, { fix }) =>
      (await target()).data !== undefined && fix.includes('dartwing migrate up')
        ? 'Migrate the embedded database?'
        : undefined,
    run: async ({ target }) => migrateInstallation((await target()).options),
  },
};

export const isolation: Check = {
  id: 'isolation',
  needs: ['migrations', 'keys'],
  run: async ({ target }) => {
    const { options } = await target();
    const { findings } = await testIsolation(options);
    if (findings.length === 0)
      return { what: 'Runtime roles own nothing; every tenant table has forced row-level security' };
    const found = findings.map(({ check, object }) => `${isolationChecks[check] ?? check}: ${object}`);
    return {
      status: 'fail',
      what: `${findings.length} breaches of tenant isolation`,
      found,
      fix: ['dartwing migrate up --repair-policies'],
    };
  },
  repair: {
    question: () => 'Stamp row-level security on every tenant table again?',
    run: async ({ target }) => migrateInstallation((await target()).options, { repairPolicies: true }),
  },
};

export const indexes: Check = {
  id: 'indexes',
  needs: ['migrations', 'keys'],
  run: async ({ target }) => {
    const { options } = await target();
    const [missing, unbuilt] = await Promise.all([findMissingIndexes(options), findUnbuiltIndexes(options)]);
    if (missing.length + unbuilt.length === 0)
      return { what: 'Every index that lists and rights need is there' };
    const found = missing.map(({ table, columns }) => `${table} (${columns.join(', ')})`);
    const fix = found.map(
      (index) => `create index concurrently on ${options.schema ?? 'dartwing'}.${index};`,
    );
    if (unbuilt.length > 0) fix.push('dartwing migrate up');
    return {
      status: 'warn',
      what: `${missing.length + unbuilt.length} indexes are missing`,
      found: [...found, ...unbuilt.map((name) => `${name}, which its doctype declares`)],
      fix,
    };
  },
};

export const connections: Check = {
  id: 'connections',
  needs: ['migrations', 'keys'],
  run: async ({ readings }) => {
    const read = await readings();
    const [open, most] = [read('dartwing_database_connections'), read('dartwing_database_connections_max')];
    const what = `${open} of ${most} connections of the server are in use`;
    if (open < most * connectionsShare.warn) return { what };
    const fix = [
      'select pid, usename, application_name, state, state_change from pg_stat_activity order by state_change;',
      'dartwing config set pool_max 10',
      'Raise max_connections, or put a pooler in session mode in front',
    ];
    return { status: open < most * connectionsShare.fail ? 'warn' : 'fail', what, fix };
  },
};
