/**
 * One PostgreSQL for the whole run, with one migrated template database that each test file clones. The server is
 * DARTWING_TEST_DATABASE_URL (an administrator's address) or an embedded one in a temporary folder.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { openEmbedded } from '../../src/core/db/embedded/index.js';
import { migrateInstallation } from '../../src/core/index.js';
import { addressOf, masterKey, templateName } from './server.js';

declare module 'vitest' {
  export interface ProvidedContext {
    serverUrl: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startServer();
  await makeTemplate(server.url);
  project.provide('serverUrl', server.url);
  return server.stop;
}

async function startServer(): Promise<{ url: string; stop: () => Promise<void> }> {
  const given = process.env.DARTWING_TEST_DATABASE_URL;
  if (given) return { url: given, stop: async () => {} };
  const folder = mkdtempSync(join(tmpdir(), 'dartwing-test-'));
  await chmod(folder, 0o755);
  const server = await openEmbedded({ data: join(folder, '.dartwing'), env: process.env, durable: false });
  return {
    url: server.url,
    stop: async () => {
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function makeTemplate(serverUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  await client.query(`drop database if exists ${templateName}`);
  await client.query(`create database ${templateName}`);
  await client.end();
  await migrateInstallation({ url: addressOf(serverUrl, templateName), masterKey });
}
