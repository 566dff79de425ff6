/**
 * Taking a batch of operations: parse → what was seen before → names and links → write → file conflicts → audit → answer,
 * in one transaction. Most documents are written by one statement that compares versions; only those it leaves alone,
 * and those that need to be looked at, are locked and judged one by one. An operation that cannot be taken is refused
 * before anything is written, so it does no harm to its neighbours.
 */
import { reaches, recordAct, type Scope } from '../access/index.js';
import {
  type ChangeRow,
  findBarred,
  findExisting,
  findVersionsSince,
  type LinkTo,
  linkMissing,
  lockDocuments,
  nextNumbers,
  ownerOfChange,
  ownerOfNew,
  project,
  type Registry,
  recordReads,
  relinked,
  type Seen,
  type Written,
  writeChanges,
} from '../documents/index.js';
import { DartwingError } from '../errors.js';
import { seriesName, uuidv7 } from '../ids.js';
import { limits } from '../limits.js';
import { sealConflicts } from './conflict-seal.js';
import { countPush } from './device-queries.js';
import { findHead } from './feed-queries.js';
import { conflictEntry, seriesOfConflict } from './filing.js';
import {
  actionOf,
  errorOf,
  type Item,
  isNamedByServer,
  parseItem,
  reachesOf,
  type Sent,
  sentOf,
} from './item.js';
import { type Case, clamped, judge, type Verdict } from './judge.js';
import type { OperationResult, PushAnswer, PushRequest } from './protocol.js';
import { syncProtocol } from './protocol.js';
import {
  closeConflicts,
  findDisputed,
  findSeen,
  insertConflicts,
  keepAnswers,
  lockOrigin,
  nextConflictNumbers,
  type SeenRow,
} from './push-queries.js';
import { type RecordWriter, writeRecords } from './records.js';
import { parsePush } from './request.js';
import { findRules } from './rule-queries.js';
import { rulesOfOrganization } from './rules.js';
import { requireStanding } from './standing.js';
import type { ConflictRules } from './strategies/index.js';

export interface PushSource {
  registry: Registry;
  /** Conflict rules of a doctype. */
  rulesOf: (doctype: string) => ConflictRules;
  /** Time after which an open conflict stays with the server. */
  autoMs: number;
  /** Verbs that write documents of other rooms, by doctype. */
  records: ReadonlyMap<string, RecordWriter>;
}

/** A batch on its way. */
interface Batch {
  scope: Scope;
  source: PushSource;
  organization: string;
  device: string;
  /** Principal and device. */
  origin: string;
  at: Date;
  /** The same as text. */
  serverTs: string;
  reachOf: ReturnType<typeof reachesOf>;
  sent: Sent[];
  results: (OperationResult | undefined)[];
  /** Names on the server by doctype and temporary name. */
  names: Map<string, string>;
  written: Written[];
  verdicts: Verdict[];
  /** Documents that the answers show. */
  shown: Seen[];
}

/**
 * Takes a batch.
 * @throws VALIDATION_ERROR (no batch), SYNC_PROTOCOL, SYNC_REVOKED, ORGANIZATION_STATE; what is wrong with one
 * operation stands in its result
 */
