/** The room as callers see it: each call in a transaction of its own, bound to its organization. */

import { setTimeout } from 'node:timers/promises';
import type { CallOptions, Change, Scope, Session } from '../access/index.js';
import type { Clock } from '../clock.js';
import type { WorkOptions } from '../db/index.js';
import type { Registry } from '../documents/index.js';
import { limits } from '../limits.js';
import type { Log } from '../log.js';
import { checkDoctypes, type DoctypeReport } from './check.js';
import {
  type LagInput,
  type LagList,
  listClients,
  resyncClient,
  type SyncClient,
  type SyncStatus,
  syncLag,
  syncStatus,
} from './clients.js';
import { compactInSteps, compactStep, type SyncCompaction } from './compact.js';
import {
  type ConflictDecision,
  type ConflictDocument,
  type ConflictList,
  type ListConflictsInput,
  listConflicts,
  resolveConflict,
  resolveDue,
  showConflict,
} from './conflicts.js';
import { countsOf, followed, type SyncCourse } from './course.js';
import { type FeedText, pageOf, pageText, readFeed } from './feed.js';
import { type ConflictProposal, propose } from './proposal.js';
import type { FeedPage, FeedRequest, PushAnswer, PushRequest } from './protocol.js';
import { push } from './push.js';
import type { RecordWriter } from './records.js';
import { type Replay, type ReplayInput, replayLog } from './replay.js';
import { findRules } from './rule-queries.js';
import { listRules, type SyncRuleSet, setRules, showRules } from './rule-set.js';
import { openRules, rulesOfOrganization } from './rules.js';

/** Synchronization of organizations (by id or slug); docs/sync-protocol.md tells how a client uses it. */
export interface Sync {
  /** One page of the change feed. */
  feed(organization: string, request: FeedRequest, call?: CallOptions): Promise<FeedPage>;
  /** The same as JSON, which the database wrote and nothing here reads: for doors that pass it on. */
  feedText(organization: string, request: FeedRequest, call?: CallOptions): Promise<string>;
  /**
   * Everything from a cursor to now as lines of JSON: resets, rows, and a last line with `next_since`. Pages are read
   * as the consumer asks for them, so a feed of any length takes the memory of one page.
   * @param follow goes on with what is committed later, looking every second, until it is aborted; then the last line
   */
  stream(
    organization: string,
    request: FeedRequest,
    call?: CallOptions,
    follow?: AbortSignal,
  ): AsyncGenerator<string>;
  /** Takes a batch of operations. */
  push(organization: string, request: PushRequest, call?: CallOptions): Promise<PushAnswer>;
  status(organization: string, call?: CallOptions): Promise<SyncStatus>;
  /** How far clients are behind: each of them, by doctype, or all as one. */
  lag(organization: string, input?: LagInput, call?: CallOptions): Promise<LagList>;
  clients(organization: string, call?: CallOptions): Promise<SyncClient[]>;
  /** Makes the next call of a device (of every principal that has one of this name) begin again; returns how many. */
  resync(organization: string, device: string, call?: CallOptions): Promise<number>;
  /** Sends a part of the log to devices once more, with their next calls. */
  replay(organization: string, input: ReplayInput, call?: CallOptions): Promise<Replay>;
  /** Forgets what is older than the log is kept. */
  compact(organization: string, keepDays?: number, call?: CallOptions): Promise<SyncCompaction>;
  /** Links between doctypes and their conflict rules. */
  checkDoctypes(): Promise<DoctypeReport>;
  readonly conflicts: Conflicts;
  readonly rules: SyncRules;
}

/** Conflict rules of an organization. */
export interface SyncRules {
  list(organization: string, call?: CallOptions): Promise<SyncRuleSet[]>;
  show(organization: string, doctype: string, call?: CallOptions): Promise<SyncRuleSet>;
  /** Changes what the doctype allows; null takes the changes back. */
  set(
    organization: string,
    doctype: string,
    override: Readonly<Record<string, unknown>> | null,
    call?: CallOptions,
  ): Promise<Change<SyncRuleSet>>;
}

/** Conflicts that were filed. */
export interface Conflicts {
  list(organization: string, input?: ListConflictsInput, call?: CallOptions): Promise<ConflictList>;
  show(organization: string, id: string, call?: CallOptions): Promise<ConflictDocument>;
  resolve(
    organization: string,
    id: string,
    decision: ConflictDecision,
    call?: CallOptions & { ifVersion?: number | undefined },
  ): Promise<Change<ConflictDocument>>;
  /**
   * Proposes values for an open conflict: they are taken where the rules trust a proposer that is so sure, and
   * otherwise shown to the person who decides.
   */
  propose(
    organization: string,
    id: string,
    proposal: ConflictProposal,
    call?: CallOptions,
  ): Promise<ConflictDocument>;
  /** Leaves conflicts of all organizations whose time is over with the server; returns how many. */
  resolveDue(call?: CallOptions): Promise<number>;
}

export interface SyncSource {
  session: Session;
  clock: Clock;
  log: Log;
  /** Told of every call of a device. */
  onCourse: (course: SyncCourse) => void;
  registry: Registry;
  /** The id of an organization's slug. */
  idOf: (ref: string, call?: CallOptions) => Promise<string>;
  /** Seals cursors. */
  key: Buffer;
  /** Time after which an open conflict stays with the server; a day unless told. */
  autoMs?: number | undefined;
  /** Verbs that write documents of other rooms, by doctype. */
  records: ReadonlyMap<string, RecordWriter>;
}

