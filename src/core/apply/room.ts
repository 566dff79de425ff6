/** The room as callers see it: plan in one transaction, execute in one for each organization. */
import type { CallOptions, Session } from '../access/index.js';
import { asDartwingError, DartwingError } from '../errors.js';
import type { SourceFile, WantedOrganization } from './document.js';
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

export interface ApplyVerbs {
  /** What `execute` would do, with a fingerprint of the state it saw. Writes nothing. */
  plan(files: readonly SourceFile[], options?: ApplyOptions, call?: CallOptions): Promise<Plan>;
  /**
   * Carries a plan out. What fails is told, what succeeded stays.
   * @throws PLAN_STALE when the plan was altered, or the error itself when nothing could be done
   */
  execute(plan: Plan, call?: CallOptions): Promise<ApplyResult>;
}

/**
 * Reads documents without asking the database, for callers that want to know of mistakes first.
 * @throws APPLY_INVALID, BAD_FILE
 */
export async function parseDocuments(files: readonly SourceFile[]): Promise<WantedOrganization[]> {
  // Loaded when it is needed: the YAML parser is large, and most callers never apply.
  const { readDocuments } = await import('./document.js');
  return readDocuments(files);
}

export function applyVerbs(session: Session): ApplyVerbs {
  return {
    plan: async (files, { prune = false } = {}, call) => {
      const documents = await parseDocuments(files);
      return session.run('plan', call, async (scope) => {
        const found = new Map<string, FoundOrganization>();
        const wanted = [];
        for (const document of documents) {
          const state = await findState(scope, document.slug);
          if (state) found.set(document.slug, state);
          wanted.push(await resolveKnownPersons(scope, document));
        }
        return makePlan(wanted, found, prune);
      });
    },
    execute: async (plan, call) => {
      if (planHash(plan) !== plan.hash) throw new DartwingError('PLAN_STALE', { changed: 'the plan itself' });
      const result: ApplyResult = { done: [], failed: [] };
      for (const wanted of plan.documents) {
        const ref = `org/${wanted.slug}`;
        const seen = plan.seen[wanted.slug]!;
        await session
          .run('apply', call, (scope) => executeOrganization(scope, wanted, plan.prune, seen), {
            ref,
            hash: plan.hash,
          })
          .then(
            (changes) => result.done.push({ ref, changes }),
            (error: unknown) => result.failed.push({ ref, error: asDartwingError(error) }),
          );
      }
      if (result.done.length === 0 && result.failed[0]) throw result.failed[0].error;
      return result;
    },
  };
}
