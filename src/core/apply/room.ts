/** The room as callers see it: plan in one transaction, execute in one for each organization. */
import { type CallOptions, keyOfPart, type Scope, type Session } from '../access/index.js';
import { asDartwingError, DartwingError, type FieldError } from '../errors.js';
import { requireRole } from '../people/index.js';
import type { PlacedDocument, SourceFile, WantedOrganization } from './document.js';
import { type AppliedChange, executeOrganization, findState, resolveKnownPersons } from './execute.js';
import { type FoundOrganization, makePlan, type Plan, planHash } from './plan.js';

/** Choices of one apply. */
export interface ApplyOptions {
  /** Remove members that the documents do not name. */
  prune?: boolean | undefined;
}

/** What was done and what was not, by organization. */
export interface ApplyResult {
  done: { ref: string; changes: AppliedChange[] }[];
  failed: { ref: string; error: DartwingError }[];
}

/** How a plan is carried out. */
export interface ExecuteOptions {
  /**
   * What to do when an organization is not as the plan saw it. `goOn` makes it as wanted from wherever it is now;
   * a plan that prunes refuses all the same, or somebody could be removed whom nobody approved. Default: refuse.
   */
  onStale?: 'refuse' | 'goOn' | undefined;
  /** Told after each organization how many are through. */
  onProgress?: ((done: number) => void) | undefined;
}

export interface ApplyVerbs {
  /**
   * What `execute` would do, with a fingerprint of the state it saw. Writes nothing.
   * @throws APPLY_INVALID with the place of every mistake, BAD_FILE, ORGANIZATION_TYPE_IMMUTABLE,
   * ORGANIZATION_REGION_IMMUTABLE, ORGANIZATION_STATE (dissolved)
   */
  plan(files: readonly SourceFile[], options?: ApplyOptions, call?: CallOptions): Promise<Plan>;
  /**
   * Carries a plan out. What fails is told, what succeeded stays.
   * @throws PLAN_STALE when the plan was altered, or the error itself when nothing could be done
   */
  execute(plan: Plan, call?: CallOptions, options?: ExecuteOptions): Promise<ApplyResult>;
}

/**
 * Reads documents without asking the database, for callers that want to know of mistakes first.
 * @throws APPLY_INVALID, BAD_FILE
 */
export async function parseDocuments(files: readonly SourceFile[]): Promise<WantedOrganization[]> {
  const { readDocuments } = await documentReader();
  return readDocuments(files);
}

/** Loaded when it is needed: the YAML parser is large, and most callers never apply. */
function documentReader() {
  return import('./document.js');
}

export function applyVerbs(session: Session): ApplyVerbs {
  return {
    plan: async (files, { prune = false } = {}, call) => {
      const { invalidDocuments, readPlacedDocuments } = await documentReader();
      const read = readPlacedDocuments(files);
      return session.run('plan', call, async (scope) => {
        const problems = await wrongRoles(scope, read);
        if (problems.length > 0) throw invalidDocuments(files, problems);
        const found = new Map<string, FoundOrganization>();
        const wanted = [];
        for (const { document } of read) {
          const state = await findState(scope, document.slug);
          if (state) found.set(document.slug, state);
          wanted.push(await resolveKnownPersons(scope, document));
        }
        return makePlan(wanted, found, prune);
      });
    },
    execute: async (plan, call, { onStale = 'refuse', onProgress } = {}) => {
      if (planHash(plan) !== plan.hash) throw new DartwingError('PLAN_STALE', { changed: 'the plan itself' });
      const anyState = onStale === 'goOn' && !plan.prune;
      const result: ApplyResult = { done: [], failed: [] };
      for (const wanted of plan.documents) {
        const ref = `org/${wanted.slug}`;
        const seen = anyState ? undefined : (plan.seen[wanted.slug] ?? '');
        // Each organization is a transaction of its own, so each has a key of its own.
        const mine = { ...call, idempotencyKey: keyOfPart(call?.idempotencyKey, ref) };
        const attempt = () =>
          session.run('apply', mine, (scope) => executeOrganization(scope, wanted, plan.prune, seen), {
            wanted,
            prune: plan.prune,
          });
        await attempt()
          .catch((error: DartwingError) => {
            // It did not exist when we looked and does now.
            if (anyState && error.code === 'PLAN_STALE') return attempt();
            throw error;
          })
          .then(
            (changes) => result.done.push({ ref, changes }),
            (error: unknown) => result.failed.push({ ref, error: asDartwingError(error) }),
          );
        onProgress?.(result.done.length + result.failed.length);
      }
      if (result.done.length === 0 && result.failed[0]) throw result.failed[0].error;
      return result;
    },
  };
}

/** Roles that the type of an organization does not have: found before anything is promised. */
async function wrongRoles(scope: Scope, read: readonly PlacedDocument[]): Promise<FieldError[]> {
  const problems: FieldError[] = [];
  const asked = new Map<string, Promise<string | undefined>>();
  for (const { document, place } of read) {
    for (const [index, { role }] of (document.members ?? []).entries()) {
      const key = `${document.type} ${role}`;
      const answer = asked.get(key) ?? objection(scope, role, document.type);
      asked.set(key, answer);
      const message = await answer;
      if (message !== undefined) problems.push({ ...place(['members', index, 'role']), message });
    }
  }
  return problems;
}

/** What speaks against a role in an organization of a type; undefined when nothing does. */
async function objection(scope: Scope, role: string, type: string): Promise<string | undefined> {
  try {
    await requireRole(scope.tx, role, type);
    return undefined;
  } catch (error) {
    const { code, message, why, fix } = error as DartwingError;
    if (code === 'ROLE_NOT_FOUND') return [`${message}.`, why, fix[0]].filter(Boolean).join(' ');
    if (code === 'INVALID_ROLE_FOR_ORG_TYPE') return `${message}. ${fix[0]}`;
    throw error;
  }
}