export function syncVerbs(source: SyncSource): Sync {
  const { session, registry, idOf, key, autoMs, records } = source;
  const rulesOf = openRules(registry);
  const feedSource = { registry, key };
  const pushSource = { registry, rulesOf, autoMs: autoMs ?? limits.conflictAutoMs, records };
  const within = async <T>(
    ref: string,
    call: CallOptions | undefined,
    work: (scope: Scope) => Promise<T>,
    mode: WorkOptions = {},
  ): Promise<T> => session.runIn(await idOf(ref, call), call, work, { ...mode, leavesNothing: true });
  const page = async (ref: string, request: FeedRequest, given?: CallOptions): Promise<FeedText> => {
    const call = session.call(given);
    const facts = { operation: 'feed', organization: ref, device: request?.device, call } as const;
    // Head and page are of one moment, whatever compaction takes away between them.
    const work = () =>
      within(ref, call, (scope) => readFeed(scope, feedSource, request), { isolation: 'repeatable read' });
    return followed(source, facts, work, ({ page: { schemas }, rows }) => {
      const [doctype = 'several', ...more] = Object.keys(schemas);
      const of = more.length === 0 ? doctype : 'several';
      return {
        bytes: rows.reduce((sum, row) => sum + row.length, 0),
        rows: rows.length === 0 ? [] : [{ doctype: of, operation: 'sent', count: rows.length }],
      };
    });
  };
  return {
    feed: async (ref, request, call) => pageOf(await page(ref, request, call)),
    feedText: async (ref, request, call) => pageText(await page(ref, request, call)),
    stream: async function* (ref, request, call, follow) {
      let since = request.since;
      for (;;) {
        const limit = request.limit ?? limits.feedMax;
        const { page: head, rows } = await page(ref, { ...request, limit, since }, call);
        const resets = head.resets.map((reset) => JSON.stringify({ reset }));
        if (resets.length + rows.length > 0) yield `${[...resets, ...rows].join('\n')}\n`;
        since = head.next_since;
        if (head.has_more) continue;
        if (follow !== undefined && !follow.aborted) await pause(limits.feedFollowMs, follow);
        if (follow !== undefined && !follow.aborted) continue;
        const { resets: _, ...last } = head;
        yield `${JSON.stringify(last)}\n`;
        return;
      }
    },
    push: async (ref, request, given) => {
      const call = session.call(given);
      const facts = { operation: 'push', organization: ref, device: request?.device, call } as const;
      const work = () => within(ref, call, (scope) => push(scope, pushSource, request));
      return followed(source, facts, work, ({ results }) => ({
        bytes: undefined,
        rows: countsOf(
          results.map(({ doctype, outcome }) => ({
            // What a client says that there is not is no name of ours.
            doctype: registry.find(doctype) === undefined ? 'unknown' : doctype,
            operation: outcome,
          })),
        ),
      }));
    },
    status: (ref, call) => within(ref, call, syncStatus),
    lag: (ref, input, call) => within(ref, call, (scope) => syncLag(scope, input)),
    clients: (ref, call) => within(ref, call, listClients),
    resync: (ref, device, call) => within(ref, call, (scope) => resyncClient(scope, device)),
    replay: (ref, input, call) => within(ref, call, (scope) => replayLog(scope, registry, input)),
    compact: (ref, keepDays, call) => {
      const step = (scope: Scope) => compactStep(scope, registry, keepDays);
      // What is rolled back step by step would begin with the same step for ever.
      return session.call(call).dryRun
        ? within(ref, call, (scope) => compactInSteps(() => step(scope)))
        : compactInSteps(() => within(ref, call, step));
    },
    checkDoctypes: async () => checkDoctypes(registry, rulesOf),
    rules: Object.freeze({
      list: (ref, call) => within(ref, call, (scope) => listRules(scope, registry, rulesOf)),
      show: (ref, doctype, call) =>
        within(ref, call, (scope) => showRules(scope, registry, rulesOf, doctype)),
      set: (ref, doctype, override, call) =>
        within(ref, call, (scope) => setRules(scope, registry, rulesOf, doctype, override)),
    } satisfies SyncRules),
    conflicts: Object.freeze({
      list: (ref, input, call) => within(ref, call, (scope) => listConflicts(scope, registry, input)),
      show: (ref, id, call) => within(ref, call, (scope) => showConflict(scope, registry, id)),
      resolve: (ref, id, decision, { ifVersion, ...call } = {}) =>
        within(ref, call, (scope) => resolveConflict(scope, registry, id, decision, ifVersion)),
      propose: (ref, id, proposal, call) =>
        within(ref, call, async (scope) => {
          const rules = rulesOfOrganization(rulesOf, await findRules(scope.tx, scope.tx.organization!));
          if ((await propose(scope, registry, rules, id, proposal)) === 'ask')
            return showConflict(scope, registry, id);
          return (await resolveConflict(scope, registry, id, { value: proposal.value })).after!;
        }),
      resolveDue: (call) => session.run('conflicts whose time is over', call, resolveDue),
    } satisfies Conflicts),
  };
}

/** Ends early, and without an error, when it is aborted. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch(() => {});
}
