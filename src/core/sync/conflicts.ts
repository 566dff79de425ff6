/** The conflicts of an organization: looking at them, and deciding them. */
import {
  authorize,
  type Change,
  changeDocument,
  type Reach,
  reaches,
  reachIn,
  recordAct,
  type Scope,
} from '../access/index.js';
import { stageAuditMany } from '../audit/index.js';
import {
  type ChangeRow,
  type Data,
  type Doctype,
  type DocumentRow,
  denied,
  lockDocuments,
  ownerOfChange,
  project,
  type Registry,
  recordReads,
  requireFields,
  requireUnbarred,
  writeChanges,
} from '../documents/index.js';
import { DartwingError, type FieldError } from '../errors.js';
import { parseChoice, parsePage } from '../input.js';
import { canonicalJson } from '../json.js';
import { limits } from '../limits.js';
import {
  type ConflictRow,
  closeConflict,
  closeDue,
  findConflict,
  pageConflicts,
} from './conflict-queries.js';
import { openConflicts, sealConflicts } from './conflict-seal.js';
import { sameValue } from './strategies/index.js';

/** The document `Conflict`. Fields that the caller may not see are left out of every side. */
export interface ConflictDocument {
  api_version: 'dartwing/v1';
  kind: 'Conflict';
  id: string;
  entity: string;
  row: string;
  op: ConflictRow['op'];
  /** The strategy that applied. */
  rule: string;
  /** Fields in which one side lost or a person decides. */
  fields: string[];
  base: Data | null;
  base_version: number;
  server: Data | null;
  server_version: number;
  client: Data | null;
  decisions: readonly Readonly<Record<string, unknown>>[];
  /** What a proposer would take; null where nobody proposed anything. */
  proposal: Readonly<Record<string, unknown>> | null;
  by: string;
  device: string | null;
  opened_at: string;
  status: {
    state: ConflictRow['status'];
    auto_at: string | null;
    resolved_at: string | null;
    resolved_by: string | null;
    decision: string | null;
    resolution: Data | null;
    version: number | null;
    reason: string | null;
  };
}

/** A page of conflicts, newest first. */
export interface ConflictList {
  api_version: 'dartwing/v1';
  kind: 'ConflictList';
  items: ConflictDocument[];
  total_count: number;
  limit: number;
  offset: number;
}

export interface ListConflictsInput {
  /** open (the rule), auto, resolved or all. */
  state?: string | undefined;
  doctype?: string | undefined;
  /** Only those that were opened before. */
  before?: Date | undefined;
  limit?: number | undefined;
  offset?: number | undefined;
}

/** How a conflict is decided: for one side, field by field, or with values of one's own. */
export type ConflictDecision =
  | { take: 'server' | 'client' | 'base' }
  | { fields: Readonly<Record<string, 'server' | 'client' | 'base'>> }
  | { value: Data };

/** A page of conflicts of the doctypes that the caller may read whole. @throws VALIDATION_ERROR, DOCTYPE_UNKNOWN */
export async function listConflicts(
  scope: Scope,
  registry: Registry,
  input: ListConflictsInput = {},
): Promise<ConflictList> {
  const { limit, offset } = parsePage(input);
  const state = parseChoice('state', input.state ?? 'open', ['open', 'auto', 'resolved', 'all'] as const);
  const asked = input.doctype === undefined ? registry.all() : [registry.get(input.doctype)];
  const reachByDoctype = new Map(asked.map(({ name }) => [name, reachIn(scope, 'read', name)]));
  const doctypes = [...reachByDoctype].filter(([, { whole }]) => whole).map(([name]) => name);
  const { rows: kept, total } = await pageConflicts(scope.tx, {
    organization: scope.tx.organization!,
    states: state === 'all' ? ['open', 'auto', 'resolved'] : [state!],
    doctypes,
    before: input.before ?? null,
    limit,
    offset,
  });
  const rows = await openConflicts(scope.tx, registry, kept);
  const items = rows.map((row) => conflictDocument(scope, registry, row, reachByDoctype.get(row.doctype)!));
  await recordConflictReads(scope, registry, items);
  return { api_version: 'dartwing/v1', kind: 'ConflictList', items, total_count: total, limit, offset };
}

/** @throws CONFLICT_NOT_FOUND, also for a conflict about something the caller may not read */
export async function showConflict(scope: Scope, registry: Registry, id: string): Promise<ConflictDocument> {
  const { row, reach } = await requireConflict(scope, registry, id, false);
  const document = conflictDocument(scope, registry, row, reach);
  await recordConflictReads(scope, registry, [document]);
  return document;
}

/**
 * Decides a conflict, also one that the rules decided. Only the fields that were contested are set, on the document as
 * it is now; if one of them was changed meanwhile, whoever decides has to say that they saw it.
 * @param ifVersion the version of the document that whoever decides has seen
 * @throws CONFLICT_NOT_FOUND, CONFLICT_RESOLVED, VERSION_MOVED, PERMISSION_DENIED, FIELDS_DENIED, VALIDATION_ERROR
 */