export async function push(scope: Scope, source: PushSource, request: PushRequest): Promise<PushAnswer> {
  const { device, operations, queueDepth } = parsePush(request);
  const organization = scope.tx.organization!;
  const origin = `${scope.principal.id}/${device}`;
  const at = scope.clock.now();
  const batch: Batch = {
    scope,
    source,
    organization,
    device,
    origin,
    at,
    serverTs: at.toISOString(),
    reachOf: reachesOf(scope),
    sent: operations.map(sentOf),
    results: operations.map(() => undefined),
    names: new Map(),
    written: [],
    verdicts: [],
    shown: [],
  };
  const parsed = parseAll(batch, operations);
  const ids = parsed.flatMap(({ id }) => (id === null ? [] : [id]));
  const locked = lockOrigin(scope.tx, organization, origin);
  const [found, changedRules, seen] = await Promise.all([
    findHead(scope.tx, organization),
    findRules(scope.tx, organization),
    ids.length === 0 ? [] : findSeen(scope.tx, organization, origin, ids),
    locked,
  ]);
  const head = requireStanding(scope, found);
  batch.source = { ...source, rulesOf: rulesOfOrganization(source.rulesOf, changedRules) };
  const [fresh, twins] = await leaveSeen(batch, parsed, seen);
  // Others may link to records that this batch makes.
  const items = await writeMirrored(batch, fresh);
  await giveNames(batch, items);
  const ready = await checkBars(batch, await checkLinks(batch, items));
  await writeAll(batch, ready);
  await file(batch, twins, queueDepth);
  await recordReads(scope, source.registry, batch.shown);
  return {
    protocol: syncProtocol,
    organization,
    results: batch.results.map((result) => result!),
    renamed: Object.fromEntries(
      [...batch.names].map(([key, name]) => [key.slice(key.indexOf('/') + 1), name]),
    ),
    watermark: batch.written.reduce((seq, row) => Math.max(seq, row.seq), head.seq),
    server_ts: batch.serverTs,
  };
}

function parseAll(batch: Batch, operations: readonly unknown[]): Item[] {
  let chars = 0;
  return operations.flatMap((operation, index) => {
    try {
      const item = parseItem(operation, index, batch.source.registry, batch.scope, batch.reachOf);
      chars += item.text.length;
      if (chars > limits.pushBytesMax)
        throw new DartwingError('VALIDATION_ERROR', {
          message: `The documents of a batch have at most ${limits.pushBytesMax} bytes; send the rest in another one`,
        });
      return [item];
    } catch (error) {
      reject(batch, index, error);
      return [];
    }
  });
}

/** Operations that were answered before get that answer; of two with one id in this batch, the second waits for the first. */
async function leaveSeen(
  batch: Batch,
  parsed: readonly Item[],
  seen: readonly SeenRow[],
): Promise<[items: Item[], twins: [Item, first: number][]]> {
  const known = new Map(seen.map((row) => [row.operation, row]));
  const mine = new Map<string, Item>();
  const items: Item[] = [];
  const twins: [Item, number][] = [];
  const replayed: [Item, SeenRow][] = [];
  for (const item of parsed) {
    const before = item.id === null ? undefined : known.get(item.id);
    const twin = item.id === null ? undefined : mine.get(item.id);
    const request = before?.request ?? twin?.request;
    if (request !== undefined && request !== item.request)
      reject(batch, item.index, new DartwingError('OPERATION_ID_REUSED', { id: item.id! }));
    else if (before !== undefined) replayed.push([item, before]);
    else if (twin !== undefined) twins.push([item, twin.index]);
    else {
      if (item.id !== null) mine.set(item.id, item);
      items.push(item);
    }
  }
  await replay(batch, replayed);
  return [items, twins];
}

async function replay(batch: Batch, replayed: readonly [Item, SeenRow][]): Promise<void> {
  const refs = replayed.map(([item, row]) => ({
    doctype: item.doctype.name,
    name: (row.result?.name as string | undefined) ?? row.name ?? item.name,
  }));
  const rows = await lockDocuments(batch.scope.tx, batch.source.registry, batch.organization, refs);
  for (const [index, [item, seen]] of replayed.entries()) {
    const { doctype, name } = refs[index]!;
    const row = rows.find((each) => each.doctype === doctype && each.name === name);
    const kept = (seen.result ?? {
      status: 'success',
      outcome: 'applied',
      version: seen.version,
      deleted: seen.deleted,
    }) as Partial<OperationResult>;
    const shown = row === undefined || row.deleted ? null : show(batch, doctype, row);
    if (kept.renamed_from !== undefined) batch.names.set(`${doctype}/${kept.renamed_from}`, name);
    batch.results[item.index] = {
      ...basic(batch, item.index),
      ...kept,
      name,
      // The document may have moved on since: version and content have to be of one moment.
      version: row?.version ?? 0,
      deleted: row?.deleted ?? false,
      resolved_doc: shown,
      ...(kept.outcome === 'conflict'
        ? { server_doc: shown, client_doc: item.op === 'delete' ? null : item.data }
        : {}),
      replayed: true,
    } as OperationResult;
  }
}

