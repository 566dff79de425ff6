/** A database with the audit tables for one test file, and the ways tests reach it. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { AuditKey, AuditTransaction, Queryable } from '../../src/core/audit/index.js';
import { auditMigrationSql } from '../../src/core/audit/index.js';
import { type Clock, systemClock } from '../../src/core/clock.js';

const server = process.env.AUDIT_TEST_URL ?? 'postgres://postgres@127.0.0.1:5691/postgres';

export interface Trail {
  key: AuditKey;
  role: string;
  clock: Clock;
  /** Transactions of the tenant role, bound to an organization. */
  asOrg<T>(organization: string, work: (tx: AuditTransaction) => Promise<T>): Promise<T>;
  /** Transactions of the system role. */
  database: { transaction<T>(work: (tx: AuditTransaction) => Promise<T>): Promise<T> };
  listen(): Promise<pg.Client>;
  /** The superuser's hand: what an attacker with the database password can do. Triggers are off. */
  attack(sql: string, values?: unknown[]): Promise<pg.QueryResult>;
  /** The superuser with all triggers on. */
  superuser: pg.Pool;
  close(): Promise<void>;
}

export async function openTrail(): Promise<Trail> {
  const name = `audit_${randomBytes(5).toString('hex')}`;
  const admin = new pg.Client(server);
  await admin.connect();
  await admin.query(`create database ${name}`);
  const url = (user: string) => Object.assign(new URL(server), { username: user, pathname: `/${name}` }).href;
  const options = '-c search_path=dartwing';
  const superuser = new pg.Pool({ connectionString: url('postgres'), options });
  const sql = auditMigrationSql
    .replaceAll('{{schema}}', '"dartwing"')
    .replaceAll(/\{\{(\w+)\}\}/g, (_whole, role: string) => `"dw_${role}"`);
  await superuser.query(`create schema dartwing authorization dw_owner; grant usage on schema dartwing to dw_app, dw_system;
    set role dw_owner; ${sql}; reset role`);
  const app = new pg.Pool({ connectionString: url('dw_app'), options });
  const system = new pg.Pool({ connectionString: url('dw_system'), options, max: 10 });
  for (const pool of [superuser, app, system]) {
    pool.on('error', () => {});
    // Tests kill connections while they are in use.
    pool.on('connect', (client) => client.on('error', () => {}));
  }
  const key = { id: 1, secret: randomBytes(32) };
  const clock = systemClock;
  const transaction = async <T>(
    pool: pg.Pool,
    organization: string | undefined,
    work: (tx: AuditTransaction) => Promise<T>,
  ): Promise<T> => {
    const client = await pool.connect();
    const hooks: (() => void | Promise<void>)[] = [];
    const query: Queryable['query'] = async (text, values = [], statement) => {
      const result = await client.query({
        text,
        values: [...values],
        ...(statement ? { name: statement } : {}),
      });
      return { rows: result.rows, rowCount: result.rowCount ?? 0 };
    };
    let broken = true;
    try {
      await client.query('begin');
      if (organization !== undefined)
        await client.query("select set_config('dartwing.org', $1, true)", [organization]);
      const value = await work({
        organization,
        clock,
        auditKey: key,
        query,
        afterCommit: (hook) => hooks.push(hook),
      });
      await client.query('commit');
      broken = false;
      for (const hook of hooks) await hook();
      return value;
    } finally {
      client.release(broken);
    }
  };
  return {
    key,
    role: 'dw_sequencer',
    clock,
    asOrg: (organization, work) => transaction(app, organization, work),
    database: { transaction: (work) => transaction(system, undefined, work) },
    listen: async () => {
      const client = new pg.Client(url('dw_system'));
      await client.connect();
      return client;
    },
    attack: async (statement, values) => {
      await superuser.query('alter table audit_event disable trigger all');
      try {
        return await superuser.query(statement, values);
      } finally {
        await superuser.query('alter table audit_event enable always trigger audit_event_immutable');
      }
    },
    superuser,
    close: async () => {
      await Promise.all([superuser.end(), app.end(), system.end()]);
      await admin.query(`drop database ${name} with (force)`);
      await admin.end();
    },
  };
}
