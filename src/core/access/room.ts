/** Permissions as operators see them: each verb in transactions of its own. */

import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { authorize, isAuthorized } from './authorize.js';
import type { Contexts } from './contexts.js';
import type { Decision } from './decision.js';
import type { AccessDoorbell } from './doorbell.js';
import { type ExplainInput, type ExplainParts, explain } from './explain.js';
import { compareGrants, type GrantsStep, type Place, rebuildGrants } from './grants.js';
import type { Ref } from './principal.js';
import { type GrantEvent, type Mismatch, selectEvents, selectOrganization, selectPerson } from './queries.js';
import { findRecords } from './records.js';
import type { CallOptions, Scope } from './scope.js';
import type { Session } from './session.js';

/** What the log is asked for. */
export interface GrantLogInput {
  /** Id or slug. */
  organization?: string | undefined;
  /** Id or e-mail address. */
  person?: string | undefined;
  event?: 'create' | 'remove' | 'skip' | undefined;
  since?: Date | undefined;
  until?: Date | undefined;
  /** 100 unless told. */
  limit?: number | undefined;
}

/** The document `GrantEventList`, newest first. */
export interface GrantLog {
  api_version: 'dartwing/v1';
  kind: 'GrantEventList';
  items: (Omit<GrantEvent, 'at'> & { at: string })[];
  total_count: number;
  limit: number;
}

/** The document `GrantRebuild`. */
export interface GrantRebuild {
  api_version: 'dartwing/v1';
  kind: 'GrantRebuild';
  organizations: number;
  created: number;
  removed: number;
  dry_run: boolean;
}

export interface PermissionVerbs {
  /** Whether a person may do something, and which layer says so. */
  explain(input: ExplainInput, call?: CallOptions): Promise<Decision>;
  /**
   * The whole reference of a document that the caller may read. One that is not there and one that is not for the
   * caller are the same. @throws RECORD_NOT_FOUND, DOCTYPE_UNKNOWN
   */
  locate(ref: Ref, call?: CallOptions): Promise<Ref>;
  /**
   * The id of an organization (id or slug) in which the caller has any right at all: the check that comes before those
   * of its records. @throws ORGANIZATION_REQUIRED, ORGANIZATION_NOT_FOUND, PERMISSION_DENIED
   */
  enter(organization: string, call?: CallOptions): Promise<string>;
  /** Refuses what the caller may not do, for doors that have to know before they begin. @throws PERMISSION_DENIED */
  require(action: string, ref: Ref, call?: CallOptions): Promise<void>;
  /** Members without grants and grants without members, of one organization or all. */
  orphans(organization?: string, call?: CallOptions): Promise<Mismatch[]>;
  /** Recomputes the grants of one organization or all. */
  rebuild(organization?: string, call?: CallOptions): Promise<GrantRebuild>;
  /** Grants that were made, taken away or left out. */
  log(input?: GrantLogInput, call?: CallOptions): Promise<GrantLog>;
  /** Calls `onChange` when rights change, in whatever process; undefined means anybody's. */
  listen: AccessDoorbell['listen'];
}

export function permissionVerbs(
  session: Session,
  contexts: Contexts,
  doorbell: AccessDoorbell,
  isDoctype: ExplainParts['isDoctype'],
): PermissionVerbs {
  return {
    explain: (input, call) =>
      session.run('permission explain', call, (scope) => explain(scope, { contexts, isDoctype }, input)),
    locate: (ref, call) => session.run('locate', call, (scope) => locateRecord(scope, ref)),
    enter: (organization, call) =>
      session.run('permission enter', call, (scope) => enterOrganization(scope, organization)),
    require: (action, ref, call) =>
      session.run('permission require', call, async (scope) => authorize(scope, action, ref)),
    orphans: async (organization, call) => {
      const found: Mismatch[] = [];
      const look = (place: Place) =>
        session.run('permission orphans', call, (scope) => compareGrants(scope, place));
      for await (const { mismatches } of steps(organization, look)) found.push(...mismatches);
      return found;
    },
    rebuild: async (organization, call) => {
      const done: GrantRebuild = {
        api_version: 'dartwing/v1',
        kind: 'GrantRebuild',
        organizations: 0,
        created: 0,
        removed: 0,
        dry_run: session.call(call).dryRun ?? false,
      };
      // An idempotency key would keep the answer of the first step for all.
      const { idempotencyKey: _unused, ...plain } = call ?? {};
      const mend = (place: Place) =>
        session.run('permission rebuild', plain, (scope) => rebuildGrants(scope, place));
      for await (const { organizations, mismatches } of steps(organization, mend)) {
        const created = mismatches.filter(({ id }) => id === 'member.without_grant').length;
        done.organizations += organizations;
        done.created += created;
        done.removed += mismatches.length - created;
      }
      return done;
    },
    log: (input, call) => session.run('permission log', call, (scope) => readLog(scope, input ?? {})),
    listen: doorbell.listen,
  };
}