/** The second of two equal operations has the answer of the first. */
function answerTwins(batch: Batch, twins: readonly [Item, number][]): void {
  for (const [item, first] of twins) batch.results[item.index] = { ...batch.results[first]!, replayed: true };
}

/** Hands operations on records of other rooms to those, and returns the others. */
async function writeMirrored(batch: Batch, items: readonly Item[]): Promise<Item[]> {
  const mirrored = items.filter(({ doctype }) => doctype.isRecord);
  if (mirrored.length === 0) return [...items];
  const { scope, origin, names, reachOf, source } = batch;
  const caseOf = ({ doctype }: Item) => ({ reachOf, rules: source.rulesOf(doctype.name) });
  const done = await writeRecords(
    { scope, registry: source.registry, origin, names, records: source.records, caseOf },
    mirrored,
  );
  batch.verdicts.push(...done.verdicts);
  batch.written.push(...done.written);
  return items.filter(({ doctype }) => !doctype.isRecord);
}

/** Gives names to documents that come without, and puts them wherever the batch uses the temporary ones. */
async function giveNames(batch: Batch, items: Item[]): Promise<void> {
  const { scope, at } = batch;
  const served = items.filter((item) => item.op === 'insert' && isNamedByServer(item.doctype));
  const numbers = served.length === 0 ? [] : await nextNumbers(scope.tx, served.length);
  for (const [index, item] of served.entries()) {
    const { naming } = item.doctype.definition;
    if (naming.rule !== 'series') continue;
    item.name = seriesName(naming, numbers[index]!, at);
    if (item.temporary !== undefined) batch.names.set(`${item.doctype.name}/${item.temporary}`, item.name);
  }
  for (const item of items) if (item.op === 'insert' && item.name === '') item.name = uuidv7(at);
  if (batch.names.size === 0) return;
  for (const item of items) {
    if (item.op !== 'insert') item.name = batch.names.get(keyOf(item)) ?? item.name;
    const links = item.doctype.hasLinks ? item.doctype.linksOf(item.data) : [];
    const moved = links.filter(({ doctype, name }) => batch.names.has(`${doctype}/${name}`));
    if (moved.length === 0) continue;
    item.data = relinked(item.data, moved, ({ doctype, name }) => batch.names.get(`${doctype}/${name}`)!);
    item.text = item.doctype.textOf(item.data);
  }
}

/** Refuses operations that name what is not there; documents that the batch makes before them are. */
async function checkLinks(batch: Batch, items: readonly Item[]): Promise<Item[]> {
  const links = new Map<Item, LinkTo[]>();
  for (const item of items)
    if (item.doctype.hasLinks && item.op !== 'delete') links.set(item, item.doctype.linksOf(item.data));
  const all = [...links.values()].flat();
  const found = await findExisting(batch.scope.tx, batch.organization, all);
  return items.filter((item) => {
    const missing = links.get(item)?.find(({ doctype, name }) => !found.has(`${doctype}/${name}`));
    if (missing === undefined) {
      const key = keyOf(item);
      if (item.op === 'insert' || item.op === 'undelete') found.add(key);
      return true;
    }
    reject(batch, item.index, linkMissing(missing));
    return false;
  });
}

/** Refuses operations that something keeps from being carried out: a restriction, an agreement that is over. */
async function checkBars(batch: Batch, items: readonly Item[]): Promise<Item[]> {
  const found = await findBarred(batch.scope, items);
  return items.filter((item) => {
    const error = found.get(item);
    if (error !== undefined) reject(batch, item.index, error);
    return error === undefined;
  });
}

