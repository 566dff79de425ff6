/**
 * A process with many callers of one token. Reads what to do from the first line of stdin, gets the token once while it
 * is good, and says `ready`; at the second line all ask at once, and it says what they got and how long they waited.
 */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { systemClock } from '../../src/core/clock.js';
import { createDartwing, type DartwingOptions } from '../../src/core/index.js';
import { limits } from '../../src/core/limits.js';

interface Task {
  options: DartwingOptions;
  organization: string;
  provider: string;
  callers: number;
}

async function call(): Promise<void> {
  const lines = createInterface({ input: process.stdin });
  const [line] = (await once(lines, 'line')) as [string];
  const { options, organization, provider, callers } = JSON.parse(line) as Task;
  let skippedMs = 0;
  const clock = { now: systemClock.now, monotonicMs: () => systemClock.monotonicMs() + skippedMs };
  const dartwing = await createDartwing({ ...options, clock, background: false, selfTest: 'version' });
  await dartwing.tokens.get(organization, provider);
  const go = once(lines, 'line');
  process.stdout.write('ready\n');
  await go;
  // What this process keeps is too old from now on.
  skippedMs = limits.tokenKeptMs;
  const began = performance.now();
  const got = new Map<string, number>();
  let waitedMs = 0;
  const ask = async () => {
    const said = await dartwing.tokens.get(organization, provider).then(
      ({ accessToken }) => accessToken,
      (error: { code?: string }) => error.code ?? String(error),
    );
    waitedMs = Math.max(waitedMs, performance.now() - began);
    got.set(said, (got.get(said) ?? 0) + 1);
  };
  await Promise.all(Array.from({ length: callers }, ask));
  process.stdout.write(`${JSON.stringify({ got: [...got], waitedMs })}\n`);
  await dartwing.close();
  lines.close();
}

void call();
