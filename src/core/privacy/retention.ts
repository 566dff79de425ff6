/**
 * How long documents are kept: rules of an organization by doctype, as data. What was not changed for that long is disposed
 * of: clients are told by its tombstone, its data are emptied in the document and every version, its key goes. The trail
 * stays as it is. Nothing goes while the organization is under legal hold, nor what is about a restricted person.
 */
import { authorize, type Change, changeDocument, recordAct, type Scope } from '../access/index.js';
import { type Registry, shredDocuments, writeChanges } from '../documents/index.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { scrubDocuments } from './queries.js';
import {
  countDue,
  type DueDocument,
  deleteRule,
  isHeld,
  listRules,
  lockRule,
  pageDue,
  type RetentionRow,
  readShortest,
  writeRule,
} from './retention-queries.js';
import { tombstone } from './subject.js';

/** A rule. */
export interface RetentionRule {
  doctype: string;
  keep_days: number;
  basis: string;
  set_at: string;
  set_by: string;
}

/** The document `RetentionRuleList`. */
export interface RetentionRules {
  api_version: 'dartwing/v1';
  kind: 'RetentionRuleList';
  items: RetentionRule[];
  total_count: number;
}

/** The document `RetentionRun`: what was due, and what became of it. */
export interface RetentionRun {
  api_version: 'dartwing/v1';
  kind: 'RetentionRun';
  organization: string;
  /** Under legal hold nothing goes. */
  held: boolean;
  dry_run: boolean;
  items: {
    doctype: string;
    keep_days: number;
    /** Changed before then. */
    before: string;
    due: number;
    /** Due as well, and kept because it is about a restricted person. */
    restricted: number;
    disposed: number;
  }[];
}

export interface RetentionInput {
  keepDays: number;
  /** Why so long: a law, a contract. */
  basis: string;
}

const refOf = (organization: string, name: string) => ({ doctype: 'Retention Rule', name, organization });

/** @throws PERMISSION_DENIED */
export async function readRules(scope: Scope): Promise<RetentionRules> {
  const organization = scope.tx.organization!;
  authorize(scope, 'read', { doctype: 'Organization', name: organization });
  const items = (await listRules(scope.tx, organization)).map(ruleOf);
  return { api_version: 'dartwing/v1', kind: 'RetentionRuleList', items, total_count: items.length };
}

/**
 * Sets how long documents of a doctype are kept.
 * @throws DOCTYPE_UNKNOWN, VALIDATION_ERROR, RETENTION_TOO_SHORT (for a framework that is enabled), PERMISSION_DENIED
 */
export async function setRule(
  scope: Scope,
  registry: Registry,
  doctype: string,
  { keepDays, basis }: RetentionInput,
): Promise<Change<RetentionRule>> {
  const { tx, clock, principal } = scope;
  const organization = tx.organization!;
  const { name, isRecord } = registry.get(doctype);
  if (isRecord) throw new DartwingError('DOCUMENT_READ_ONLY', { doctype: name });
  if (!Number.isInteger(keepDays) || keepDays < 1 || keepDays > limits.retentionDaysMax)
    throw invalid(`days is a whole number from 1 to ${limits.retentionDaysMax}`);
  const why = typeof basis === 'string' ? basis.trim() : '';
  if (why.length < 3 || why.length > limits.reasonCharsMax)
    throw invalid(`basis has 3 to ${limits.reasonCharsMax} characters: why so long`);
  authorize(scope, 'administer', { doctype: 'Organization', name: organization });
  await requireLongEnough(tx, organization, name, keepDays);
  const before = await lockRule(tx, organization, name);
  const ref = `retention/${name}`;
  if (before?.keep_days === keepDays && before.basis === why)
    return changeDocument(scope, {
      op: 'none',
      ref,
      before: ruleOf(before),
      after: ruleOf(before),
      audit: null,
    });
  const row = { doctype: name, keep_days: keepDays, basis: why, set_at: clock.now(), set_by: principal.id };
  await writeRule(tx, organization, row);
  const sides = { old: before ? ruleOf(before) : null, new: ruleOf(row) };
  const audit = await recordAct(scope, organization, 'retention.set', refOf(organization, name), sides);
  const op = before === undefined ? 'create' : 'update';
  return changeDocument(scope, { op, ref, before: sides.old, after: sides.new, audit });
}

