/**
 * Names of channels (requirements §11.2) and the keys of rooms that they lead to. A key begins with its organization, so
 * documents of the same name in two organizations never share one. Pure.
 */
import { bounds } from './bounds.js';

export type Channel =
  | { kind: 'user'; account: string }
  | { kind: 'doc'; doctype: string; name: string }
  | { kind: 'org'; organization: string }
  | { kind: 'sync'; doctype: string; organization: string }
  | { kind: 'room'; name: string }
  | { kind: 'job'; job: string }
  | { kind: 'admin' };

const doctype = '[A-Z][A-Za-z0-9 ]{0,60}';
const organization = '[A-Za-z0-9][A-Za-z0-9-]{0,62}';
const forms: readonly (readonly [RegExp, (...parts: string[]) => Channel])[] = [
  [/^user:([^\s@:]{1,64}@[^\s@:]{1,255})$/, (account) => ({ kind: 'user', account: account.toLowerCase() })],
  [new RegExp(`^doc:(${doctype}):(.+)$`), (kind, name) => ({ kind: 'doc', doctype: kind, name })],
  [new RegExp(`^org:(${organization})$`), (org) => ({ kind: 'org', organization: org })],
  [
    new RegExp(`^sync:(${doctype}):(${organization})$`),
    (kind, org) => ({ kind: 'sync', doctype: kind, organization: org }),
  ],
  [/^room:([\w .-]{1,100})$/, (name) => ({ kind: 'room', name })],
  [/^job:(JOB-\d{4}-\d{5,15})$/, (job) => ({ kind: 'job', job })],
  [/^admin:jobs$/, () => ({ kind: 'admin' })],
];

/** Reads the name of a channel; undefined for what is none. */
export function parseChannel(text: string): Channel | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: names hold none
  if (text.length > bounds.channelCharsMax || !text.isWellFormed() || /[\u0000-\u001f\u007f]/.test(text))
    return undefined;
  for (const [form, read] of forms) {
    const found = form.exec(text);
    if (found !== null) return read(...found.slice(1));
  }
  return undefined;
}

/** The room of everybody who may hear of an organization. */
export function organizationRoom(id: string): string {
  return `${id}|org`;
}

/** Changes of a doctype; with `own`, for a person who reads only what is theirs. */
export function doctypeRoom(id: string, kind: string, own?: string): string {
  return own === undefined ? `${id}|sync|${kind}` : `${id}|sync-of|${own}|${kind}`;
}

/** One document; with `own`, for a person who reads it as long as it is theirs. */
export function documentRoom(id: string, kind: string, name: string, own?: string): string {
  return own === undefined ? `${id}|doc|${kind}|${name}` : `${id}|doc-of|${own}|${kind}|${name}`;
}

export function customRoom(id: string, name: string): string {
  return `${id}|room|${name}`;
}

export function jobRoom(id: string, job: string): string {
  return `${id}|job|${job}`;
}

/** The room of those who look after all jobs. */
export const adminRoom = 'admin|jobs';
