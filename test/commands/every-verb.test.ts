/**
 * The promises that hold for every verb (the contract's §5, §8 and §21): its first example is run as a program would
 * run it, without a terminal and with nothing on stdin.
 */
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { visibleNouns, visibleVerbs } from '../../src/commands/help/index.js';
import { commandPath } from '../../src/commands/line.js';
import { schemas } from '../../src/commands/schemas/index.js';
import { allNouns } from '../../src/commands/specs.js';
import { errorEvent, exampleWords, type RunResult, run, temporaryFolder } from '../support/cli.js';
import { openTestDartwing } from '../support/database.js';
import { operatorOf, rowsHash } from '../support/operator.js';

/** They stay until somebody ends them, or wait for somebody: their own tests end them. */
const staying = ['up', 'serve', 'worker', 'audit tail', 'job watch', 'profile login', 'profile totp'];
const escapeByte = String.fromCharCode(27);
const atOnce = 3;

const { database, dartwing } = await openTestDartwing();
await dartwing.tenancy.create({ slug: 'acme', type: 'company', owner: 'ana@acme.test' });
const { env } = operatorOf(database);

const verbs = visibleNouns(allNouns())
  .flatMap((noun) => visibleVerbs(noun).map((verb) => ({ path: commandPath(noun, verb), verb })))
  .filter(({ path }) => !staying.includes(path));

/** What is wrong with an answer; nothing when it is as promised. */
function faultsOf(path: string, { stdout, stderr, code }: RunResult): string[] {
  const faults: string[] = [];
  const say = (what: string) =>
    faults.push(`${path}: ${what} (exit ${code}, ${(stdout + stderr).slice(0, 300)})`);
  if (code === null || code === 1 || code > 8) say('ends with no exit code of the contract');
  if ((stdout + stderr).includes(escapeByte)) say('writes an escape sequence');
  const isText = verbs.find((one) => one.path === path)?.verb.output.length === 0;
  try {
    const events = stderr.split('\n').filter((text) => text !== '');
    for (const line of events) {
      const { type, op, done } = JSON.parse(line) as { type?: string; op?: string; done?: number };
      if (type === 'progress' && (op !== path.replaceAll(' ', '.') || !Number.isFinite(done)))
        say(`tells of its progress as "${op}"`);
    }
    if (code !== 0 && code !== 6 && code !== 8) {
      if (stdout !== '') say('fails and answers');
      if (errorEvent(stderr).exit !== code) say('tells another exit code than it has');
    } else if (!isText && stdout !== '') {
      const document = JSON.parse(stdout) as { kind?: string };
      const schema = schemas[document.kind ?? ''];
      const read = document.kind === undefined ? undefined : schema?.safeParse(document);
      if (document.kind !== undefined && read?.success !== true) say('breaks its schema');
      // The published schema allows no other keys; reading leaves them out.
      if (read?.success && !isDeepStrictEqual(read.data, document))
        say('has keys that its schema does not name');
    }
  } catch (error) {
    say(`is not JSON: ${error}`);
  }
  return faults;
}

test('ends by itself, answers with one valid document or one error, and as a rehearsal writes nothing', {
  timeout: 240_000,
}, async () => {
  const cwd = temporaryFolder();
  const before = await rowsHash(database);
  const faults: string[] = [];
  const queue = [...verbs];
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { path, verb } = next;
      const words = [...exampleWords(verb.examples[0]!.command), ...(verb.mutates ? ['--dry-run'] : [])];
      const form = words.includes('-o') || words.includes('--output') || words.includes('--field');
      const result = await run(words.filter((word) => word !== '--json').concat(form ? [] : ['--json']), {
        env: { ...env, HOME: cwd },
        cwd,
      });
      faults.push(...(form ? [] : faultsOf(path, result)));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  expect(faults).toEqual([]);
  expect(verbs.length).toBeGreaterThan(100);
  expect(await rowsHash(database)).toBe(before);
});
