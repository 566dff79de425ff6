/** An installation with work in it for the commands of jobs, and programs that are told to stop. */
import { spawn } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { createDartwing, type Dartwing, PermanentJobError } from '../../src/core/index.js';
import { program, type RunResult } from '../support/cli.js';
import { createTestDatabase, type TestDatabase, testOptions } from '../support/database.js';
import { atEnd } from '../support/ending.js';
import { type Operator, operatorOf } from '../support/operator.js';

export interface CommandWorld {
  database: TestDatabase;
  dartwing: Dartwing;
  operator: Operator;
  /** Runs everything that stands in a line, in this process. */
  work(): Promise<void>;
}

/**
 * Organizations acme and globex; the types `mail.send`, which fails for good unless its input has `to`, and `note.write`,
 * which succeeds.
 */
export async function openCommandWorld(): Promise<CommandWorld> {
  const database = await createTestDatabase();
  const dartwing = await createDartwing(testOptions(database));
  atEnd(() => dartwing.close());
  for (const slug of ['acme', 'globex'])
    await dartwing.tenancy.create({ slug, type: 'company', owner: `ana@${slug}.test` });
  const retries = { delaysMs: [], deduplicationMs: 0 };
  dartwing.jobs.define('mail.send', {
    ...retries,
    handler: (input) => {
      if ((input as { to?: string }).to === undefined) throw new PermanentJobError('no recipient\u0007');
      return { sent: true };
    },
  });
  dartwing.jobs.define('note.write', { description: 'Writes a note', handler: () => ({ written: true }) });
  const work = async () => {
    const worker = dartwing.jobs.work();
    await worker.ready;
    await worker.empty();
    await worker.stop();
  };
  await work();
  return { database, dartwing, operator: operatorOf(database), work };
}

/** Starts a line that runs until it is told to end. */
export function start(line: string, env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [program, ...line.split(' ')], {
    cwd: '/',
    env: { PATH: process.env.PATH ?? '', LANG: 'C.UTF-8', TZ: 'UTC', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const said: RunResult = { stdout: '', stderr: '', code: null };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text;
  });
  const ended = new Promise<RunResult>((resolve) => {
    child.on('close', (code) => resolve({ ...said, code }));
  });
  /** Waits for a text on stderr. */
  const says = async (text: string | RegExp): Promise<void> => {
    const end = performance.now() + 20_000;
    while (said.stderr.match(text) === null) {
      if (performance.now() > end || child.exitCode !== null)
        throw new Error(`${line} does not say ${text}: ${said.stderr}`);
      await setTimeout(10);
    }
  };
  return { child, said, ended, says };
}
