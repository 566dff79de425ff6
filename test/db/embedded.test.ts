import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { findBinaries } from '../../src/core/db/embedded/binaries.js';
import { createCluster } from '../../src/core/db/embedded/cluster.js';
import { findHome } from '../../src/core/db/embedded/home.js';
import { embeddedStatus, findEmbedded, openEmbedded } from '../../src/core/db/embedded/index.js';
import { birthOf } from '../../src/core/db/embedded/processes.js';
import { gone, madeData, newData, User, useStage } from './embedded-stage.js';

const env = process.env;

useStage();

describe('the embedded server', () => {
  it('creates a cluster behind a password the first time, and stops at close', async () => {
    const data = newData();
    const said: string[] = [];
    const server = await openEmbedded({ data, durable: false, env, log: (line) => said.push(line) });
    expect(server).toMatchObject({ started: true, directory: join(data, 'pg') });
    expect(await rows(server.url, 'select current_database() as name')).toEqual([{ name: 'dartwing' }]);
    const wrong = server.url.replace(/:[^:@]+@/, ':wrong@');
    await expect(rows(wrong, 'select 1')).rejects.toMatchObject({ code: '28P01' });
    await server.close();
    expect(await gone(server.pid)).toBe(true);
    expect(said).toEqual([]);
    expect(statSync(join(data, 'pg')).mode & 0o777).toBe(0o700);
    expect(statSync(join(data, 'admin-password')).mode & 0o777).toBe(0o600);
  });

  it('keeps data and port from one start to the next', async () => {
    const data = await madeData();
    const first = await openEmbedded({ data, env });
    await rows(first.url, 'create table kept as select 7 as value');
    await first.close();
    const second = await openEmbedded({ data, env });
    expect(second).toMatchObject({ started: true, port: first.port });
    expect(await rows(second.url, 'select value from kept')).toEqual([{ value: 7 }]);
    await second.close();
  });

  it('is shared, and stopped by the last user only', async () => {
    const data = await madeData();
    const [one, other] = [new User(), new User()];
    const first = await one.open(data);
    const second = await other.open(data);
    expect(second).toMatchObject({ started: false, pid: first.pid, url: first.url });
    await one.close();
    expect(await other.query('select 1 as one')).toEqual([{ one: 1 }]);
    await other.close();
    expect(await gone(first.pid)).toBe(true);
  });

  it('serves eight processes that open at once from one server', async () => {
    const data = newData();
    const users = Array.from({ length: 8 }, () => new User());
    const opened = await Promise.all(users.map((user) => user.open(data)));
    expect(opened.filter((server) => server.started)).toHaveLength(1);
    expect(new Set(opened.map((server) => server.pid)).size).toBe(1);
    const answers = await Promise.all(users.map((user) => user.query('select 1 as one')));
    expect(answers.flat()).toHaveLength(8);
    await Promise.all(users.map((user) => user.close()));
    expect(await gone(opened[0]!.pid)).toBe(true);
  });

  it('survives openings and closings that overlap in every way', async () => {
    const data = newData();
    const rounds = Array.from({ length: 4 }, async () => {
      for (let round = 0; round < 5; round++) {
        const server = await openEmbedded({ data, durable: false, env });
        expect(await rows(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
        await server.close();
      }
    });
    await Promise.all(rounds);
    expect(embeddedStatus(data, env).running).toBe(false);
  });

  it('keeps running for a client that holds nothing, until somebody closes after it', async () => {
    const data = await madeData();
    const server = await openEmbedded({ data, durable: false, env });
    const stranger = new pg.Client({ connectionString: server.url });
    await stranger.connect();
    await server.close();
    expect(await findEmbedded(data)).toBe(server.url);
    await stranger.end();
    await (await openEmbedded({ data, env })).close();
    expect(await gone(server.pid)).toBe(true);
  });

  it('is left running on request, and found without being started', async () => {
    const data = await madeData();
    expect(await findEmbedded(data)).toBeUndefined();
    const server = await openEmbedded({ data, durable: false, env });
    await server.close({ keep: true });
    await server.close();
    expect(await findEmbedded(data)).toBe(server.url);
    const again = await openEmbedded({ data, env });
    expect(again).toMatchObject({ started: false, pid: server.pid });
    await Promise.all([again.close(), again.close()]);
    expect(await findEmbedded(data)).toBeUndefined();
  });

  it('does not keep a process alive that forgot to close it', async () => {
    const user = new User();
    const { pid } = await user.open(await madeData());
    await user.forget();
    expect(await user.exit()).toBe(0);
    expect(birthOf(pid)).toBeDefined();
  });

  it('tells doctor what is installed, where the data are and what runs', async () => {
    const data = newData();
    expect(embeddedStatus(data, env)).toMatchObject({ running: false, pid: undefined, moved: false });
    expect(existsSync(data)).toBe(false);
    const server = await openEmbedded({ data, durable: false, env });
    const { pid, port, directory } = server;
    expect(embeddedStatus(data, env)).toMatchObject({ running: true, pid, port, directory });
    await server.close();
  });
});

describe('the server programs', () => {
  it.skipIf(findBinaries({}, 15) === undefined)(
    'are those of the major version that made the data',
    async () => {
      const data = newData();
      mkdirSync(data, { recursive: true });
      await createCluster(findHome(data), findBinaries({}, 15)!, env, false);
      const server = await openEmbedded({ data, durable: false, env });
      expect(server.version).toMatch(/^15\./);
      await server.close();
    },
  );

  it('are said to be missing when no installed ones can read the data', async () => {
    const home = findHome(newData());
    mkdirSync(home.directory, { recursive: true });
    writeFileSync(join(home.directory, 'PG_VERSION'), '9\n');
    await expect(openEmbedded({ data: dirname(home.directory), env })).rejects.toMatchObject({
      code: 'EMBEDDED_START_FAILED',
      why: expect.stringContaining('PostgreSQL 9'),
    });
  });
});

async function rows(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows as unknown[];
  } finally {
    await client.end();
  }
}
