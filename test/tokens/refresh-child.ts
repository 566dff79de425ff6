/**
 * A process that asks for a token and kills itself just before or just after its n-th COMMIT, or its n-th call of the
 * provider. Reads what to do from stdin; says how many there were when it comes to its end.
 */
import { channel } from 'node:diagnostics_channel';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import { createDartwing, type DartwingOptions } from '../../src/core/index.js';

interface Task {
  options: DartwingOptions;
  organization: string;
  provider: string;
  /** Which step, from 1; 0 for none. */
  step: number;
  /** After the step instead of before it. */
  after: boolean;
}

async function ask(): Promise<void> {
  const { options, organization, provider, step, after } = JSON.parse(await text(process.stdin)) as Task;
  const dartwing = await createDartwing({ ...options, background: false, selfTest: 'version' });
  const steps: string[] = [];
  /** Counts a step, and tells whether it is the one to die at. */
  const count = (name: string): boolean => steps.push(name) === step;
  const die = () => process.kill(process.pid, 'SIGKILL');
  const query = pg.Client.prototype.query as (...args: unknown[]) => unknown;
  pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]): unknown {
    const [statement] = args as [string | { text: string }];
    const words = typeof statement === 'string' ? statement : statement.text;
    if (words !== 'commit') return query.apply(this, args);
    const mine = count('commit');
    if (mine && !after) die();
    const answer = query.apply(this, args) as Promise<unknown>;
    return mine ? answer.then(die) : answer;
  } as typeof pg.Client.prototype.query;
  // The provider has answered, and nothing of it is written: that is after the call.
  let isMine = false;
  channel('undici:request:create').subscribe(() => {
    isMine = count('call');
    if (isMine && !after) die();
  });
  channel('undici:request:trailers').subscribe(() => {
    if (isMine) die();
  });
  await dartwing.tokens.get(organization, provider);
  process.stdout.write(JSON.stringify(steps));
  await dartwing.close();
}

void ask();
