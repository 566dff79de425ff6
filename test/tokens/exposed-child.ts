/**
 * A process that connects a hundred secrets, uses each and fails with some. Reads what to do from stdin, says `used` while
 * it is open and holds them, and after the next line closes, forgets, and writes what its memory still has.
 */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { writeHeapSnapshot } from 'node:v8';
import { createDartwing, type DartwingOptions, withholdMemory } from '../../src/core/index.js';

interface Task {
  options: DartwingOptions;
  /** Secrets, and where the memory is written. */
  secrets: string[];
  report: string;
  heap: string;
  /** Whether it keeps its memory out of core dumps. */
  withheld?: boolean;
}

async function expose(): Promise<void> {
  const lines = createInterface({ input: process.stdin });
  const { heap, withheld, ...task } = await readTask(lines);
  if (withheld) withholdMemory();
  await use(task, lines);
  lines.close();
  // More than once, with a pause: what a promise or a socket held goes with the next.
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  writeHeapSnapshot(heap);
}

async function use(
  { options, secrets, report }: Omit<Task, 'heap' | 'withheld'>,
  lines: ReturnType<typeof createInterface>,
): Promise<void> {
  const dartwing = await createDartwing({ ...options, background: false, selfTest: 'version' });
  const connect = async (secret: string, index: number) => {
    const account = `exposed-${index}`;
    await dartwing.tokens.connect.secret('acme', { provider: 'telnyx', account, secret });
    await dartwing.tokens.get('acme', 'telnyx', account);
    if (index % 10 === 0)
      await dartwing.tokens.connect
        .secret('acme', { provider: 'twilio', account, secret })
        .catch((error: Error) => process.stderr.write(`${error.stack}\n`));
  };
  await Promise.all(secrets.splice(0).map(connect));
  const next = once(lines, 'line');
  process.stdout.write('used\n');
  await next;
  process.report.writeReport(report);
  await dartwing.close();
}

async function readTask(lines: ReturnType<typeof createInterface>): Promise<Task> {
  const [line] = (await once(lines, 'line')) as [string];
  return JSON.parse(line) as Task;
}

void expose();
