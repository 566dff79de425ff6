import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { testOptions } from '../support/database.js';
import { bundleChild } from '../support/killed.js';
import { openQuirkyServer, rotatingTokens } from './quirky-server.js';
import { connectByCode, endIn, openTokenWorld, tokenOptions } from './world.js';

const long = process.env.DARTWING_LONG !== undefined;
const processes = long ? 4 : 2;
const callers = long ? 2_500 : 500;
const providerMs = long ? 1_000 : 100;
const slackMs = 250;

it('one renewal serves the callers of all processes, and none waits much longer than it took', {
  timeout: 120_000,
}, async () => {
  const quirky = await openQuirkyServer();
  const options = tokenOptions({ quirky: quirky.entry() }, [quirky.host]);
  const world = await openTokenWorld(options);
  const child = await bundleChild(new URL('./callers-child.ts', import.meta.url));
  const tokens = rotatingTokens();
  quirky.answer = tokens.answer;
  const id = (await connectByCode(world, 'acme', 'quirky')).after!.id;
  quirky.requests.length = 0;
  quirky.answer = (request, response) => void setTimeout(() => tokens.answer(request, response), providerMs);
  const { clock: _, ...more } = options;
  const task = {
    options: { ...testOptions(world.database), ...more },
    organization: 'acme',
    provider: 'quirky',
    callers,
  };
  const running = await Promise.all(
    Array.from({ length: processes }, async () => {
      const process_ = spawn(process.execPath, [child.file], { stdio: ['pipe', 'pipe', 'inherit'] });
      const lines = createInterface({ input: process_.stdout });
      process_.stdin.write(`${JSON.stringify(task)}\n`);
      expect(await once(lines, 'line')).toEqual(['ready']);
      return { process_, lines };
    }),
  );
  await endIn(world, id, -1);
  const said = await Promise.all(
    running.map(async ({ process_, lines }) => {
      const line = once(lines, 'line');
      const ended = once(process_, 'exit');
      process_.stdin.end('go\n');
      const [answer] = (await line) as [string];
      expect(await ended).toEqual([0, null]);
      return JSON.parse(answer) as { got: [string, number][]; waitedMs: number };
    }),
  );
  child.remove();
  expect(said.map(({ got }) => got)).toEqual(Array(processes).fill([['marker-access-2', callers]]));
  expect(quirky.requests).toHaveLength(1);
  expect(tokens.isOver()).toBe(false);
  const { rows } = await world.database.admin.query<{ ms: number }>(
    'select (extract(epoch from finished_at - started_at) * 1000)::int as ms from refresh_attempt where integration = $1',
    [id],
  );
  expect(rows).toHaveLength(1);
  const beyondMs = Math.max(...said.map(({ waitedMs }) => waitedMs)) - rows[0]!.ms;
  // A machine that tests share may stop a process for longer than this.
  if (!long) return;
  process.stdout.write(`waited ${Math.round(beyondMs)} ms longer than the renewal of ${rows[0]!.ms} ms\n`);
  expect(beyondMs).toBeLessThan(slackMs);
});