export async function resolveConflict(
  scope: Scope,
  registry: Registry,
  id: string,
  decision: ConflictDecision,
  ifVersion?: number,
): Promise<Change<ConflictDocument>> {
  const { row, reach } = await requireConflict(scope, registry, id, true);
  if (row.status === 'resolved')
    throw new DartwingError('CONFLICT_RESOLVED', {
      ref: row.id,
      decision: row.decision ?? '',
      by: row.resolved_by ?? '',
    });
  const { tx, clock, principal } = scope;
  const organization = tx.organization!;
  const doctype = registry.get(row.doctype);
  const [document] = await lockDocuments(tx, registry, organization, [row]);
  const ref = `${row.doctype}/${row.name}`;
  if (!reaches(reachIn(scope, 'write', row.doctype), document ?? { name: row.name, owner: null }))
    throw denied(scope, 'write', ref);
  if (ifVersion !== undefined && ifVersion !== (document?.version ?? 0))
    throw new DartwingError('VERSION_MOVED', { ref, current: document?.version ?? 0, given: ifVersion });
  const planned = planOf(row, document, doctype, decision);
  if (ifVersion === undefined) refuseMoved(row, document, planned, ref);
  requireFields(scope, 'write', doctype, Object.keys(planned.set), row.name);
  const change = changeOf(document, planned, doctype);
  if (change !== undefined) await requireUnbarred(scope, { doctype, name: row.name, data: planned.set });
  const writer = { organization, at: clock.now(), by: principal.id };
  const [written] = change === undefined ? [] : await writeChanges(tx, registry, writer, [change]);
  const version = written?.version ?? document?.version ?? null;
  const { doctype: of, name } = row;
  const resolution = planned.deletes ? null : planned.set;
  const [sealed] = await sealConflicts(tx, registry, organization, [{ doctype: of, name, resolution }]);
  const closed = await closeConflict(tx, row, {
    at: clock.now(),
    by: principal.id,
    decision: 'take' in decision ? decision.take : 'value',
    resolution: sealed!.resolution,
    version,
    reason: scope.reason,
  });
  const after = (await openConflicts(tx, registry, [closed]))[0]!;
  const audit = await recordAct(
    scope,
    organization,
    'conflict.resolve',
    { doctype: row.doctype, name: row.name, organization },
    { old: { conflict: row.id, status: row.status }, new: { decision: after.decision, version } },
  );
  if (written !== undefined)
    await scope.events.publish(scope, 'documents.changed', {
      organization,
      doctypes: [row.doctype],
      names: [row.name],
    });
  const sides = {
    before: conflictDocument(scope, registry, row, reach),
    after: conflictDocument(scope, registry, after, reach),
  };
  await recordConflictReads(scope, registry, [sides.before, sides.after]);
  return changeDocument(scope, { op: 'update', ref: `conflict/${row.id}`, ...sides, audit });
}

/** Leaves conflicts whose time is over with the server, oldest first. Returns how many; run it until there are none. @throws PERMISSION_DENIED */
export async function resolveDue(scope: Scope): Promise<number> {
  authorize(scope, 'expire', { doctype: 'Sync Conflict', name: '*' });
  const due = await closeDue(scope.tx, scope.clock.now(), limits.conflictRoundMax);
  await stageAuditMany(
    scope.tx,
    due.map(({ organization, id, doctype, name }) => ({
      organization,
      action: 'conflict.resolve',
      actor: scope.principal,
      via: scope.via,
      ref: { doctype, name },
      reason: scope.reason,
      requestId: scope.requestId,
      old: { conflict: id, status: 'open' },
      new: { decision: 'server', because: 'time' },
    })),
  );
  return due.length;
}

async function requireConflict(
  scope: Scope,
  registry: Registry,
  id: string,
  lock: boolean,
): Promise<{ row: ConflictRow; reach: Reach }> {
  const row = await findConflict(scope.tx, scope.tx.organization!, id.slice(0, 80), lock);
  const reach = row && reachIn(scope, 'read', row.doctype);
  if (row === undefined || !reach?.whole)
    throw new DartwingError('CONFLICT_NOT_FOUND', { ref: id.slice(0, 80) });
  return { row: (await openConflicts(scope.tx, registry, [row]))[0]!, reach };
}

/** What a decision means for the document. */
interface Planned {
  set: Record<string, unknown>;
  deletes: boolean;
  /** It is a tombstone and comes back. */
  revives: boolean;
  /** The server's document stays. */
  keeps: boolean;
}

