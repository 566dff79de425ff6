/** A program that is killed in the middle of a transaction, at a statement that the test chooses. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect } from 'vitest';
import type { TestDatabase } from './database.js';

/** A `…-child.ts` beside the test, as one file that node runs at once. */
export async function bundleChild(source: URL): Promise<{ file: string; remove(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'dartwing-child-'));
  const file = join(folder, 'child.cjs');
  await build({
    entryPoints: [fileURLToPath(source)],
    outfile: file,
    bundle: true,
    platform: 'node',
    define: { 'import.meta.url': JSON.stringify(source.href) },
    external: ['pg-native', '@aws-sdk/client-kms'],
    logLevel: 'error',
  });
  return { file, remove: () => rmSync(folder, { recursive: true }) };
}

/** Where the program is stopped before it is killed. */
export interface Place {
  table: string;
  event: 'insert' | 'update' | 'delete';
  /** At the end of the transaction instead of at the statement. */
  atCommit?: boolean;
}

const key = 4711;

/** Runs a bundled program with `input` on its stdin, kills it when it has reached the place, and waits for its end. */
export async function killAt(
  { admin }: TestDatabase,
  bundle: string,
  input: object,
  { table, event, atCommit = false }: Place,
): Promise<void> {
  await admin.query(`create or replace function hold_up() returns trigger language plpgsql as
    $$ begin perform pg_advisory_xact_lock(${key}); return null; end $$`);
  await admin.query(
    `create constraint trigger hold_up after ${event} on ${table} deferrable
     initially ${atCommit ? 'deferred' : 'immediate'} for each row execute function hold_up()`,
  );
  await admin.query(`select pg_advisory_lock(${key})`);
  const child = spawn(process.execPath, [bundle], { stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.end(JSON.stringify(input));
  const waiting = `from pg_locks where locktype = 'advisory' and objid = ${key} and not granted`;
  await expect
    .poll(async () => (await admin.query(`select ${waiting}`)).rowCount, { timeout: 15_000, interval: 20 })
    .toBe(1);
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
  await admin.query(`select pg_terminate_backend(pid) ${waiting}`);
  await admin.query(`select pg_advisory_unlock(${key})`);
  // Waits for the lock on the table, so for the end of the transaction that was cut off.
  await admin.query(`drop trigger hold_up on ${table}`);
}
