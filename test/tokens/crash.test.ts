import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { testOptions } from '../support/database.js';
import { bundleChild } from '../support/killed.js';
import { openQuirkyServer, type QuirkyServer, rotatingTokens } from './quirky-server.js';
import {
  connectByCode,
  endIn,
  openTokenWorld,
  secretOf,
  skip,
  type TokenWorld,
  tokenOptions,
} from './world.js';

let quirky: QuirkyServer;
let world: TokenWorld;
let options: ReturnType<typeof tokenOptions>;
let child: Awaited<ReturnType<typeof bundleChild>>;

beforeAll(async () => {
  quirky = await openQuirkyServer();
  const entry = quirky.entry();
  const providers = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`quirky${index}`, entry]));
  options = tokenOptions(providers, [quirky.host], { leaseMs: 300 });
  world = await openTokenWorld(options);
  child = await bundleChild(new URL('./refresh-child.ts', import.meta.url));
});
afterAll(() => child.remove());

/** Runs the child; undefined when it was killed, else what it did. */
async function askInChild(provider: string, step: number, after: boolean): Promise<string[] | undefined> {
  const running = spawn(process.execPath, [child.file], { stdio: ['pipe', 'pipe', 'inherit'] });
  const { clock: _, ...more } = options;
  const task = {
    options: { ...testOptions(world.database), ...more },
    organization: 'acme',
    provider,
    step,
    after,
  };
  running.stdin.end(JSON.stringify(task));
  const [said, [, signal]] = await Promise.all([text(running.stdout), once(running, 'exit')]);
  if (signal === 'SIGKILL') return undefined;
  return JSON.parse(said) as string[];
}

it('is killed before and after each step of a renewal; only where the provider had rotated already somebody has to authorize again', {
  timeout: 120_000,
}, async () => {
  let count = 0;
  const prepare = async () => {
    count += 1;
    const provider = `quirky${count}`;
    const tokens = rotatingTokens();
    quirky.answer = tokens.answer;
    const { after } = await connectByCode(world, 'acme', provider);
    await endIn(world, after!.id, -1);
    return { provider, tokens, id: after!.id };
  };
  const whole = await prepare();
  const steps = (await askInChild(whole.provider, 0, false))!;
  const call = steps.indexOf('call') + 1;
  // Find, look, take the lease with the intent, ask, write; then the bell and another look.
  expect(steps.slice(call - 4, call + 1)).toEqual(['commit', 'commit', 'commit', 'call', 'commit']);
  // Before a step the world is as after the one before it, except for the call, which others can see.
  const few: [number, boolean][] = [
    [call - 2, true],
    [call - 1, true],
    [call, false],
    [call, true],
    [call + 1, true],
  ];
  const every = steps.flatMap((_, index): [number, boolean][] => [
    [index + 1, false],
    [index + 1, true],
  ]);
  const outcomes: string[] = [];
  for (const [step, after] of process.env.DARTWING_LONG === undefined ? few : every) {
    const { provider, tokens, id } = await prepare();
    expect(await askInChild(provider, step, after), `step ${step} of ${steps.join(' ')}`).toBeUndefined();
    const rotated = tokens.issued() === 2;
    skip(30_000);
    const found = await world.dartwing.tokens
      .get('acme', provider)
      .then(secretOf, (error: { code: string }) => error.code);
    const { rows } = await world.database.admin.query(
      'select outcome from refresh_attempt where integration = $1 order by started_at',
      [id],
    );
    const written = rows[0]?.outcome === 'ok';
    outcomes.push(`${after ? 'after' : 'before'} ${steps[step - 1]}: ${found}`);
    if (rotated && !written) {
      expect(found).toBe('INTEGRATION_REAUTH_REQUIRED');
      expect(rows.map(({ outcome }) => outcome)).toEqual(['unknown', 'reauthorize']);
    } else {
      expect(found).toBe('marker-access-2');
      expect(tokens.isOver()).toBe(false);
    }
    expect((await world.dartwing.keys.verify({ organization: 'acme' })).findings).toEqual([]);
  }
  expect(outcomes).toEqual(expect.arrayContaining(['after call: INTEGRATION_REAUTH_REQUIRED']));
  expect(outcomes).toEqual(expect.arrayContaining(['before call: marker-access-2']));
});

it('wipes although a process died that held the lease, when that is over', async () => {
  const tokens = rotatingTokens();
  quirky.answer = tokens.answer;
  const { after } = await connectByCode(world, 'acme', 'quirky39');
  await world.database.admin.query(
    `update organization_integration set lease = gen_random_uuid(), lease_until = clock_timestamp() + interval '200 ms'
     where id = $1`,
    [after!.id],
  );
  const done = await world.dartwing.tokens.revoke('acme', after!.id);
  expect(done).toMatchObject({ provider: 'not_supported', change: { op: 'delete' } });
});