function planOf(
  row: ConflictRow,
  document: DocumentRow | undefined,
  doctype: Doctype,
  decision: ConflictDecision,
): Planned {
  const plan: Planned = { set: {}, deletes: false, revives: false, keeps: false };
  const wrong: FieldError[] = [];
  if ('value' in decision) plan.set = doctype.readChanges(decision.value, wrong);
  else if ('fields' in decision) plan.set = bySide(row, decision.fields, wrong);
  else if (decision.take === 'server') return { ...plan, keeps: true };
  else if (decision.take === 'client' && row.op === 'delete') return { ...plan, deletes: true };
  else
    plan.set = bySide(row, Object.fromEntries(contested(row).map((field) => [field, decision.take])), wrong);
  const [first] = wrong;
  if (first !== undefined)
    throw new DartwingError(
      'VALIDATION_ERROR',
      { message: `${first.path} ${first.message}` },
      { fields: wrong },
    );
  return { ...plan, revives: document?.deleted === true };
}

function contested(row: ConflictRow): string[] {
  return row.fields.length > 0 ? row.fields : Object.keys(row.client ?? {});
}

function bySide(
  row: ConflictRow,
  sides: Readonly<Record<string, 'server' | 'client' | 'base'>>,
  wrong: FieldError[],
): Record<string, unknown> {
  const set: Record<string, unknown> = {};
  for (const [field, side] of Object.entries(sides)) {
    if (!contested(row).includes(field)) wrong.push({ path: field, message: 'is not contested' });
    else if (side !== 'server' && side !== 'client' && side !== 'base')
      wrong.push({ path: field, message: 'is server, client or base' });
    else if (row[side] !== null) set[field] = row[side][field] ?? null;
    else if (side === 'base') wrong.push({ path: field, message: 'has no base any more' });
  }
  return set;
}

function refuseMoved(
  row: ConflictRow,
  document: DocumentRow | undefined,
  planned: Planned,
  ref: string,
): void {
  if (planned.keeps || document === undefined || document.version === row.server_version) return;
  // The rules wrote a version of their own when they merged; what counts is whether a contested field moved since.
  const moved = Object.keys(planned.set).filter((field) => {
    const now = document.data[field] ?? null;
    const known = [row.server?.[field] ?? null, row.resolution?.[field] ?? null, row.client?.[field] ?? null];
    return !known.some((value) => sameValue(value, now));
  });
  if (moved.length === 0 && !planned.deletes) return;
  throw new DartwingError('VERSION_MOVED', { ref, current: document.version, given: row.server_version });
}

function changeOf(
  document: DocumentRow | undefined,
  planned: Planned,
  doctype: Doctype,
): ChangeRow | undefined {
  if (document === undefined || planned.keeps) return undefined;
  const { set, deletes, revives } = planned;
  if (
    deletes
      ? document.deleted
      : !revives && Object.keys(set).every((field) => sameValue(set[field], document.data[field] ?? null))
  )
    return undefined;
  return {
    doctype: doctype.name,
    name: document.name,
    base: document.version,
    version: document.version + 1,
    op: deletes ? 'delete' : revives ? 'undelete' : 'update',
    wasDeleted: document.deleted,
    deleted: deletes,
    final: true,
    data: deletes ? '{}' : canonicalJson(set),
    owner: deletes ? undefined : ownerOfChange(doctype, set),
  };
}

/** Every side of a conflict shows what the document holds. */
async function recordConflictReads(
  scope: Scope,
  registry: Registry,
  conflicts: readonly ConflictDocument[],
): Promise<void> {
  const seen = conflicts.flatMap(({ entity, row, base, server, client, proposal, status }) =>
    [base, server, client, proposal?.value as Data | undefined, status.resolution].map((data) => ({
      doctype: entity,
      name: row,
      data: data ?? null,
    })),
  );
  await recordReads(scope, registry, seen);
}

function conflictDocument(
  scope: Scope,
  registry: Registry,
  row: ConflictRow,
  reach: Reach,
): ConflictDocument {
  const { hidden } = reach;
  const doctype = registry.get(row.doctype);
  const side = (data: Data | null) =>
    data && project(scope, doctype, reach, { name: row.name, owner: null, data });
  return {
    api_version: 'dartwing/v1',
    kind: 'Conflict',
    id: row.id,
    entity: row.doctype,
    row: row.name,
    op: row.op,
    rule: row.strategy,
    fields: row.fields.filter((field) => !hidden.has(field)),
    base: side(row.base),
    base_version: row.base_version,
    server: side(row.server),
    server_version: row.server_version,
    client: side(row.client),
    decisions: row.decisions.filter(({ field }) => !hidden.has(field)),
    proposal: row.proposal && { ...row.proposal, value: side(row.proposal.value as Data) },
    by: row.principal,
    device: row.device,
    opened_at: row.opened_at.toISOString(),
    status: {
      state: row.status,
      auto_at: row.auto_at?.toISOString() ?? null,
      resolved_at: row.resolved_at?.toISOString() ?? null,
      resolved_by: row.resolved_by,
      decision: row.decision,
      resolution: side(row.resolution),
      version: row.resolved_version,
      reason: row.reason,
    },
  };
}
