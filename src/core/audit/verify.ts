/**
 * Verification of whole trails: reads every entry in order, page by page, and names the first fault of each
 * organization. Reads only; runs beside writers and sequencers.
 */
import { auditBounds } from './bounds.js';
import { expectationsOf, type Trust } from './checkpoint/expected.js';
import { listCheckpointed, readNewestCheckpoint } from './checkpoint/queries.js';
import { positionOf } from './checkpoint/round.js';
import { deploymentLog } from './checkpoint/signer.js';
import { verifyLog } from './checkpoint/verify-log.js';
import { judgeEnding } from './ending.js';
import { type Fault, type FaultKind, faultRemedies } from './fault.js';
import type { ChainHead } from './head.js';
import { mapAtOnce } from './parallel.js';
import type { AuditDatabase } from './ports.js';
import {
  firstEventBeyondHead,
  hasStagedEntries,
  listBacklogs,
  listTrails,
  organizationExists,
  readHead,
} from './read-queries.js';
import { walkTrail } from './trail-walk.js';
import { type Position, type StoredEvent, startOf } from './walk.js';
import { becomeSequencer } from './write-queries.js';

export interface VerifyOptions {
  /** Organizations to verify; all that the database shows unless told. */
  readonly organizations?: readonly string[];
  /**
   * Role that may read the stage; with it a backlog older than a minute is reported as a warning, and the trail of an
   * existing organization is missed when it is gone with its head.
   */
  readonly sequencerRole?: string;
  /** Whose checkpoints are believed; without it only what a trail says of itself is verified. */
  readonly trust?: Trust;
  /** Begin behind the newest checkpoint instead of the first entry. What stands before it is not read again. */
  readonly sinceCheckpoint?: boolean;
  /** Begin behind the newest checkpoint that is not later than this. */
  readonly from?: Date | undefined;
  /** End with the last entry that was sequenced by then. */
  readonly to?: Date | undefined;
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
  const organizations = options.organizations ?? (await knownTrails(database, options));
  const results = await mapAtOnce(organizations, auditBounds.organizationsAtOnce, (organization) =>
    verifyTrail(database, organization, options),
  );
  const faults = results.flatMap(({ organization, fault }) =>
    fault === undefined ? [] : [found(organization, fault)],
  );
  const { trust } = options;
  const log = trust && options.organizations === undefined ? await verifyLog(database, trust) : undefined;
  if (log !== undefined) faults.push(found(deploymentLog, log));
  return reportOf({
    organizations: organizations.length,
    entries: results.reduce((sum, { entries }) => sum + entries, 0),
    findings: [...faults, ...(await backlogFindings(database, options)), ...restoredFindings(options)],
  });
}

/** What a verification found. */
export interface FoundFault {
  readonly organization: string;
  readonly severity: AuditFinding['severity'];
  readonly fault: Omit<Fault, 'seq'> & { kind: FaultKind; seq?: number };
}

/** The report of what was found in how many trails and entries. */
export function reportOf(outcome: {
  organizations: number;
  entries: number;
  findings: readonly FoundFault[];
}): AuditVerification {
  const { organizations, entries } = outcome;
  const findings = outcome.findings.map(
    ({ organization, severity, fault: { kind, seq = null, ...words } }) => ({
      id: `audit.${kind}`,
      severity,
      organization,
      seq,
      kind,
      ...words,
      fix: faultRemedies[kind],
    }),
  );
  const failed = findings.filter(({ severity }) => severity === 'fail');
  const trails = new Set(failed.map(({ organization }) => organization));
  trails.delete(deploymentLog);
  return {
    api_version: 'dartwing/v1',
    kind: 'Report',
    check: 'audit.verify',
    ok: failed.length === 0,
    findings,
    summary: {
      pass: organizations - trails.size,
      warn: findings.length - failed.length,
      fail: failed.length,
      organizations,
      entries,
    },
  };
}

interface TrailResult {
  organization: string;
  /** Entries proven before the first fault. */
  entries: number;
  fault: Fault | undefined;
}

