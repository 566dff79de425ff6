/** The room as callers see it: each verb in a transaction of its own, bound to its organization. */
import type { CallOptions, Scope, Session } from '../access/index.js';
import type { Clock } from '../clock.js';
import { sealPlain } from './backfill.js';
import type { DefinitionInput } from './definition.js';
import type { Document, DocumentList, DocumentVersions } from './document.js';
import { buildIndexes, type IndexRun, type Transaction } from './indexes.js';
import { type ListInput, listDocuments } from './list.js';
import { type DoctypeMeta, metaOf } from './meta.js';
import type { DocumentChange } from './outcome.js';
import type { Registry } from './registry.js';
import { listVersions, showDocument } from './show.js';
import {
  type CreateInput,
  createDocument,
  deleteDocument,
  undeleteDocument,
  updateDocument,
} from './write.js';

/** The doctypes of this process. */
export interface Doctypes {
  list(): Promise<DoctypeMeta[]>;
  /** @throws DOCTYPE_UNKNOWN */
  show(name: string): Promise<DoctypeMeta>;
  /** Adds a doctype of a module, or a newer version of one. @throws DOCTYPE_INVALID, DOCTYPE_TAKEN */
  register(definition: DefinitionInput): DoctypeMeta;
  /**
   * Builds the declared indexes that are missing, while everything goes on: short transactions fill documents that are
   * older. Lists use an index when it is complete. `dartwing migrate up` and processes that stay do this by themselves.
   * @throws DATABASE_BUSY when somebody writes documents for too long
   */
  buildIndexes(): Promise<IndexRun>;
}

/** Documents of organizations (by id or slug). */
export interface Documents {
  readonly doctypes: Doctypes;
  create(
    organization: string,
    doctype: string,
    input: CreateInput,
    call?: CallOptions,
  ): Promise<DocumentChange>;
  update(
    organization: string,
    doctype: string,
    name: string,
    data: Readonly<Record<string, unknown>>,
    call?: CallOptions & { ifVersion?: number | undefined },
  ): Promise<DocumentChange>;
  delete(
    organization: string,
    doctype: string,
    name: string,
    call?: CallOptions & { ifVersion?: number | undefined },
  ): Promise<DocumentChange>;
  undelete(organization: string, doctype: string, name: string, call?: CallOptions): Promise<DocumentChange>;
  /** Seals what was written before its field was sealed, some of it; returns how much. Run it until it returns 0. */
  seal(organization: string, call?: CallOptions): Promise<number>;
  show(organization: string, doctype: string, name: string, call?: CallOptions): Promise<Document>;
  list(organization: string, doctype: string, input?: ListInput, call?: CallOptions): Promise<DocumentList>;
  versions(
    organization: string,
    doctype: string,
    name: string,
    page?: { limit?: number; offset?: number },
    call?: CallOptions,
  ): Promise<DocumentVersions>;
}

export interface DocumentsSource {
  session: Session;
  registry: Registry;
  /** The id of an organization's slug. */
  idOf: (ref: string) => Promise<string>;
  /** Called when a doctype brought rights and indexes of its own. */
  onRegistered: () => void;
  /** A transaction of the machinery. */
  transaction: Transaction;
  clock: Clock;
  /** Told of every call that succeeded. */
  onCourse: (course: DocumentCourse) => void;
}

/** How long a call took. */
export interface DocumentCourse {
  doctype: string;
  operation: 'create' | 'update' | 'delete' | 'undelete' | 'show' | 'list' | 'versions';
  ms: number;
}

export function documentVerbs(source: DocumentsSource): Documents {
  const { session, registry, idOf, onRegistered, transaction, clock, onCourse } = source;
  const within = async <T>(
    ref: string,
    call: CallOptions | undefined,
    work: (scope: Scope) => Promise<T>,
  ): Promise<T> => session.runIn(await idOf(ref), call, work, { leavesNothing: true });
  const timed = async <T>(
    operation: DocumentCourse['operation'],
    doctype: string,
    ref: string,
    call: CallOptions | undefined,
    work: (scope: Scope) => Promise<T>,
  ): Promise<T> => {
    const startedAt = clock.monotonicMs();
    const value = await within(ref, call, work);
    onCourse({ doctype, operation, ms: clock.monotonicMs() - startedAt });
    return value;
  };
  return Object.freeze({
    doctypes: Object.freeze({
      list: async () => registry.all().map(metaOf),
      show: async (name: string) => metaOf(registry.get(name)),
      register: (definition: DefinitionInput) => {
        const doctype = registry.register(definition);
        onRegistered();
        return metaOf(doctype);
      },
      buildIndexes: () => buildIndexes(transaction, registry),
    }),
    create: (ref, doctype, input, call) =>
      timed('create', doctype, ref, call, (scope) => createDocument(scope, registry, doctype, input)),
    update: (ref, doctype, name, data, { ifVersion, ...call } = {}) =>
      timed('update', doctype, ref, call, (scope) =>
        updateDocument(scope, registry, { doctype, name }, data, ifVersion),
      ),
    delete: (ref, doctype, name, { ifVersion, ...call } = {}) =>
      timed('delete', doctype, ref, call, (scope) =>
        deleteDocument(scope, registry, { doctype, name }, ifVersion),
      ),
    undelete: (ref, doctype, name, call) =>
      timed('undelete', doctype, ref, call, (scope) => undeleteDocument(scope, registry, { doctype, name })),
    seal: (ref, call) => within(ref, call, (scope) => sealPlain(scope, registry)),
    show: (ref, doctype, name, call) =>
      timed('show', doctype, ref, call, (scope) => showDocument(scope, registry, { doctype, name })),
    list: (ref, doctype, input, call) =>
      timed('list', doctype, ref, call, (scope) => listDocuments(scope, registry, doctype, input)),
    versions: (ref, doctype, name, page, call) =>
      timed('versions', doctype, ref, call, (scope) =>
        listVersions(scope, registry, { doctype, name }, page),
      ),
  } satisfies Documents);
}