async function enterOrganization(scope: Scope, ref: string): Promise<string> {
  if (ref.trim() === '') throw new DartwingError('ORGANIZATION_REQUIRED');
  const id = await selectOrganization(scope.tx, ref);
  if (id === undefined)
    throw new DartwingError('ORGANIZATION_NOT_FOUND', { ref: ref.slice(0, 80), suggestion: '' });
  const { principal, access } = scope;
  const mine =
    principal.key !== undefined
      ? principal.key.organization === id
      : principal.type !== 'person' ||
        access?.everywhere !== undefined ||
        access?.organizations.has(id) ||
        access?.documents.has(id);
  if (mine) return id;
  throw new DartwingError('PERMISSION_DENIED', {
    actor: principal.id,
    action: 'enter',
    ref: `Organization/${ref.slice(0, 80)}`,
  });
}

async function locateRecord(scope: Scope, ref: Ref): Promise<Ref> {
  const found = (await findRecords(scope.tx, [ref]))(ref);
  if (found !== undefined && isAuthorized(scope, 'read', found)) return found;
  throw new DartwingError('RECORD_NOT_FOUND', { ref: `${ref.doctype}/${ref.name.slice(0, 80)}` });
}

/** One step for a named organization; page by page for all, so that no transaction holds every organization. */
async function* steps(
  organization: string | undefined,
  take: (place: Place) => Promise<GrantsStep>,
): AsyncGenerator<GrantsStep> {
  if (organization !== undefined) {
    yield await take({ organization });
    return;
  }
  let after: string | undefined = '';
  while (after !== undefined) {
    const done: GrantsStep = await take({ after });
    yield done;
    after = done.next;
  }
}

/** @throws PERMISSION_DENIED (only System Managers and operators), VALIDATION_ERROR, PERSON_NOT_FOUND, ORGANIZATION_NOT_FOUND */
async function readLog(scope: Scope, input: GrantLogInput): Promise<GrantLog> {
  authorize(scope, 'read', { doctype: 'Permission Event', name: '*' });
  const { limit = 100, event, since, until } = input;
  if (!Number.isInteger(limit) || limit < 1 || limit > limits.accessEventsMax)
    throw new DartwingError('VALIDATION_ERROR', {
      message: `limit is a whole number from 1 to ${limits.accessEventsMax}`,
    });
  const person = input.person === undefined ? undefined : (await selectPerson(scope.tx, input.person))?.id;
  if (input.person !== undefined && person === undefined)
    throw new DartwingError('PERSON_NOT_FOUND', { ref: input.person.slice(0, 80) });
  const organization =
    input.organization === undefined ? undefined : await selectOrganization(scope.tx, input.organization);
  if (input.organization !== undefined && organization === undefined)
    throw new DartwingError('ORGANIZATION_NOT_FOUND', {
      ref: input.organization.slice(0, 80),
      suggestion: '',
    });
  const rows = await selectEvents(scope.tx, { organization, person, event, since, until, limit });
  const items = rows.map(({ at, ...row }) => ({ ...row, at: at.toISOString() }));
  return { api_version: 'dartwing/v1', kind: 'GrantEventList', items, total_count: items.length, limit };
}