/** Writes what can be written at once, then looks at the rest, until nothing is left. */
async function writeAll(batch: Batch, items: readonly Item[]): Promise<void> {
  let slow = new Map<string, Item[]>();
  for (const item of items) slow.set(keyOf(item), [...(slow.get(keyOf(item)) ?? []), item]);
  const fast: Item[] = [];
  for (const [key, [item, ...more]] of slow) {
    if (more.length > 0 || !isPlainWrite(batch, item!)) continue;
    fast.push(item!);
    slow.delete(key);
  }
  for (let round = 0; round < limits.pushRoundsMax && fast.length + slow.size > 0; round++) {
    const judged = await judgeAll(batch, [...slow.values()]);
    const plain = round === 0 ? fast.splice(0) : [];
    const rows = [...plain.map((item) => plainRow(batch, item)), ...judged.flatMap(({ rows: each }) => each)];
    const written = await write(batch, rows);
    slow = new Map();
    for (const item of plain) {
      const row = written.get(keyOf(item));
      if (row === undefined) slow.set(keyOf(item), [item]);
      else settlePlain(batch, item, row);
    }
    for (const { verdicts, rows: each } of judged) {
      const missed = each.length > 0 && !written.has(`${each[0]!.doctype}/${each[0]!.name}`);
      const [first] = verdicts;
      if (missed)
        slow.set(
          keyOf(first!.item),
          verdicts.map(({ item }) => item),
        );
      else batch.verdicts.push(...verdicts);
    }
  }
  for (const item of [...slow.values()].flat())
    reject(batch, item.index, new DartwingError('DATABASE_BUSY', { attempts: limits.pushRoundsMax }));
}

/** Whether an operation can be written without a look at the document. */
function isPlainWrite({ reachOf, source }: Batch, item: Item): boolean {
  const { op, doctype, baseVersion, base, force } = item;
  if (op === 'insert') return baseVersion === 0;
  if (force || baseVersion === 0 || base !== undefined || op === 'undelete') return false;
  const { whole, hidden, readOnly } = reachOf(actionOf(op), doctype.name);
  if (!whole || hidden.size > 0 || readOnly.size > 0) return false;
  return op === 'delete' || source.rulesOf(doctype.name).strategy !== 'append_only';
}

function plainRow({ scope, at }: Batch, item: Item): ChangeRow {
  const { op, doctype, name, baseVersion, text, data, id, request } = item;
  return {
    doctype: doctype.name,
    name,
    base: baseVersion,
    version: baseVersion + 1,
    op,
    wasDeleted: false,
    deleted: op === 'delete',
    final: true,
    data: text,
    owner: op === 'insert' ? ownerOfNew(scope, doctype, data) : ownerOfChange(doctype, data),
    operation: item.temporary === undefined ? (id ?? undefined) : undefined,
    request: item.temporary === undefined && id !== null ? request : undefined,
    writtenAt: clamped(item.writtenAt, at),
  };
}

function settlePlain(batch: Batch, item: Item, row: Written): void {
  const { version, owner } = row;
  const deleted = row.data === null;
  // What a delete brings back is not needed for its answer.
  const data: Item['data'] = deleted ? {} : item.op === 'insert' ? item.data : JSON.parse(row.data!);
  if (item.temporary !== undefined) {
    batch.verdicts.push({ item, outcome: 'applied', state: { version, deleted, owner, data } });
    return;
  }
  const { op, id, name, doctype } = item;
  batch.results[item.index] = {
    id,
    op,
    doctype: doctype.name,
    name,
    status: 'success',
    outcome: 'applied',
    version,
    deleted,
    server_ts: batch.serverTs,
    resolved_doc: deleted ? null : show(batch, doctype.name, { name, owner, data }),
  };
}

