/** The answer of every verb that changes something. */
import { stageAudit } from '../audit/index.js';
import type { Ref } from './principal.js';
import type { Scope } from './scope.js';

/** The document `Change`: what was done, to what, and the audit entry that tells of it. */
export interface Change<Doc = Readonly<Record<string, unknown>>> {
  api_version: 'dartwing/v1';
  kind: 'Change';
  op: 'create' | 'update' | 'delete' | 'none';
  /** `org/acme` */
  ref: string;
  before: Doc | null;
  after: Doc | null;
  /** Id of the audit entry; null when nothing changed. */
  audit: string | null;
  dry_run: boolean;
  /** Things that were accepted but deserve a look. */
  warnings?: readonly string[];
  /** Command that undoes it. */
  undo?: string;
}

/** Stages the audit entry of an act and returns its id. The reason, the actor and the door come from the scope. */
export function recordAct(
  scope: Scope,
  organization: string,
  action: string,
  ref: Ref,
  change: { old?: unknown; new?: unknown; isPhi?: boolean; subject?: string | undefined },
): Promise<string> {
  scope.doorbell.ringAfter(scope.tx, personsOf(action, ref, change));
  return stageAudit(scope.tx, {
    organization,
    action,
    actor: scope.principal,
    via: scope.via,
    ref,
    reason: scope.reason,
    requestId: scope.requestId,
    ...change,
  });
}

/** Persons whose rights an act changes, `*` for everybody: whoever holds them for long is told after COMMIT. */
function personsOf(
  action: string,
  ref: Ref,
  { old, new: current }: { old?: unknown; new?: unknown },
): string[] {
  if (ref.doctype === 'Role Template') return ['*'];
  if (ref.doctype === 'Organization') return ['delete', 'restore', 'purge'].includes(action) ? ['*'] : [];
  if (ref.doctype === 'Person') return [ref.name];
  if (ref.doctype !== 'Org Member' && ref.doctype !== 'Permission Grant') return [];
  const persons = [old, current].map(
    (document) => (document as { person?: unknown } | null | undefined)?.person,
  );
  return [...new Set(persons.filter((person) => typeof person === 'string'))];
}

/** Makes the `Change` document. */
export function changeDocument<Doc>(
  scope: Scope,
  change: Pick<Change<Doc>, 'op' | 'ref' | 'before' | 'after' | 'audit'> & {
    warnings?: readonly string[];
    undo?: string;
  },
): Change<Doc> {
  const { warnings, undo, ...core } = change;
  return {
    api_version: 'dartwing/v1',
    kind: 'Change',
    ...core,
    dry_run: scope.dryRun ?? false,
    ...(warnings && warnings.length > 0 ? { warnings } : {}),
    ...(undo === undefined ? {} : { undo }),
  };
}
