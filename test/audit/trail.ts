/** A test database with its audit trail, and the ways tests reach it. */
import pg from 'pg';
import { type AuditKey, sequenceOnce } from '../../src/core/audit/index.js';
import { openDatabase, type Tx } from '../../src/core/db/index.js';
import { describeInstallation } from '../../src/core/options.js';
import { createTestDatabase, testOptions } from '../support/database.js';

export interface Trail {
  key: AuditKey;
  /** Names of the database roles. */
  roles: { app: string; owner: string; sequencer: string };
  /** Transactions of the tenant role, bound to an organization. */
  asOrg<T>(organization: string, work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Transactions of the system role. */
  database: { transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> };
  listen(): Promise<pg.Client>;
  /** One round of the sequencer. */
  sequence(): ReturnType<typeof sequenceOnce>;
  /** The superuser with the triggers off: what somebody with the server's password can do. */
  attack(sql: string): Promise<void>;
  /** The superuser with the triggers on. */
  superuser: pg.Pool;
  close(): Promise<void>;
}

/** Opens a trail of its own for the calling test file. Nothing is staged, and nobody sequences but the tests. */
export async function openTrail(): Promise<Trail> {
  const clone = await createTestDatabase();
  const installation = describeInstallation(testOptions(clone));
  const database = openDatabase({ ...installation.database, ringAudit: () => {}, onFailure: () => {} });
  const superuser = new pg.Pool({ connectionString: clone.url, options: '-c search_path=dartwing' });
  superuser.on('error', () => {});
  const { roles } = database;
  const key = installation.keyring.auditKey;
  const system: Trail['database'] = { transaction: (work) => database.asMachinery(work) };
  const sequence = () => sequenceOnce({ database: system, role: roles.sequencer, keys: [key] });
  while ((await sequence()).entries > 0);
  return {
    key,
    roles,
    asOrg: database.asOrg,
    database: system,
    listen: database.listener,
    sequence,
    attack: async (sql) => {
      await superuser.query('alter table audit_event disable trigger user');
      await superuser.query(sql);
      await superuser.query('alter table audit_event enable always trigger audit_event_immutable');
    },
    superuser,
    close: async () => {
      await Promise.all([superuser.end(), database.close()]);
    },
  };
}