async function judgeAll(batch: Batch, groups: readonly (readonly Item[])[]) {
  if (groups.length === 0) return [];
  const { scope, organization, origin, reachOf, source } = batch;
  const refs = groups.map(([item]) => ({ doctype: item!.doctype.name, name: item!.name }));
  const forced = groups.flatMap((items) => items.filter(({ force }) => force));
  const [rows, disputed] = await Promise.all([
    lockDocuments(scope.tx, source.registry, organization, refs),
    findDisputed(
      scope.tx,
      organization,
      forced.map(({ doctype, name }) => ({ doctype: doctype.name, name })),
    ),
  ]);
  const byKey = new Map(rows.map((row) => [`${row.doctype}/${row.name}`, row]));
  const bases = groups.flatMap((items) => {
    const row = byKey.get(keyOf(items[0]!));
    const from = Math.min(...items.map(({ baseVersion }) => baseVersion));
    if (row === undefined || from >= row.version) return [];
    return [{ doctype: row.doctype, name: row.name, from: Math.max(from, 1) }];
  });
  const history = await findVersionsSince(
    scope.tx,
    source.registry,
    organization,
    bases,
    limits.ownHistoryMax + 1,
  );
  return groups.map((items) => {
    const key = keyOf(items[0]!);
    const given: Case = {
      scope,
      reachOf,
      rules: source.rulesOf(items[0]!.doctype.name),
      origin,
      row: byKey.get(key),
      history: history.filter(({ doctype, name }) => `${doctype}/${name}` === key),
      isDisputed: disputed.has(key),
    };
    return judge(given, items);
  });
}

/** Writes versions and says of which documents they were taken: the last one of each. */
async function write(batch: Batch, rows: readonly ChangeRow[]): Promise<Map<string, Written>> {
  const { scope, organization, at, origin } = batch;
  const writer = { organization, at, by: scope.principal.id, origin };
  const written = await writeChanges(scope.tx, batch.source.registry, writer, rows);
  batch.written.push(...written);
  const last = new Map<string, Written>();
  for (const row of written) {
    const key = `${row.doctype}/${row.name}`;
    if (row.version >= (last.get(key)?.version ?? 0)) last.set(key, row);
  }
  return last;
}

/** Files conflicts and answers, counts, and leaves the audit entry. */
async function file(
  batch: Batch,
  twins: readonly [Item, first: number][],
  queueDepth: number | undefined,
): Promise<void> {
  const { scope, organization, origin, at, device, source } = batch;
  const disputes = batch.verdicts.filter(({ conflict }) => conflict !== undefined);
  const numbers = disputes.length === 0 ? [] : await nextConflictNumbers(scope.tx, disputes.length);
  const conflictIds = new Map(disputes.map((verdict, index) => [verdict, seriesOfConflict(numbers[index]!)]));
  for (const verdict of batch.verdicts) answer(batch, verdict, conflictIds.get(verdict));
  answerTwins(batch, twins);
  const answers = batch.verdicts.flatMap((verdict) => keptAnswer(batch, verdict));
  const closed = batch.verdicts
    .filter(({ closes }) => closes)
    .map(({ item, state }) => ({
      doctype: item.doctype.name,
      name: item.name,
      version: state!.version,
      resolution: state!.deleted ? null : state!.data,
    }));
  const done = batch.results.map((result) => result!);
  const { registry } = source;
  const entries = disputes.map((verdict) =>
    conflictEntry(verdict, conflictIds.get(verdict)!, source.rulesOf),
  );
  const [filed, ended] = await Promise.all([
    sealConflicts(scope.tx, registry, organization, entries),
    sealConflicts(scope.tx, registry, organization, closed),
  ]);
  await Promise.all([
    insertConflicts(
      scope.tx,
      {
        organization,
        principal: scope.principal.id,
        device,
        at,
        autoAt: new Date(at.getTime() + source.autoMs),
      },
      filed,
    ),
    keepAnswers(scope.tx, organization, origin, at, answers),
    closeConflicts(scope.tx, organization, scope.principal.id, at, ended),
    countPush(scope.tx, {
      organization,
      principal: scope.principal.id,
      device,
      at,
      queueDepth,
      pushed: done.filter(({ replayed }) => !replayed).length,
      conflicts: disputes.length,
      rejected: done.filter(({ outcome }) => outcome === 'rejected').length,
    }),
    audit(batch, disputes.length),
    announce(batch),
  ]);
}

