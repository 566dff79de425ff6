import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { birthOf } from '../../src/core/db/embedded/processes.js';
import { gone, killAll, madeData, newData, serverTree, User, useStage } from './embedded-stage.js';

useStage();

it('takes over the server that a killed process left, and stops it as its last user', async () => {
  const data = await madeData();
  const victim = new User();
  const left = await victim.open(data);
  await victim.query('create table kept as select 7 as value');
  await victim.kill();
  expect(birthOf(left.pid)).toBeDefined();
  const next = new User();
  expect(await next.open(data)).toMatchObject({ started: false, pid: left.pid });
  expect(await next.query('select value from kept')).toEqual([{ value: 7 }]);
  await next.close();
  expect(await gone(left.pid)).toBe(true);
});

it('loses no committed row when everything is killed at once', async () => {
  const data = await madeData();
  let committed = 0;
  for (let round = 0; round < 3; round++) {
    const user = new User();
    const server = await user.open(data, true);
    await user.query('create table if not exists entry (id int generated always as identity, body text)');
    const found = await user.query('select count(*)::int as count from entry');
    expect(found).toEqual([{ count: committed }]);
    for (let row = 0; row < 20; row++, committed++)
      await user.query(`insert into entry (body) values ('${row}')`);
    killAll(serverTree(server.pid));
    await user.kill();
  }
  const last = new User();
  expect(await last.open(data)).toMatchObject({ started: true });
  expect(await last.query('select count(*)::int as count from entry')).toEqual([{ count: committed }]);
  await last.close();
});

it('ends the busy backends of a server that was killed alone', async () => {
  const data = await madeData();
  const [busy, next] = [new User(), new User()];
  const { pid } = await busy.open(data);
  const working = busy.query('select count(*) from generate_series(1, 1e9)').catch(() => {});
  await setTimeout(300);
  process.kill(pid, 'SIGKILL');
  const opened = await next.open(data);
  expect(opened.started).toBe(true);
  expect(await next.query('select 1 as one')).toEqual([{ one: 1 }]);
  await working;
  await next.close();
});

it('holds a server again that died and came back, and never fails its own process', async () => {
  const data = await madeData();
  const [patient, other] = [new User(), new User()];
  const first = await patient.open(data);
  process.kill(first.pid, 'SIGKILL');
  await gone(first.pid);
  const second = await other.open(data);
  expect(second).toMatchObject({ started: true, port: first.port });
  await setTimeout(2_000);
  await other.close();
  expect(await patient.query('select 1 as one')).toEqual([{ one: 1 }]);
  await patient.close();
  expect(await gone(second.pid)).toBe(true);
});

it('closes in peace when the server is dead', async () => {
  const user = new User();
  const { pid } = await user.open(await madeData());
  process.kill(pid, 'SIGKILL');
  await gone(pid);
  await user.close();
});

it('starts afresh after a kill in the middle of creating the cluster', async () => {
  const data = newData();
  const victim = new User();
  const creating = victim.step('create');
  victim.open(data).catch(() => {});
  await creating;
  await setTimeout(150);
  expect(readdirSync(data).join()).toContain('pg.new-');
  await victim.kill();
  const next = new User();
  expect(await next.open(data)).toMatchObject({ started: true });
  expect(readdirSync(data).filter((name) => name.startsWith('pg.new-'))).toEqual([]);
  await next.close();
});

it('goes on when a process is killed while it starts the server', async () => {
  const data = newData();
  const victim = new User();
  const starting = victim.step('start');
  victim.open(data).catch(() => {});
  await starting;
  await victim.kill();
  const next = new User();
  await next.open(data);
  expect(await next.query('select current_database() as name')).toEqual([{ name: 'dartwing' }]);
  await next.close();
});

it('starts whatever a dead server, another process or a power cut left in postmaster.pid', async () => {
  const data = await madeData();
  const user = new User();
  const { directory } = await user.open(data);
  await user.close();
  const noServer = `${process.pid}\n/elsewhere\n1\n5432\n\n\n\nready   \n`;
  const dead = '4194303\n/elsewhere\n1\n5432\n\n\n\nstarting\n';
  for (const content of [noServer, dead, '']) {
    writeFileSync(join(directory, 'postmaster.pid'), content);
    expect(await user.open(data)).toMatchObject({ started: true });
    await user.close();
  }
});

it('removes what was left of a cluster that got its name before the kill', async () => {
  const data = await madeData();
  const user = new User();
  await user.open(data);
  await user.close();
  mkdirSync(join(data, 'pg.new-0a0a0a0a'));
  await user.open(data);
  await user.close();
  expect(existsSync(join(data, 'pg.new-0a0a0a0a'))).toBe(false);
});
