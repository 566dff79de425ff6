/** The door of a process that is killed at any moment and started again when somebody calls. */
import { type ChildProcess, fork } from 'node:child_process';
import { ClientFault, faultOf } from '../../src/client/index.js';
import type { Dartwing, DartwingOptions } from '../../src/core/index.js';
import type { Asked, Told } from './door-child.js';

export interface KillableDoor {
  door: Pick<Dartwing['sync'], 'feed' | 'push'>;
  /** Kills the process after a pause, wherever it is then. */
  killIn(ms: number): void;
  readonly kills: number;
  stop(): void;
}

export function killableDoor(file: string, options: DartwingOptions): KillableDoor {
  let running: Promise<ChildProcess> | undefined;
  let calls = 0;
  let kills = 0;
  const waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();

  const start = (): Promise<ChildProcess> => {
    const started = new Promise<ChildProcess>((resolve, reject) => {
      const child = fork(file, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
      child.on('message', ({ number, answer, fault }: Told) => {
        if (number === 0) return resolve(child);
        const call = waiting.get(number);
        waiting.delete(number);
        if (fault === undefined) call?.resolve(answer);
        else call?.reject(faultOf(fault.status, fault));
      });
      child.on('exit', () => {
        if (running === started) running = undefined;
        const gone = new ClientFault('OFFLINE', 'the server died');
        reject(gone);
        for (const call of waiting.values()) call.reject(gone);
        waiting.clear();
      });
      child.send(options);
    });
    return started;
  };

  const ask =
    (verb: Asked['verb']) =>
    async (...given: unknown[]): Promise<never> => {
      running ??= start();
      const asked = running;
      const child = await asked;
      const number = ++calls;
      return new Promise((resolve, reject) => {
        waiting.set(number, { resolve: resolve as (answer: unknown) => void, reject });
        child.send({ number, verb, given } as Asked, (error) => {
          if (!error) return;
          // Its end is not known yet; who asks again meanwhile would meet it again.
          if (running === asked) running = undefined;
          reject(new ClientFault('OFFLINE', 'the server died'));
        });
      });
    };

  const kill = () => {
    void running?.then(
      (child) => {
        kills++;
        child.kill('SIGKILL');
      },
      () => {},
    );
  };
  return {
    door: { feed: ask('feed'), push: ask('push') },
    killIn: (ms) => {
      setTimeout(kill, ms);
    },
    get kills() {
      return kills;
    },
    stop: kill,
  };
}
