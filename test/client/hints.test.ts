import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { followHints } from '../../src/client/index.js';

/** A socket and a client whose synchronizations a test ends. */
function parts() {
  const emitter = new EventEmitter();
  const asked: unknown[] = [];
  const socket = {
    connected: false,
    on: (event: string, listener: (message: unknown) => void) => emitter.on(event, listener),
    off: (event: string, listener: (message: unknown) => void) => emitter.off(event, listener),
    emit: (event: string, message: unknown) => asked.push([event, message]),
  };
  const ends: ((failed?: boolean) => void)[] = [];
  const client = {
    sync: () =>
      new Promise<never>((resolve, reject) => {
        ends.push((failed) => (failed ? reject(new Error('offline')) : (resolve as () => void)()));
      }),
  };
  const wait = () => Promise.resolve();
  return { socket, client, ends, asked, wait, tell: (event: string) => emitter.emit(event, {}), emitter };
}

/** Lets everything run that waits for nothing. */
const breathe = () => new Promise((resolve) => setImmediate(resolve));

it('synchronizes after hints, those that come together once, and again for one that came meanwhile', async () => {
  const { socket, client, ends, asked, wait, tell } = parts();
  followHints(client, socket, { organization: 'acme', doctypes: ['Task', 'Note'], wait });
  expect(ends).toHaveLength(0);
  tell('ready');
  tell('delta');
  tell('delta');
  await breathe();
  expect(asked).toEqual([
    ['subscribe', { channel: 'sync:Task:acme' }],
    ['subscribe', { channel: 'sync:Note:acme' }],
  ]);
  expect(ends).toHaveLength(1);
  tell('delta');
  tell('resync');
  await breathe();
  expect(ends).toHaveLength(1);
  ends[0]!();
  await breathe();
  expect(ends).toHaveLength(2);
  ends[1]!(true);
  await breathe();
  expect(ends).toHaveLength(2);
  tell('delta');
  await breathe();
  expect(ends).toHaveLength(3);
});

it('follows a socket that is connected already, and stops when told', async () => {
  const { socket, client, ends, asked, wait, tell, emitter } = parts();
  const stop = followHints(
    client,
    { ...socket, connected: true },
    { organization: 'acme', doctypes: ['Task'], wait },
  );
  await breathe();
  expect([asked.length, ends.length]).toEqual([1, 1]);
  tell('delta');
  stop();
  ends[0]!();
  tell('delta');
  await breathe();
  expect(ends).toHaveLength(1);
  expect(emitter.eventNames()).toEqual([]);
});
