/** The room as callers see it. Persons are given by id or address, organizations by id or slug. */
import type { CallOptions, Change, Session } from '../access/index.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { type ConsentDocument, type ConsentInput, decideConsent, readConsent } from './consent.js';
import { type ErasingParts, type ErasureDocument, eraseSubject } from './erase.js';
import { exportSubject, type SubjectExportRow } from './export.js';
import type { Ledger } from './ledger-room.js';
import { type Restriction, release, restrict } from './restriction.js';
import {
  dispose,
  type RetentionInput,
  type RetentionRule,
  type RetentionRules,
  type RetentionRun,
  readRules,
  removeRule,
  setRule,
} from './retention.js';
import { pageRuled } from './retention-queries.js';

export interface Privacy {
  /** Hands every row of a person to `write`, from one moment, and returns the counts. */
  export(
    person: string,
    write: (row: SubjectExportRow) => Promise<void> | void,
    call?: CallOptions,
  ): Promise<{ person: string; counts: Record<string, number> }>;
  /** Erases a person for good. With `dryRun` the counts are what would go. */
  erase(person: string, call?: CallOptions): Promise<Change<ErasureDocument>>;
  /** Who was erased, outside of the database. */
  readonly ledger: Ledger;
  readonly consent: {
    decide(
      organization: string,
      person: string,
      input: ConsentInput,
      call?: CallOptions,
    ): Promise<Change<ConsentDocument>>;
    show(organization: string, person: string, call?: CallOptions): Promise<ConsentDocument>;
  };
  /** Data of a person that an organization keeps and nobody changes; both need a reason. */
  readonly restriction: {
    set(organization: string, person: string, call?: CallOptions): Promise<Change<Restriction>>;
    lift(organization: string, person: string, call?: CallOptions): Promise<Change<Restriction>>;
  };
  readonly retention: {
    list(organization: string, call?: CallOptions): Promise<RetentionRules>;
    set(
      organization: string,
      doctype: string,
      input: RetentionInput,
      call?: CallOptions,
    ): Promise<Change<RetentionRule>>;
    remove(organization: string, doctype: string, call?: CallOptions): Promise<Change<RetentionRule>>;
    /** Disposes of what was kept long enough, in rounds; with `dryRun` it says what is due. */
    run(organization: string, call?: CallOptions): Promise<RetentionRun>;
    /** The same for every organization with rules; one that refuses keeps no other back. */
    runAll(call?: CallOptions): Promise<{ organizations: number; disposed: number; refused: string[] }>;
  };
}

export function openPrivacy({
  session,
  erasing,
  ledger,
  onErased,
  idOf,
}: {
  session: Session;
  erasing: () => ErasingParts;
  ledger: Ledger;
  /** Hears of every erasure that is committed, before it is answered. */
  onErased: () => Promise<void>;
  idOf: (ref: string, call?: CallOptions) => Promise<string>;
}): Privacy {
  const run = async (ref: string, call: CallOptions | undefined): Promise<RetentionRun> => {
    const organization = await idOf(ref, call);
    const { registry } = erasing();
    const once = () => session.runIn(organization, call, (scope) => dispose(scope, registry));
    const total = await once();
    let last = total;
    for (let round = 1; round < limits.retentionRoundsMax && isUnfinished(last); round++) {
      last = await once();
      for (const [index, { disposed }] of last.items.entries()) total.items[index]!.disposed += disposed;
    }
    return total;
  };
  return Object.freeze({
    export: (person, write, call) => {
      let written = false;
      const writeOnce: typeof write = (row) => {
        written = true;
        return write(row);
      };
      return session.run('person export', call, (scope) => {
        // The connection broke in the middle: rows that were handed over cannot be taken back.
        if (written) throw new DartwingError('DATABASE_UNAVAILABLE');
        return exportSubject(scope, erasing().registry, person, writeOnce);
      });
    },
    // No key: the answer would be kept for a day, and the person is in it.
    erase: async (person, { idempotencyKey: _, ...call } = {}) => {
      const change = await session.run('person erase', call, (scope) =>
        eraseSubject(scope, erasing(), person),
      );
      if (call.dryRun !== true) await onErased();
      return change;
    },
    ledger,
    restriction: Object.freeze({
      set: (organization, person, call) =>
        session.run('person restrict', call, (scope) => restrict(scope, organization, person), {
          organization,
          person,
        }),
      lift: (organization, person, call) =>
        session.run('person release', call, (scope) => release(scope, organization, person), {
          organization,
          person,
        }),
    }),
    retention: Object.freeze({
      list: async (ref, call) => session.runIn(await idOf(ref, call), call, readRules),
      set: async (ref, doctype, input, call) =>
        session.runIn(await idOf(ref, call), call, (scope) =>
          setRule(scope, erasing().registry, doctype, input),
        ),
      remove: async (ref, doctype, call) =>
        session.runIn(await idOf(ref, call), call, (scope) => removeRule(scope, doctype)),
      run,
      runAll: async (call) => {
        const outcome = { organizations: 0, disposed: 0, refused: [] as string[] };
        for (let after = ''; ; ) {
          const page = await session.run('retention run', call, (scope) =>
            pageRuled(scope.tx, after, limits.pageMax),
          );
          for (const organization of page) {
            outcome.organizations += 1;
            await run(organization, call).then(
              ({ items }) => {
                for (const { disposed } of items) outcome.disposed += disposed;
              },
              () => outcome.refused.push(organization),
            );
          }
          const last = page.at(-1);
          if (last === undefined || page.length < limits.pageMax) return outcome;
          after = last;
        }
      },
    }),
    consent: Object.freeze({
      decide: (organization, person, input, call) =>
        session.run('person consent', call, (scope) => decideConsent(scope, organization, person, input), {
          organization,
          person,
          ...input,
        }),
      show: (organization, person, call) =>
        session.run('person consent', call, (scope) => readConsent(scope, organization, person)),
    }),
  } satisfies Privacy);
}

/** Whether a page was full of what had to go. */
function isUnfinished({ items }: RetentionRun): boolean {
  return items.some(({ due, disposed }) => disposed > 0 && disposed < due);
}