async function knownTrails(database: AuditDatabase, { trust }: VerifyOptions): Promise<string[]> {
  const stored = await database.transaction(async (tx) => [
    ...(await listTrails(tx)),
    ...(trust === undefined ? [] : await listCheckpointed(tx)),
  ]);
  const outside = [...(trust?.anchors.keys() ?? [])].filter((organization) => organization !== deploymentLog);
  return [...new Set([...stored, ...outside])].sort();
}

async function verifyTrail(
  database: AuditDatabase,
  organization: string,
  options: VerifyOptions,
): Promise<TrailResult> {
  const { trust } = options;
  const { head } = await database.transaction((tx) => readHead(tx, organization));
  if (head === undefined) {
    const signed = trust && (await expectationsOf(database, organization, trust).largest());
    const fault =
      (await headlessFault(database, organization)) ??
      signedFault(signed ?? 0) ??
      (await goneFault(database, organization, options));
    return { organization, entries: 0, fault };
  }
  const start = await startFor(database, head, options);
  const expected =
    trust && expectationsOf(database, organization, trust, { size: start.seq, epoch: start.epoch });
  const { to, onProgress, signal } = options;
  const { position, fault } = await walkTrail(database, { head, start, expected, to, onProgress, signal });
  const entries = position.seq - start.seq;
  if (fault !== undefined || to !== undefined) return { organization, entries, fault };
  const ending =
    judgeEnding(position, head) ??
    (await expected?.end(position)) ??
    (await beyondFault(database, organization));
  return { organization, entries, fault: ending };
}

type Start = Position & { epoch: number };

/** Where to begin: behind a checkpoint that can be believed, else at the beginning. */
async function startFor(
  database: AuditDatabase,
  head: ChainHead,
  { trust, sinceCheckpoint, from }: VerifyOptions,
): Promise<Start> {
  const beginning = { ...startOf(head), epoch: 0 };
  if (trust === undefined || !(sinceCheckpoint || from)) return beginning;
  const checkpoint = await database.transaction((tx) => readNewestCheckpoint(tx, head.organization, from));
  const position = checkpoint && positionOf(checkpoint, trust.verifiers);
  // One that was cut off behind its checkpoint is walked whole, so that the place is named.
  if (position === undefined || position.seq > head.seq) return beginning;
  return { ...position, epoch: checkpoint!.epoch };
}

function signedFault(size: number): Fault | undefined {
  if (size === 0) return undefined;
  const what = `The whole trail is gone with its head; a signed checkpoint tells of ${size} entries`;
  return { kind: 'deletion', seq: 1, what };
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

async function backlogFindings(database: AuditDatabase, options: VerifyOptions): Promise<FoundFault[]> {
  const { sequencerRole, organizations } = options;
  if (sequencerRole === undefined) return [];
  const backlogs = await database.transaction(async (tx) => {
    await becomeSequencer(tx, sequencerRole);
    return listBacklogs(tx, auditBounds.backlogMs);
  });
  return backlogs
    .filter(({ organization }) => organizations === undefined || organizations.includes(organization))
    .map(({ organization, entries, oldest }) =>
      found(
        organization,
        { kind: 'backlog', what: `${entries} staged since ${oldest} and not sequenced` },
        'warn',
      ),
    );
}

function restoredFindings({ trust, organizations }: VerifyOptions): FoundFault[] {
  const epochs = trust?.epochs.filter(
    ({ organization, lost }) => lost > 0 && organizations?.includes(organization) !== false,
  );
  return (epochs ?? []).map(({ organization, epoch, kept, lost }) =>
    found(
      organization,
      {
        kind: 'restored',
        what: `An operator declared ${lost} entries behind entry ${kept} as lost; epoch ${epoch} began there`,
      },
      'warn',
    ),
  );
}

function found(
  organization: string,
  fault: FoundFault['fault'],
  severity: FoundFault['severity'] = 'fail',
): FoundFault {
  return { organization, severity, fault };
}

function reference(event: StoredEvent): string {
  return `${event.columns.doctype}/${event.columns.document_name}`;
}
