/** The checks of doctor, in the order in which they make sense. */
import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { loadConfig } from '../../core/config.js';
import { embeddedStatus } from '../../core/db/embedded/index.js';
import { isolationChecks, serverFacts } from '../../core/db/index.js';
import { createDartwing, findMissingIndexes, readMigrationState, testIsolation } from '../../core/index.js';
import { openKeyring } from '../../core/keys/index.js';
import type { Check, Outcome } from './check.js';

const nodeMin = [20, 19] as const;
const clockSkewMsMax = 2_000;
const diskBytesMin = 1_073_741_824;
const backlogFix = ['dartwing audit verify --all', 'dartwing up (runs a sequencer)'];

const node: Check = {
  id: 'node',
  run: () => {
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
    const fits = major > nodeMin[0] || (major === nodeMin[0] && minor >= nodeMin[1]);
    return fits
      ? { what: `Node ${process.versions.node}` }
      : {
          status: 'fail',
          what: `Node ${process.versions.node} is too old`,
          fix: ['Install Node 20.19 or newer'],
        };
  },
};

const config: Check = {
  id: 'config',
  run: async ({ context }) => {
    const { only: _terminal, ...everything } = context.configInput;
    const read = await loadConfig(everything);
    const set = read
      .entries()
      .filter((entry) => entry.origin.source !== 'default' && entry.origin.source !== 'none').length;
    return { what: `${set} settings, project file ${read.projectFile ?? 'none'}` };
  },
};

const database: Check = {
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

const clock: Check = {
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
      : { status: 'warn', what, fix: ['Synchronize both clocks (NTP)'] };
  },
};

const keys: Check = {
  id: 'keys',
  run: async ({ target }) => {
    const { options } = await target();
    const { fingerprint } = openKeyring(options.masterKey, options.masterKeyOrigin ?? 'the configuration');
    return { what: `Master key ${fingerprint} from ${options.masterKeyOrigin}` };
  },
};

const migrations: Check = {
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
};

const isolation: Check = {
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
};

const indexes: Check = {
  id: 'indexes',
  needs: ['migrations', 'keys'],
  run: async ({ target }) => {
    const { options } = await target();
    const missing = await findMissingIndexes(options);
    if (missing.length === 0) return { what: 'Every index that lists and rights need is there' };
    const found = missing.map(({ table, columns }) => `${table} (${columns.join(', ')})`);
    const fix = found.map(
      (index) => `create index concurrently on ${options.schema ?? 'dartwing'}.${index};`,
    );
    return { status: 'warn', what: `${missing.length} indexes are missing`, found, fix };
  },
};

const audit: Check = {
  id: 'audit',
  needs: ['isolation'],
  run: async ({ target }): Promise<Outcome> => {
    const { options } = await target();
    const dartwing = await createDartwing({ ...options, background: false });
    try {
      const { findings, summary } = await dartwing.audit.verify();
      const what = `${summary.entries} entries of ${summary.organizations} trails`;
      const found = findings.map((finding) => `${finding.organization}: ${finding.what}`);
      if (summary.fail > 0)
        return {
          status: 'fail',
          what: `${summary.fail} trails have a fault`,
          found,
          fix: ['dartwing audit verify --all'],
        };
      return summary.warn > 0 ? { status: 'warn', what, found, fix: backlogFix } : { what };
    } finally {
      await dartwing.close();
    }
  },
};

const disk: Check = {
  id: 'disk',
  run: async ({ context }) => {
    const folder = context.config.values.data;
    const place = existsSync(folder) ? embeddedStatus(folder, context.env).directory : context.cwd;
    const { bavail, bsize } = await statfs(existsSync(place) ? place : context.cwd);
    const bytes = bavail * bsize;
    const what = `${(bytes / 1_073_741_824).toFixed(1)} GiB free`;
    return bytes >= diskBytesMin
      ? { what }
      : { status: 'warn', what, fix: ['Free space: PostgreSQL stops when the disk is full'] };
  },
};

export const checks: readonly Check[] = [
  node,
  config,
  disk,
  database,
  clock,
  keys,
  migrations,
  isolation,
  indexes,
  audit,
];
