/** A real Redis on loopback, where its program is installed (Debian: redis-server). */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { atEnd } from '../support/ending.js';
import { freePort } from '../support/port.js';

export const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

export interface RedisServer {
  url: string;
  kill(): Promise<void>;
  start(): Promise<void>;
}

export async function startRedis(): Promise<RedisServer> {
  const port = await freePort();
  let child: ChildProcess | undefined;
  const start = async () => {
    const mine = spawn(
      'redis-server',
      ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
      {
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    child = mine;
    await new Promise<void>((resolve, reject) => {
      mine.stdout.on('data', (chunk: Buffer) => {
        if (chunk.toString().includes('eady to accept connections')) resolve();
      });
      mine.once('exit', () => reject(new Error('redis-server ended')));
    });
  };
  const kill = async () => {
    if (child === undefined || child.exitCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    child = undefined;
  };
  await start();
  atEnd(kill);
  return { url: `redis://127.0.0.1:${port}`, kill, start };
}
