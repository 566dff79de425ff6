/** Answers as HTTP says them: one envelope, a tag for caches, lines for long ones. */
import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import { isAuthorized, type Scope } from '../core/access/index.js';
import type { Env } from './exchange.js';
import { lineStream } from './lines.js';
import { type Answer, type Route, refOf } from './route.js';

/** What the caller may do with the document of an answer (requirements §2.2). */
export interface Rights {
  read: boolean;
  write: boolean;
  delete: boolean;
}

/** A witness of the call that finds these rights in the transaction of the verb, at no further cost. */
export function rightsWitness(doctype: string | undefined) {
  let rights: Rights | undefined;
  const witness = (scope: Scope, answer: unknown): void => {
    if (doctype === undefined) return;
    const document = documentOf(answer);
    if (document === undefined) return;
    const ref = refOf(doctype, document);
    rights = {
      read: isAuthorized(scope, 'read', ref),
      write: isAuthorized(scope, 'write', ref),
      delete: isAuthorized(scope, 'delete', ref),
    };
  };
  return { witness, rights: () => rights };
}

/** The document in what a verb returned: itself, or the one that was changed. */
function documentOf(answer: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined;
  const { kind, after, before, change } = answer as Record<string, unknown>;
  if (change !== undefined) return documentOf(change);
  if (kind === 'Change') return documentOf(after ?? before);
  return answer as Readonly<Record<string, unknown>>;
}

/** Makes the response of an answer; a read that the caller knows already gives 304. */
export function respond(
  context: Context<Env>,
  { status = 200, doctype, method }: Pick<Route, 'status' | 'method'> & { doctype: string | undefined },
  answer: Answer,
  rights: Rights | undefined,
): Response {
  if ('lines' in answer)
    return context.body(lineStream(answer.lines, context.req.raw.signal), status, {
      'content-type': 'application/x-ndjson; charset=utf-8',
      'cache-control': 'no-store',
    });
  if ('redirect' in answer) {
    context.header('cache-control', 'no-store');
    // 303: whatever the call was, the browser asks for the next page with GET.
    return context.redirect(answer.redirect, 303);
  }
  const text = JSON.stringify(bodyOf(answer, doctype, rights));
  context.get('exchange').answerBytes = Buffer.byteLength(text);
  const headers: Record<string, string> = { 'content-type': 'application/json; charset=utf-8' };
  if ('cookie' in answer && answer.cookie !== undefined) headers['set-cookie'] = answer.cookie;
  if (method !== 'get') return context.body(text, status, { ...headers, 'cache-control': 'no-store' });
  const tag = tagOf(text, answer);
  headers.etag = tag;
  headers['cache-control'] = 'private, no-cache';
  headers.vary = 'Authorization, Cookie';
  if (isKnown(context.req.header('if-none-match'), tag)) return context.body(null, 304, headers);
  return context.body(text, status, headers);
}

function bodyOf(
  answer: Exclude<Answer, { lines: unknown } | { redirect: string }>,
  doctype: string | undefined,
  rights: Rights | undefined,
) {
  if ('body' in answer) return answer.body;
  if ('page' in answer) {
    const { items, api_version: _version, kind: _kind, ...page } = answer.page as Record<string, unknown>;
    return { data: items, ...page };
  }
  const meta = {
    ...(doctype === undefined ? {} : { doctype }),
    ...(rights === undefined ? {} : { permissions: rights }),
    ...answer.meta,
  };
  return { data: answer.data, meta };
}

/** Begins with the version of a document that has one, so that `If-Match` can ask for it. */
function tagOf(text: string, answer: Answer): string {
  const hash = createHash('sha256').update(text).digest('base64url').slice(0, 22);
  const { version } = ('data' in answer ? (answer.data ?? {}) : {}) as { version?: unknown };
  return typeof version === 'number' ? `W/"${version}-${hash}"` : `W/"${hash}"`;
}

/** Weak comparison (RFC 9110 §8.8.3.2). */
function isKnown(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  const opaque = (text: string) => text.trim().replace(/^W\//, '');
  return header.trim() === '*' || header.split(',').some((known) => opaque(known) === opaque(tag));
}

/** The version that an `If-Match` names; undefined without one. Null when it is none of ours. */
export function versionOf(header: string | undefined): number | undefined | null {
  if (header === undefined || header.trim() === '*') return undefined;
  const [, version] = /^(?:W\/)?"(\d{1,9})(?:-[\w-]*)?"$/.exec(header.trim()) ?? [];
  return version === undefined ? null : Number(version);
}
