import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { errorEvent, program, temporaryFolder } from '../support/cli.js';

/** Starts a verb that waits for stdin, which stays open, and does something to it once it waits. */
async function interrupt(
  words: readonly string[],
  act: (child: ReturnType<typeof spawn>) => void,
): Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }> {
  const home = temporaryFolder();
  const child = spawn(process.execPath, [program, 'profile', 'add', 'prod', '--url-stdin', ...words], {
    cwd: home,
    env: { PATH: process.env.PATH ?? '', HOME: home },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  setTimeout(() => act(child), 1_000).unref();
  return new Promise((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s ends a command with %i and says so', async (signal, exit) => {
  const { code, stdout, stderr } = await interrupt(['--json'], (child) => child.kill(signal));
  expect({ code, stdout }).toEqual({ code: exit, stdout: '' });
  expect(errorEvent(stderr).code).toBe('CANCELED');
});

test('a second signal ends it at once', async () => {
  const { signal } = await interrupt([], (child) => {
    child.kill('SIGINT');
    setTimeout(() => child.kill('SIGINT'), 200).unref();
  });
  expect(signal).toBe('SIGINT');
});

test('--timeout ends a command with 7', async () => {
  const { code, stderr } = await interrupt(['--timeout', '300ms', '--json'], () => {});
  expect(code).toBe(7);
  expect(errorEvent(stderr)).toMatchObject({
    code: 'TIMED_OUT',
    message: expect.stringContaining('300ms') as string,
  });
});
