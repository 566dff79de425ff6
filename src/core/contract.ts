/**
 * What dartwing can do, as one interface: the core in this process implements it, and so will a client of a remote
 * server. One property per room.
 */
import type { CallOptions, PermissionVerbs } from './access/index.js';
import type { Alerts } from './alerts/index.js';
import type { ApplyVerbs } from './apply/index.js';
import type { AuditVerbs } from './audit/index.js';
import type { BrowserVerbs } from './browser/index.js';
import type { Compliance } from './compliance/index.js';
import type { Tx } from './db/index.js';
import type { Documents } from './documents/index.js';
import type { Equipment } from './equipment/index.js';
import type { ExportOptions, ExportRow } from './export/index.js';
import type { IdentityVerbs } from './identity/index.js';
import type { Invitations } from './invitations/index.js';
import type { Jobs } from './jobs/index.js';
import type { Keys } from './keys/index.js';
import type { LiteVerbs } from './lite/index.js';
import type { Courier } from './mail/index.js';
import type { Metrics } from './metrics/index.js';
import type { PeopleVerbs } from './people/index.js';
import type { Privacy } from './privacy/index.js';
import type { Quota } from './quota/index.js';
import type { Realtime } from './realtime/index.js';
import type { Sync } from './sync/index.js';
import type { OrganizationVerbs } from './tenancy/index.js';
import type { Tokens } from './tokens/index.js';

export interface Tenancy extends OrganizationVerbs {
  /** Links, concrete records, supervisors and grants of one organization or all. */
  verify(ref?: string, call?: CallOptions): Promise<Report>;
  /**
   * Mends what `verify` finds and can be mended, or only findings of the kinds in `fix`; the report lists what was
   * mended and, in `left`, what only people can decide. @throws VALIDATION_ERROR (a kind that no repair mends)
   */
  repair(
    ref?: string,
    call?: CallOptions & { fix?: readonly string[] | undefined },
  ): Promise<Report & { left: Finding[] }>;
}

export type People = PeopleVerbs;

export interface Export {
  /**
   * Hands every row of an organization to `write`, one after another, from one moment, and returns the counts by
   * table. Leaves an audit entry.
   * @throws ORGANIZATION_NOT_FOUND, VALIDATION_ERROR (an unknown entity), DATABASE_*, and what `write` throws
   */
  organization(
    ref: string,
    write: (row: ExportRow) => Promise<void> | void,
    call?: CallOptions & Pick<ExportOptions, 'entities'>,
  ): Promise<Record<string, number>>;
}

/** One thing that was checked and found wrong. */
export interface Finding {
  id: string;
  severity: 'warn' | 'fail';
  what: string;
  fix: string;
  [key: string]: unknown;
}

/** The document `Report`. */
export interface Report {
  api_version: 'dartwing/v1';
  kind: 'Report';
  check: string;
  ok: boolean;
  findings: Finding[];
  summary: { pass: number; warn: number; fail: number };
}

export interface Dartwing {
  readonly tenancy: Tenancy;
  readonly people: People;
  readonly identity: IdentityVerbs;
  readonly lite: LiteVerbs;
  readonly browser: BrowserVerbs;
  readonly mail: Pick<Courier, 'sendDue'>;
  readonly keys: Keys;
  readonly tokens: Tokens;
  readonly equipment: Equipment;
  readonly documents: Documents;
  readonly sync: Sync;
  readonly invitations: Invitations;
  readonly jobs: Jobs;
  readonly permissions: PermissionVerbs;
  readonly audit: AuditVerbs;
  /** What persons may ask: export, erasure, consent. */
  readonly privacy: Privacy;
  /** Frameworks such as HIPAA, enforced as a whole. */
  readonly compliance: Compliance;
  readonly apply: ApplyVerbs;
  readonly export: Export;
  readonly quota: Quota;
  readonly realtime: Realtime;
  readonly metrics: Metrics;
  readonly alerts: Alerts;
  /** Runs `work` bound to one organization (id or slug); the only way to its rows. */
  asOrg<T>(organization: string, work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Reads across the organizations of a person. */
  asPerson<T>(person: string, work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Every organization, for operators and schedulers; leaves an audit entry with the reason. */
  asSystem<T>(reason: string, work: (tx: Tx) => Promise<T>, call?: CallOptions): Promise<T>;
  /** Answers when the database does and the installation is sound. */
  ready(): Promise<void>;
  /** Finishes what runs, then closes every connection; asked again, it is the same end. */
  close(): Promise<void>;
}
