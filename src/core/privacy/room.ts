/** The room as callers see it. Persons are given by id or address, organizations by id or slug. */
import type { CallOptions, Change, Session } from '../access/index.js';
import type { Registry } from '../documents/index.js';
import { DartwingError } from '../errors.js';
import { type ConsentDocument, type ConsentInput, decideConsent, readConsent } from './consent.js';
import { type ErasureDocument, eraseSubject } from './erase.js';
import { exportSubject, type SubjectExportRow } from './export.js';

export interface Privacy {
  /** Hands every row of a person to `write`, from one moment, and returns the counts. */
  export(
    person: string,
    write: (row: SubjectExportRow) => Promise<void> | void,
    call?: CallOptions,
  ): Promise<{ person: string; counts: Record<string, number> }>;
  /** Erases a person for good. With `dryRun` the counts are what would go. */
  erase(person: string, call?: CallOptions): Promise<Change<ErasureDocument>>;
  readonly consent: {
    decide(
      organization: string,
      person: string,
      input: ConsentInput,
      call?: CallOptions,
    ): Promise<Change<ConsentDocument>>;
    show(organization: string, person: string, call?: CallOptions): Promise<ConsentDocument>;
  };
}

export function openPrivacy({ session, registry }: { session: Session; registry: () => Registry }): Privacy {
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
        return exportSubject(scope, registry(), person, writeOnce);
      });
    },
    // No key: the answer would be kept for a day, and the person is in it.
    erase: (person, { idempotencyKey: _, ...call } = {}) =>
      session.run('person erase', call, (scope) => eraseSubject(scope, registry(), person)),
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