/** One entry for the batch names every document; what they were and are stands in the log. */
async function audit(
  { scope, organization, device, written, source }: Batch,
  conflicts: number,
): Promise<void> {
  if (written.length === 0 && conflicts === 0) return;
  const isPhi = written.some(({ doctype }) => source.registry.find(doctype)?.isPhi === true);
  await recordAct(
    scope,
    organization,
    'sync.push',
    { doctype: 'Sync Batch', name: device, organization },
    {
      new: {
        conflicts,
        phi: isPhi,
        changes: written.map(({ seq, doctype, name, version }) => [seq, doctype, name, version]),
      },
      isPhi,
    },
  );
}

async function announce({ scope, organization, written }: Batch): Promise<void> {
  if (written.length === 0) return;
  await scope.events.publish(scope, 'documents.changed', {
    organization,
    doctypes: [...new Set(written.map(({ doctype }) => doctype))],
    names: written.map(({ name }) => name),
  });
}

function answer(batch: Batch, verdict: Verdict, conflict: string | undefined): void {
  const { item, outcome, state, lost, open, error } = verdict;
  const status = outcome === 'conflict' ? 'conflict' : error === undefined ? 'success' : 'error';
  const document =
    state === undefined || state.deleted
      ? null
      : show(batch, item.doctype.name, { ...state, name: item.name });
  const isNew = outcome !== 'rejected' && outcome !== 'blocked';
  batch.results[item.index] = {
    ...basic(batch, item.index),
    name: state === undefined && !isNew ? batch.sent[item.index]!.name : item.name,
    status,
    outcome,
    version: state?.version ?? 0,
    deleted: state?.deleted ?? false,
    resolved_doc: document,
    ...(item.temporary !== undefined && isNew ? { renamed_from: item.temporary } : {}),
    ...(conflict === undefined ? {} : { conflict }),
    ...(lost === undefined ? {} : { fields_lost: lost }),
    ...(open === undefined ? {} : { fields_open: open }),
    ...(outcome === 'conflict'
      ? { server_doc: document, client_doc: item.op === 'delete' ? null : item.data }
      : {}),
    ...(error === undefined ? {} : { error }),
  };
}

/** What has to be remembered of an answer that the log does not tell. */
function keptAnswer(batch: Batch, verdict: Verdict) {
  const { item, outcome } = verdict;
  if (item.id === null || outcome === 'rejected' || outcome === 'blocked') return [];
  const inLog = outcome === 'applied' && verdict.conflict === undefined && item.temporary === undefined;
  if (inLog) return [];
  const {
    resolved_doc: _,
    server_doc: _server,
    client_doc: _client,
    server_ts: _at,
    ...result
  } = batch.results[item.index]!;
  return [{ operation: item.id, request: item.request, result }];
}

function show(
  { scope, source, reachOf, shown }: Batch,
  doctype: string,
  { name, owner, data }: { name: string; owner: string | null; data: Readonly<Record<string, unknown>> },
): Readonly<Record<string, unknown>> | null {
  const reach = reachOf('read', doctype);
  if (!reaches(reach, { name, owner })) return null;
  const visible = project(scope, source.registry.get(doctype), reach, { name, owner, data });
  shown.push({ doctype, name, data: visible });
  return visible;
}

function reject(batch: Batch, index: number, error: unknown): void {
  batch.results[index] = {
    ...basic(batch, index),
    status: 'error',
    outcome: 'rejected',
    error: errorOf(error),
  };
}

function basic({ sent, serverTs }: Batch, index: number): OperationResult {
  const { id, op, doctype, name } = sent[index]!;
  return {
    id,
    op,
    doctype,
    name,
    status: 'success',
    outcome: 'applied',
    version: 0,
    deleted: false,
    server_ts: serverTs,
    resolved_doc: null,
  };
}

function keyOf({ doctype, name }: Item): string {
  return `${doctype.name}/${name}`;
}
