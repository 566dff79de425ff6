/**
 * Idempotency keys: a call that carries one is carried out once. Its answer is kept in the same transaction as its
 * effect, so a second call, also at the same time in another process, gets the first one's answer. It is kept sealed:
 * answers hold whole documents, also those whose fields stand sealed everywhere else.
 */
import { createHash } from 'node:crypto';
import type { Tx } from '../db/index.js';
import { DartwingError } from '../errors.js';
import { canonicalJson } from '../json.js';
import { limits } from '../limits.js';
import type { Scope } from './scope.js';

const keyCharsMax = 200;

/** What was asked, to tell one use of a key from another. Verbs that only read have no request. */
export interface Asked {
  purpose: string;
  request: unknown;
  by?: string;
}

/** Seals answers. `place` binds one to its row; whatever was changed or moved does not open. */
export interface AnswerSeal {
  seal(place: string, text: string): Buffer;
  /** @throws Error when it does not open */
  open(place: string, sealed: Buffer): string;
}

/**
 * Runs `work`, or returns the answer kept for the key.
 * @throws IDEMPOTENCY_MISMATCH, VALIDATION_ERROR (key too long)
 */
export async function answerOnce<T>(
  scope: Scope,
  seals: AnswerSeal,
  asked: Asked,
  work: () => Promise<T>,
): Promise<T> {
  const { idempotencyKey: key, tx } = scope;
  if (key === undefined || asked.request === undefined) return work();
  if (key === '' || key.length > keyCharsMax) {
    throw new DartwingError('VALIDATION_ERROR', {
      message: `An idempotency key has 1 to ${keyCharsMax} characters`,
    });
  }
  // As JSON says it: members that are undefined are none, and a Date is its text.
  const plain: unknown = JSON.parse(JSON.stringify(asked));
  const fingerprint = createHash('sha256').update(canonicalJson(plain)).digest();
  const shelf = shelfOf(tx.organization);
  const name = asked.by === undefined ? key : keyOfPart(key, `by ${asked.by}`)!;
  // A second caller waits here until the first has committed or rolled back.
  const lock = `dartwing idempotency ${tx.organization ?? ''} ${name}`;
  await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [lock]);
  const now = scope.clock.now();
  const oldest = new Date(now.getTime() - limits.idempotencyMs);
  const { rows } = await tx.query<KeptAnswer & { request: Buffer }>(
    `select request, answer, sealed_answer from ${shelf.table} where ${shelf.mine} and key = $1 and at > $2`,
    [name, oldest],
  );
  const [kept] = rows;
  if (kept) {
    if (!kept.request.equals(fingerprint)) throw new DartwingError('IDEMPOTENCY_MISMATCH', { key });
    return answerOf(seals, shelf.table, tx.organization, name, kept) as T;
  }
  const answer = await work();
  await tx.query(
    `delete from ${shelf.table} where ${shelf.mine} and
       (key = $1 or key in (select key from ${shelf.table} where ${shelf.mine} and at <= $2 limit 100))`,
    [name, oldest],
  );
  await tx.query(
    `insert into ${shelf.table} (${shelf.columns}key, request, sealed_answer, at) values (${shelf.values}$1, $2, $3, $4)`,
    [
      name,
      fingerprint,
      // What answers nothing is kept as nothing.
      seals.seal(placeOf(shelf.table, tx.organization, name), JSON.stringify(answer) ?? 'null'),
      now,
    ],
  );
  return answer;
}

/**
 * Deletes the answers of all organizations that name one of some texts. Every answer of the last day is opened for it.
 * Returns how many there were.
 */
export async function dropAnswersNaming(
  tx: Tx,
  seals: AnswerSeal,
  texts: readonly string[],
): Promise<number> {
  let count = 0;
  for (const [table, organization] of [
    ['idempotency', "''"],
    ['org_idempotency', 'organization'],
  ] as const) {
    for (let after = ['', '']; ; ) {
      const { rows } = await tx.query<KeptAnswer & { organization: string; key: string }>(
        `select ${organization} as organization, key, answer, sealed_answer from ${table}
         where (${organization}, key) > ($1, $2) order by 1, 2 limit ${limits.pageMax}`,
        after,
      );
      const named = rows.filter((row) => {
        const text = JSON.stringify(answerOf(seals, table, row.organization, row.key, row));
        return texts.some((each) => text.includes(each));
      });
      for (const row of named)
        count += (
          await tx.query(`delete from ${table} where ${organization} = $1 and key = $2`, [
            row.organization,
            row.key,
          ])
        ).rowCount;
      const last = rows.at(-1);
      if (last === undefined || rows.length < limits.pageMax) break;
      after = [last.organization, last.key];
    }
  }
  return count;
}

/** An answer as it is kept; one that an earlier version kept stands open. */
interface KeptAnswer extends Record<string, unknown> {
  answer: unknown;
  sealed_answer: Buffer | null;
}

function answerOf(
  seals: AnswerSeal,
  table: string,
  organization: string | undefined,
  key: string,
  { answer, sealed_answer: sealed }: KeptAnswer,
): unknown {
  if (sealed === null) return answer;
  return JSON.parse(seals.open(placeOf(table, organization, key), sealed));
}

function placeOf(table: string, organization: string | undefined, key: string): string {
  return JSON.stringify([table, organization ?? '', key]);
}

/** Where answers are kept: those of calls bound to an organization with it, so that they go when it goes. */
function shelfOf(organization: string | undefined) {
  if (organization === undefined) return { table: 'idempotency', mine: 'true', columns: '', values: '' };
  const mine = "organization = nullif(current_setting('dartwing.org', true), '')";
  return {
    table: 'org_idempotency',
    mine,
    columns: 'organization, ',
    values: "nullif(current_setting('dartwing.org', true), ''), ",
  };
}

/** The key of one part of a call that takes several transactions, each of which is carried out once. */
export function keyOfPart(key: string | undefined, part: string): string | undefined {
  if (key === undefined || key === '' || key.length > keyCharsMax) return key;
  return createHash('sha256').update(`${key}\n${part}`).digest('hex');
}
