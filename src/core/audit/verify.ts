/**
 * Verification of whole trails: reads every entry in order, page by page, and names the first fault of each
 * organization. Reads only; runs beside writers and sequencers.
 */
import { auditBounds } from './bounds.js';
import { classify } from './classify.js';
import { judgeEnding } from './ending.js';
import { type Fault, type FaultKind, faultRemedies } from './fault.js';
import type { ChainHead } from './head.js';
import { mapAtOnce } from './parallel.js';
import type { AuditDatabase } from './ports.js';
import {
  type EventKey,
  firstEventBeyondHead,
  hasStagedEntries,
  listBacklogs,
  listTrails,
  organizationExists,
  readEventsInOrder,
  readHead,
} from './read-queries.js';
import { advance, type Position, type StoredEvent, startOf } from './walk.js';
import { becomeSequencer } from './write-queries.js';

export interface VerifyOptions {
  /** Organizations to verify; all that the database shows unless told. */
  readonly organizations?: readonly string[];
  /**
   * Role that may read the stage; with it a backlog older than a minute is reported as a warning, and the trail of an
   * existing organization is missed when it is gone with its head.
   */
  readonly sequencerRole?: string;
  /** Told after each page how many entries were verified since the last call. */
  readonly onProgress?: (entries: number) => void;
  readonly signal?: AbortSignal;
}

/** A finding of the report. `id` is `audit.<kind>`; `seq` is null when no single entry is meant. */
export interface AuditFinding extends Omit<Fault, 'seq'> {
  id: string;
  organization: string;
  seq: number | null;
  severity: 'fail' | 'warn';
  fix: string;
  [key: string]: unknown;
}

/** The document `Report` of a verification. `pass` and `fail` count organizations, `entries` what was proven. */
export interface AuditVerification {
  api_version: 'dartwing/v1';
  kind: 'Report';
  check: 'audit.verify';
  ok: boolean;
  findings: AuditFinding[];
  summary: { pass: number; warn: number; fail: number; organizations: number; entries: number };
}

/**
 * Verifies trails, four organizations at a time. `ok` is false when any trail has a fault; a backlog only warns.
 * @throws what the database throws, and the signal's reason when aborted.
 */
export async function verifyTrails(
  database: AuditDatabase,
  options: VerifyOptions = {},
): Promise<AuditVerification> {
  const organizations = options.organizations ?? (await database.transaction(listTrails));
  const results = await mapAtOnce(organizations, auditBounds.organizationsAtOnce, (organization) =>
    verifyTrail(database, organization, options),
  );
  const faults = results.flatMap(({ organization, fault }) =>
    fault === undefined ? [] : [finding(organization, 'fail', fault)],
  );
  const backlogs = await backlogFindings(database, options);
  return {
    api_version: 'dartwing/v1',
    kind: 'Report',
    check: 'audit.verify',
    ok: faults.length === 0,
    findings: [...faults, ...backlogs],
    summary: {
      pass: organizations.length - faults.length,
      warn: backlogs.length,
      fail: faults.length,
      organizations: organizations.length,
      entries: results.reduce((sum, { entries }) => sum + entries, 0),
    },
  };
}

interface TrailResult {
  organization: string;
  /** Entries proven before the first fault. */
  entries: number;
  fault: Fault | undefined;
}

async function verifyTrail(
  database: AuditDatabase,
  organization: string,
  options: VerifyOptions,
): Promise<TrailResult> {
  const { head } = await database.transaction((tx) => readHead(tx, organization));
  if (head === undefined) {
    const fault =
      (await headlessFault(database, organization)) ?? (await goneFault(database, organization, options));
    return { organization, entries: 0, fault };
  }
  const { position, fault } = await walkTrail(database, head, options);
  const ending = fault ?? judgeEnding(position, head) ?? (await beyondFault(database, organization));
  return { organization, entries: position.seq, fault: ending };
}

async function walkTrail(
  database: AuditDatabase,
  head: ChainHead,
  { onProgress, signal }: VerifyOptions,
): Promise<{ position: Position; fault?: Fault }> {
  const readPage = (after?: EventKey) => database.transaction((tx) => readEventsInOrder(tx, head, after));
  let position = startOf(head);
  let page = await readPage();
  while (page.length > 0) {
    signal?.throwIfAborted();
    const next = page.length < auditBounds.pageEntries ? [] : await readPage(page.at(-1)!);
    const before = position.seq;
    for (const [index, event] of page.entries()) {
      const advanced = advance(position, event);
      if (advanced === undefined) {
        return { position, fault: classify(position, [...page.slice(index), ...next], head.seq) };
      }
      position = advanced;
    }
    onProgress?.(position.seq - before);
    page = next;
  }
  return { position };
}

async function beyondFault(database: AuditDatabase, organization: string): Promise<Fault | undefined> {
  const event = await database.transaction((tx) => firstEventBeyondHead(tx, organization));
  if (event === undefined) return undefined;
  const what = `Entry ${event.seq} stands behind the head: it was added without the sequencer, or the head was set back`;
  return { kind: 'insertion', seq: event.seq, ref: reference(event), what };
}

async function headlessFault(database: AuditDatabase, organization: string): Promise<Fault | undefined> {
  const event = await database.transaction((tx) => firstEventBeyondHead(tx, organization));
  if (event === undefined) return undefined;
  const what = 'The head of the trail is gone, so nothing proves where the trail ends';
  return { kind: 'deletion', seq: event.seq, what };
}

/**
 * The fault of an organization without any trail. Its creation was staged when it came to be; what is neither staged
 * nor, asked after that, behind a head, was taken away. In this order nothing that is sequenced meanwhile is missed.
 */
async function goneFault(
  database: AuditDatabase,
  organization: string,
  { sequencerRole }: VerifyOptions,
): Promise<Fault | undefined> {
  if (sequencerRole === undefined) return undefined;
  if (!(await database.transaction((tx) => organizationExists(tx, organization)))) return undefined;
  const staged = await database.transaction(async (tx) => {
    await becomeSequencer(tx, sequencerRole);
    return hasStagedEntries(tx, organization);
  });
  if (staged) return undefined;
  const { head } = await database.transaction((tx) => readHead(tx, organization));
  if (head !== undefined) return undefined;
  const what = 'The whole trail is gone with its head, although the organization exists';
  return { kind: 'deletion', seq: 1, what };
}

async function backlogFindings(database: AuditDatabase, options: VerifyOptions): Promise<AuditFinding[]> {
  const { sequencerRole, organizations } = options;
  if (sequencerRole === undefined) return [];
  const backlogs = await database.transaction(async (tx) => {
    await becomeSequencer(tx, sequencerRole);
    return listBacklogs(tx, auditBounds.backlogMs);
  });
  return backlogs
    .filter(({ organization }) => organizations === undefined || organizations.includes(organization))
    .map(({ organization, entries, oldest }) =>
      finding(organization, 'warn', {
        kind: 'backlog',
        what: `${entries} staged since ${oldest} and not sequenced`,
      }),
    );
}

function finding(
  organization: string,
  severity: AuditFinding['severity'],
  fault: Omit<Fault, 'seq'> & { kind: FaultKind; seq?: number },
): AuditFinding {
  const { kind, seq = null, ...words } = fault;
  return { id: `audit.${kind}`, severity, organization, seq, kind, ...words, fix: faultRemedies[kind] };
}

function reference(event: StoredEvent): string {
  return `${event.columns.doctype}/${event.columns.document_name}`;
}
