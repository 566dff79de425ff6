/** An operator at the command line of a test database. */
import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { schemas } from '../../src/commands/schemas/index.js';
import { errorEvent, type RunOptions, type RunResult, run } from './cli.js';
import type { TestDatabase } from './database.js';
import { masterKey } from './server.js';

export interface AnswerDocument {
  api_version: string;
  kind: string;
  [key: string]: unknown;
}

export interface Operator {
  env: Readonly<Record<string, string>>;
  /** Runs a line. */
  run(line: string, options?: RunOptions): Promise<RunResult>;
  /** Runs a line in json mode; its exit code and its one document, valid by the schema of its kind. */
  ask(
    line: string,
    options?: RunOptions,
  ): Promise<{ code: number | null; document: AnswerDocument; stderr: string }>;
  /** Runs a line in json mode that has to fail: stdout is empty, and the last line of stderr is one error event. */
  fail(line: string, options?: RunOptions): Promise<Refusal>;
}

export interface Refusal {
  code: string;
  exit: number;
  message: string;
  why: string | null;
  fix: string[];
  fields: { path: string; message: string; file?: string; line?: number; column?: number }[];
}

/** The operator of a database. Lines are split at spaces; `"two words"` stay together. */
export function operatorOf(database: Pick<TestDatabase, 'url'>): Operator {
  const env = { DATABASE_URL: database.url, DARTWING_MASTER_KEY: masterKey };
  const start: Operator['run'] = (line, options = {}) =>
    run(wordsOf(line), { ...options, env: { ...env, ...options.env } });
  return {
    env,
    run: start,
    ask: async (line, options) => {
      const { stdout, stderr, code } = await start(`${line} --json`, options);
      expect({ line, stdout, stderr }).toMatchObject({ stdout: expect.stringMatching(/^\{[\s\S]*\}\n$/) });
      const document = JSON.parse(stdout) as AnswerDocument;
      expect(schemas[document.kind], document.kind).toBeDefined();
      expect(schemas[document.kind]?.safeParse(document).error).toBeUndefined();
      return { code, document, stderr };
    },
    fail: async (line, options) => {
      const { stdout, stderr, code } = await start(`${line} --json`, options);
      const error = errorEvent(stderr) as Refusal;
      expect({ line, stdout, code }).toEqual({ line, stdout: '', code: error.exit });
      expect(error.fix.length, error.code).toBeGreaterThan(0);
      expect(stderr.match(/"type":"error"/g)).toHaveLength(1);
      return error;
    },
  };
}

/** One text for every row of a database but the trails, in which reading leaves entries too. */
export async function rowsHash({ admin }: TestDatabase): Promise<string> {
  const { rows: tables } = await admin.query<{ name: string }>(
    `select relname as name from pg_class where relnamespace = 'dartwing'::regnamespace and relkind in ('r', 'p')
       and not relispartition and relname not like 'audit%' order by 1`,
  );
  const hash = createHash('sha256');
  for (const { name } of tables) {
    const { rows } = await admin.query<{ text: string }>(
      `select coalesce(string_agg(t::text, ',' order by t::text), '') as text from ${name} t`,
    );
    hash.update(`${name} ${rows[0]!.text}\n`);
  }
  return hash.digest('hex');
}

function wordsOf(line: string): string[] {
  return [...line.matchAll(/(?:[^\s"]|"[^"]*")+/g)].map(([word]) => word.replaceAll('"', ''));
}
