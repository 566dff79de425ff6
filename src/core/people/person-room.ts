/** Persons as callers see them: each verb in a transaction of its own. */
import type { CallOptions, Change, Session } from '../access/index.js';
import type { DartwingError } from '../errors.js';
import type { Provisioner } from './account.js';
import { type AddressProofDocument, askForProof, proveOwnAddress } from './address.js';
import { captureConsent } from './consent.js';
import { listOrganizationsOf, type PersonOrganizationList } from './member-list.js';
import { type MergeChange, mergePersons } from './merge.js';
import { createPerson } from './person.js';
import type { PersonDocument } from './person-document.js';
import type { CreatePersonInput, PersonChanges } from './person-input.js';
import {
  type DuplicateList,
  type ListPersonsInput,
  listDuplicates,
  listPersons,
  type PersonList,
  showPerson,
} from './person-list.js';
import { deletePerson, updatePerson } from './person-update.js';
import { type SignUpInput, signUp } from './signup.js';
import { syncPerson } from './sync.js';

type PersonChange = Promise<Change<PersonDocument>>;

/** Persons, by id or e-mail address. */
export interface PersonVerbs {
  create(input: CreatePersonInput, call?: CallOptions): PersonChange;
  show(ref: string, call?: CallOptions): Promise<PersonDocument>;
  list(input?: ListPersonsInput, call?: CallOptions): Promise<PersonList>;
  duplicates(
    page?: { limit?: number | undefined; offset?: number | undefined },
    call?: CallOptions,
  ): Promise<DuplicateList>;
  update(
    ref: string,
    changes: PersonChanges,
    call?: CallOptions & { ifVersion?: number | undefined },
  ): PersonChange;
  delete(ref: string, call?: CallOptions): PersonChange;
  consent(ref: string, guardian: string, call?: CallOptions): PersonChange;
  merge(winner: string, loser: string, notes?: string, call?: CallOptions): Promise<MergeChange>;
  /** The first sign-in, and every later one. */
  signUp(input: SignUpInput, call?: CallOptions): PersonChange;
  /** Tries again to make the login account. */
  sync(ref: string, call?: CallOptions): PersonChange;
  /** Mails the token that proves the address. @throws PERSON_NOT_FOUND, PERMISSION_DENIED */
  sendProof(ref: string, call?: CallOptions): Promise<Change<AddressProofDocument>>;
  /** Takes such a token, from whoever has it. @throws ADDRESS_PROOF_INVALID */
  prove(token: string, call?: CallOptions): Promise<Change<AddressProofDocument>>;
  /** All organizations of a person, former ones included. */
  organizations(ref: string, state?: string, call?: CallOptions): Promise<PersonOrganizationList>;
}

export function personVerbs(session: Session, provisioner: Provisioner, addressKey: Buffer): PersonVerbs {
  const { run } = session;
  const show: PersonVerbs['show'] = (ref, call) =>
    run('person show', call, (scope) => showPerson(scope, ref));
  const create: PersonVerbs['create'] = (input, call) =>
    run('person create', call, (scope) => createPerson(scope, input), { ...input });
  return {
    create: (input, call) =>
      create(input, call).catch((error: DartwingError) => {
        // Another process made the person between our look and our insert: now there is something to compare with.
        if (error.code === 'PERSON_EMAIL_TAKEN' && input.ifNotExists) return create(input, call);
        throw error;
      }),
    show,
    list: (input, call) => run('person list', call, (scope) => listPersons(scope, input)),
    duplicates: (page, call) => run('person duplicates', call, (scope) => listDuplicates(scope, page)),
    update: (ref, changes, { ifVersion, ...call } = {}) =>
      run('person update', call, (scope) => updatePerson(scope, ref, changes, ifVersion), {
        ref,
        changes,
        ifVersion: ifVersion ?? null,
      }),
    delete: (ref, call) => run('person delete', call, (scope) => deletePerson(scope, ref), { ref }),
    consent: (ref, guardian, call) =>
      run('person consent', call, (scope) => captureConsent(scope, ref, guardian), { ref, guardian }),
    merge: (winner, loser, notes, call) =>
      run('person merge', call, (scope) => mergePersons(scope, winner, loser, notes), { winner, loser }),
    signUp: (input, call) => run('person signup', call, (scope) => signUp(scope, input), { ...input }),
    sync: async (ref, call) => {
      const change = await run('person sync', call, (scope) => syncPerson(scope, provisioner, ref), { ref });
      // An account that is made elsewhere was asked for after the commit: say what became of it.
      return change.dry_run ? change : { ...change, after: await show(ref, call) };
    },
    sendProof: (ref, call) => run('person verify', call, (scope) => askForProof(scope, ref), { ref }),
    prove: (token, call) => run('person verify', call, (scope) => proveOwnAddress(scope, addressKey, token)),
    organizations: (ref, state, call) =>
      run('person organizations', call, (scope) => listOrganizationsOf(scope, ref, state)),
  };
}
