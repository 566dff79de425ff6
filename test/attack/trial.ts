/** Carries attacks out and judges what came of them. */
import type pg from 'pg';
import { isDartwingError } from '../../src/core/index.js';
import { canary, type World } from './world.js';

/** Statements that one attacker sends in one transaction, one after the other. */
export interface Attempt {
  /** What is tried, the same for every table. */
  how: string;
  /** What it is tried on. */
  on: string;
  statements: string[];
  /** SQLSTATEs that count as a refusal besides those of missing rights. */
  refusals?: string[];
  /** Rows that a COPY may hand out. */
  copied?: number;
}

/** From where an attack comes. */
export interface Place {
  name: string;
  run(statements: readonly string[]): Promise<Answer[]>;
}

interface Answer {
  command: string;
  rows: Record<string, unknown>[];
  rowCount: number;
}

export type Outcome = 'refused' | 'empty' | `breach: ${string}` | `no attack: ${string}`;

export interface Trial extends Attempt {
  where: string;
  outcome: Outcome;
}

/** No right to it, a read-only transaction, or nothing that PostgreSQL offers. */
const refused = ['42501', '25006', '0A000'];

/** The places an attack may come from when its SQL runs in this process. */
export function placesOf(world: World): { orgB: Place; nobody: Place; personOfB: Place } {
  const { dartwing, nobody, b } = world;
  return {
    orgB: {
      name: 'organization B',
      run: (statements) =>
        dartwing.asOrg(b.organization, async (tx) => {
          const answers: Answer[] = [];
          for (const text of statements) answers.push({ command: '', ...(await tx.query(text)) });
          return answers;
        }),
    },
    personOfB: {
      name: 'a person of B',
      run: (statements) =>
        dartwing.asPerson(b.person, async (tx) => {
          const answers: Answer[] = [];
          for (const text of statements) answers.push({ command: '', ...(await tx.query(text)) });
          return answers;
        }),
    },
    nobody: { name: 'no organization', run: (statements) => runPlain(nobody, statements) },
  };
}

/** The same on a plain connection. */
export async function runPlain(client: pg.Client, statements: readonly string[]): Promise<Answer[]> {
  await client.query('begin');
  try {
    const answers: Answer[] = [];
    for (const text of statements) {
      const { command, rows, rowCount } = await client.query(text);
      answers.push({ command, rows, rowCount: rowCount ?? 0 });
    }
    await client.query('commit');
    return answers;
  } catch (error) {
    await client.query('rollback');
    throw error;
  } finally {
    await client.query('discard all');
  }
}

/** Carries one attempt out. A statement that could never have worked is no attack and no success of ours. */
export async function attempt(world: World, attack: Attempt, place: Place): Promise<Trial> {
  const done = (outcome: Outcome): Trial => ({ ...attack, where: place.name, outcome });
  const said = attack.statements.join('\n');
  try {
    const answers = await place.run(attack.statements);
    for (const answer of answers) {
      const leak = leakIn(answer.rows, said, world);
      if (leak !== undefined) return done(`breach: the rows hold ${leak}`);
      for (const row of answer.rows) {
        const found = row.foreign_rows;
        if (found !== undefined && found !== null && Number(found) !== 0)
          return done(`breach: ${String(found)} foreign rows`);
      }
      if (attack.copied !== undefined && answer.rowCount > attack.copied)
        return done(`breach: ${answer.rowCount} rows copied`);
    }
    return done('empty');
  } catch (error) {
    const leak = leakIn(wordsOf(error), said, world);
    if (leak !== undefined) return done(`breach: the error holds ${leak}`);
    const code = sqlstateOf(error);
    const expected = code !== undefined && [...refused, ...(attack.refusals ?? [])].includes(code);
    return done(
      expected ? 'refused' : `no attack: ${code ?? 'no SQLSTATE'} ${(innermost(error) as Error).message}`,
    );
  }
}

/** What of A stands in a value although the attacker did not say it. */
export function leakIn(value: unknown, said: string, { a }: Pick<World, 'a'>): string | undefined {
  const text = textOf(value).toLowerCase();
  return [canary, a.organization, a.person].find(
    (secret) => !said.includes(secret) && text.includes(secret.toLowerCase()),
  );
}

function textOf(value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, key, plain: unknown) {
    const raw = this[key];
    return Buffer.isBuffer(raw) ? raw.toString('latin1') : plain;
  });
}

/** Everything an error says, also what only logs see. */
function wordsOf(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { message, cause, ...rest } = error as Error & { cause?: unknown };
  return { message, cause: wordsOf(cause), ...rest };
}

function innermost(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? innermost(error.cause) : error;
}

/** The SQLSTATE behind an error. */
export function sqlstateOf(error: unknown): string | undefined {
  const { code } = innermost(error) as { code?: unknown };
  return !isDartwingError(innermost(error)) && typeof code === 'string' ? code : undefined;
}

/** Prints how each kind of attempt ended, one line for a kind and a place. */
export function printTrials(title: string, trials: readonly Trial[]): void {
  const lines = new Map<
    string,
    { how: string; where: string; tries: number; refused: number; empty: number; breaches: number }
  >();
  for (const { how, where, outcome } of trials) {
    const line = lines.get(`${how}|${where}`) ?? { how, where, tries: 0, refused: 0, empty: 0, breaches: 0 };
    line.tries++;
    if (outcome === 'refused' || outcome === 'empty') line[outcome]++;
    else line.breaches++;
    lines.set(`${how}|${where}`, line);
  }
  const width = Math.max(...trials.map(({ how }) => how.length));
  const rows = [...lines.values()].map(
    ({ how, where, tries, refused: no, empty, breaches }) =>
      `${how.padEnd(width)}  ${where.padEnd(16)}  ${String(tries).padStart(3)} tried  ${String(no).padStart(3)} refused  ${String(empty).padStart(3)} empty  ${breaches} breached`,
  );
  process.stdout.write(`\n${title}: ${trials.length} attempts\n${rows.join('\n')}\n`);
}

/** The trials that did not end as they must. */
export function failuresOf(trials: readonly Trial[]): string[] {
  return trials
    .filter(({ outcome }) => outcome !== 'refused' && outcome !== 'empty')
    .map(({ how, on, where, outcome }) => `${how} on ${on} from ${where}: ${outcome}`);
}
