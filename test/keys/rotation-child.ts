/**
 * A process that rotates and kills itself just before or just after its n-th COMMIT. Reads what to do from stdin; says
 * how many there were when it comes to its end.
 */
import { text } from 'node:stream/consumers';
import pg from 'pg';
import { createDartwing, type DartwingOptions } from '../../src/core/index.js';

interface Task {
  options: DartwingOptions;
  organization: string;
  /** Which COMMIT, from 1; 0 for none. */
  commit: number;
  when: 'before' | 'after';
}

async function rotate(): Promise<void> {
  const { options, organization, commit, when } = JSON.parse(await text(process.stdin)) as Task;
  const dartwing = await createDartwing({ ...options, background: false, selfTest: 'version' });
  let commits = 0;
  const query = pg.Client.prototype.query as (...args: unknown[]) => unknown;
  const watched = function (this: pg.Client, ...args: unknown[]): unknown {
    if (args[0] !== 'commit') return query.apply(this, args);
    commits += 1;
    const mine = commits === commit;
    if (mine && when === 'before') process.kill(process.pid, 'SIGKILL');
    const answer = query.apply(this, args) as Promise<unknown>;
    return mine ? answer.then(() => process.kill(process.pid, 'SIGKILL')) : answer;
  };
  pg.Client.prototype.query = watched as typeof pg.Client.prototype.query;
  await dartwing.keys.rotate({ organization, purpose: 'fax', reseal: true }, { reason: 'crash test' });
  process.stdout.write(String(commits));
  await dartwing.close();
}

void rotate();
