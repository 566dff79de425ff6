/**
 * The seal of a transaction's context. A plain setting says which organization a transaction works for, and SQL that was
 * injected could say another. With the sealed context on, policies take the organization from a seal, which proves that
 * this process set it: `organization|person|expires|key|mac`, the mac being HMAC-SHA-256 (RFC 2104) of what stands before it.
 */
import { createHmac } from 'node:crypto';
import type { Client } from 'pg';
import { limits } from '../limits.js';
import { quoteIdentifier } from './identifiers.js';

/** Secret of 32 bytes, with the number under which the database knows it. */
export interface ContextKey {
  id: number;
  secret: Buffer;
}

/** Whom a transaction works for. */
export interface SealedContext {
  organization?: string;
  person?: string;
}

/** A seal that is good for `limits.contextSealMs` from `now` on. An id that could be read in two ways gets none. */
export function contextSeal(
  key: ContextKey,
  { organization = '', person = '' }: SealedContext,
  now: Date,
): string {
  if (organization.includes('|') || person.includes('|')) return '';
  const text = `${organization}|${person}|${now.getTime() + limits.contextSealMs}|${key.id}`;
  return `${text}|${createHmac('sha256', key.secret).update(text).digest('hex')}`;
}

/**
 * Makes seals, and gives one again to the same context for a while: the hash costs as much as some transactions do in this
 * process.
 */
export function contextSeals(key: ContextKey): (context: SealedContext, now: Date) => string {
  const known = new Map<string, { seal: string; at: number }>();
  return (context, now) => {
    const name = context.organization ?? `|${context.person}`;
    const last = known.get(name);
    const age = now.getTime() - (last?.at ?? 0);
    if (last !== undefined && age >= 0 && age <= limits.contextSealReusedMs) return last.seal;
    const seal = contextSeal(key, context, now);
    if (known.size >= limits.contextSealsMax) known.clear();
    known.set(name, { seal, at: now.getTime() });
    return seal;
  };
}

/** What the database keeps of a key: the two blocks that HMAC begins its hashes with. */
export function contextKeyBlocks({ secret }: ContextKey): { inner: Buffer; outer: Buffer } {
  const block = Buffer.concat([secret], 64);
  return {
    inner: block.map((byte) => byte ^ 0x36) as Buffer,
    outer: block.map((byte) => byte ^ 0x5c) as Buffer,
  };
}

/** What policies ask in the plain context and in the sealed one, as PostgreSQL prints it back. */
const questions = [
  [
    "NULLIF(current_setting('dartwing.org'::text, true), ''::text)",
    '( SELECT sealed_organization() AS sealed_organization)',
  ],
  [
    "NULLIF(current_setting('dartwing.person'::text, true), ''::text)",
    '( SELECT sealed_person() AS sealed_person)',
  ],
  [
    "string_to_table(current_setting('dartwing.orgs'::text, true), ','::text)",
    'unnest(sealed_organizations())',
  ],
  ["string_to_array(current_setting('dartwing.orgs'::text, true), ','::text)", 'sealed_organizations()'],
] as const;

/** An expression of a policy as the sealed context has it, or the plain one. */
export function sealedExpression(text: string, sealed: boolean): string {
  return questions.reduce((said, [plain, proven]) => {
    return sealed ? said.replaceAll(plain, proven) : said.replaceAll(proven, plain);
  }, text);
}

interface PolicyRow {
  policy: string;
  relation: string;
  using: string | null;
  check: string | null;
}

/**
 * Makes every policy ask the question of the context that the installation has chosen, instead of the other: asked
 * together, the planner would take one answer for both and look at the rows with the plain one. Runs inside a transaction of
 * the owner, whose search path is the schema.
 */
export async function stampSeals(client: Client, schema: string): Promise<void> {
  // Before the migration that brought it there is no such column.
  const { rows: chosen } = await client.query<{ sealed: boolean | null }>(
    "select (to_jsonb(i) ->> 'sealed_context')::boolean as sealed from installation i",
  );
  const sealed = chosen[0]?.sealed;
  if (sealed === undefined || sealed === null) return;
  const { rows } = await client.query<PolicyRow>(
    `select p.polname as policy, c.relname as relation, pg_get_expr(p.polqual, p.polrelid) as using,
       pg_get_expr(p.polwithcheck, p.polrelid) as check
     from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 order by 2, 1`,
    [schema],
  );
  for (const row of rows) {
    const [using, check] = [row.using, row.check].map((text) => text && sealedExpression(text, sealed));
    if (using === row.using && check === row.check) continue;
    await client.query(
      `alter policy ${quoteIdentifier(row.policy)} on ${quoteIdentifier(schema)}.${quoteIdentifier(row.relation)}
       ${using ? `using ${using}` : ''} ${check ? `with check ${check}` : ''}`,
    );
  }
}