/** @throws RETENTION_TOO_SHORT for a framework that is enabled */
export async function requireLongEnough(
  tx: Scope['tx'],
  organization: string,
  doctype: string,
  keepDays: number,
): Promise<void> {
  const days = await readShortest(tx, organization);
  if (keepDays < days) throw new DartwingError('RETENTION_TOO_SHORT', { doctype, days });
}

/** Documents of the doctype are kept until somebody deletes them again. @throws RETENTION_RULE_NOT_FOUND, PERMISSION_DENIED */
export async function removeRule(scope: Scope, doctype: string): Promise<Change<RetentionRule>> {
  const organization = scope.tx.organization!;
  authorize(scope, 'administer', { doctype: 'Organization', name: organization });
  const before = await lockRule(scope.tx, organization, doctype);
  if (before === undefined)
    throw new DartwingError('RETENTION_RULE_NOT_FOUND', { doctype: doctype.slice(0, 140) });
  await deleteRule(scope.tx, organization, doctype);
  const old = ruleOf(before);
  const audit = await recordAct(scope, organization, 'retention.remove', refOf(organization, doctype), {
    old,
  });
  return changeDocument(scope, {
    op: 'delete',
    ref: `retention/${doctype}`,
    before: old,
    after: null,
    audit,
  });
}

/**
 * Disposes of a page of each doctype, or says what is due. Run it until nothing is due.
 * @throws PERMISSION_DENIED
 */
export async function dispose(scope: Scope, registry: Registry): Promise<RetentionRun> {
  const { tx, clock } = scope;
  const organization = tx.organization!;
  authorize(scope, 'administer', { doctype: 'Organization', name: organization });
  const held = await isHeld(tx, organization);
  const run: RetentionRun = {
    api_version: 'dartwing/v1',
    kind: 'RetentionRun',
    organization,
    held,
    dry_run: scope.dryRun === true,
    items: [],
  };
  for (const { doctype, keep_days } of await listRules(tx, organization)) {
    const before = new Date(clock.now().getTime() - keep_days * 86_400_000);
    const subject = registry.find(doctype)?.definition.subject ?? [];
    const counts = await countDue(tx, organization, doctype, before, subject);
    const isIdle = held || scope.dryRun === true || registry.find(doctype) === undefined;
    const rows = isIdle ? [] : await pageDue(tx, organization, doctype, before, subject, limits.pageMax);
    if (rows.length > 0) await disposeOf(scope, registry, doctype, rows);
    run.items.push({ doctype, keep_days, before: before.toISOString(), ...counts, disposed: rows.length });
  }
  return run;
}

async function disposeOf(
  scope: Scope,
  registry: Registry,
  doctype: string,
  rows: readonly DueDocument[],
): Promise<void> {
  const { tx, clock, principal } = scope;
  const organization = tx.organization!;
  const writer = { organization, at: clock.now(), by: principal.id };
  await writeChanges(tx, registry, writer, rows.filter(({ deleted }) => !deleted).map(tombstone));
  await scrubDocuments(tx, organization, rows);
  await shredDocuments(tx, organization, rows);
  const names = rows.map(({ name }) => name);
  await recordAct(scope, organization, 'retention.dispose', refOf(organization, doctype), {
    new: { doctype, documents: names },
  });
  await scope.events.publish(scope, 'documents.changed', { organization, doctypes: [doctype], names });
}

function ruleOf({ set_at, ...row }: RetentionRow): RetentionRule {
  return { ...row, set_at: set_at.toISOString() };
}

function invalid(message: string): DartwingError {
  return new DartwingError('VALIDATION_ERROR', { message });
}
