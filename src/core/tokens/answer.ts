/** What a token endpoint answered, in one form whatever the provider's own is. Pure. */
import type { OutgoingAnswer } from './outgoing.js';
import type { Provider } from './provider.js';

/** Why there are no tokens. */
export type RefusalClass =
  /** The grant is gone: somebody has to authorize again. */
  | 'reauthorize'
  /** The request or the client is wrong; trying again changes nothing until somebody mends it. */
  | 'refused'
  /** May pass by itself. */
  | 'transient'
  /** Nobody can tell what it means. */
  | 'unclear';

export interface Refusal {
  class: RefusalClass;
  /** Word of the provider, or what stands for it: `http_503`. Fit to be shown. */
  code: string;
  status: number | null;
  retryAfterMs: number | null;
}

/** The members that OAuth knows, and those that callers need besides. */
export interface Granted {
  /** As RFC 6749 §5.1 writes it, for a library to check. */
  body: Record<string, unknown>;
  details: Record<string, string>;
  externalAccount: string | null;
}

export type TokenAnswer = { granted: Granted } | { refusal: Refusal };

const tokenMembers = ['access_token', 'refresh_token', 'expires_in', 'scope'] as const;
const clientErrors = new Set([
  'invalid_client',
  'unauthorized_client',
  'invalid_request',
  'invalid_scope',
  'unsupported_grant_type',
  'access_denied',
  'authorization_pending',
  'slow_down',
  'expired_token',
]);

/** Reads an answer, with the peculiarities of the provider. */
export function readTokenAnswer(provider: Provider, answer: OutgoingAnswer): TokenAnswer {
  const { status } = answer;
  const parsed = parseBody(answer.text);
  if (status === 429 || status >= 500)
    return refusal('transient', wordOf(parsed) ?? `http_${status}`, status, retryAfterOf(answer.headers));
  const nested = provider.token_path === undefined ? undefined : member(parsed, provider.token_path);
  const tokens = isRecord(nested) && typeof nested.access_token === 'string' ? nested : parsed;
  if (status >= 200 && status < 300 && typeof tokens?.access_token === 'string' && tokens.access_token !== '')
    return { granted: granted(provider, parsed!, tokens) };
  const word = wordOf(parsed);
  if (word === undefined) return refusal('unclear', `http_${status}`, status);
  if (word === 'invalid_grant' || provider.reauthorize_errors.includes(word))
    return refusal('reauthorize', word, status);
  if (word === 'temporarily_unavailable' || word === 'server_error' || word === 'ratelimited')
    return refusal('transient', word, status, retryAfterOf(answer.headers));
  return refusal(clientErrors.has(word) || status < 500 ? 'refused' : 'unclear', word, status);
}

function granted(
  provider: Provider,
  whole: Record<string, unknown>,
  tokens: Record<string, unknown>,
): Granted {
  const body: Record<string, unknown> = { token_type: 'bearer' };
  for (const name of tokenMembers) {
    const value = tokens[name];
    if (value !== undefined && value !== null && value !== '') body[name] = value;
  }
  const life = Number(body.expires_in);
  // Some send it as text, some as 0 for a token without end.
  if (Number.isFinite(life) && life > 0) body.expires_in = Math.floor(life);
  else delete body.expires_in;
  if (Array.isArray(body.scope)) body.scope = body.scope.join(' ');
  const details: Record<string, string> = {};
  for (const name of provider.keep) {
    const value = member(whole, name);
    if (typeof value === 'string' || typeof value === 'number') details[name] = String(value).slice(0, 500);
  }
  const account = provider.account?.from === 'token' ? member(whole, provider.account.name) : undefined;
  const known = typeof account === 'string' || typeof account === 'number';
  return { body, details, externalAccount: known ? String(account).slice(0, 200) : null };
}

/** JSON, or the form that some send whatever they are asked for. */
function parseBody(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    if (!/^[\w.%-]+=[^\s<>]*(&[\w.%-]+=[^\s<>]*)*$/.test(text.trim())) return undefined;
    return Object.fromEntries(new URLSearchParams(text.trim()));
  }
}

/** The provider's word for what is wrong, where it is one: `error`, or `error.code`, or `code`. */
function wordOf(body: Record<string, unknown> | undefined): string | undefined {
  if (body === undefined) return undefined;
  const { error } = body;
  const given = isRecord(error) ? (error.code ?? error.type ?? error.status) : (error ?? body.code);
  return typeof given === 'string' && /^[\w.:-]{1,80}$/.test(given) ? given : undefined;
}

/** A member by its path: `team.id`. */
function member(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((at, name) => (isRecord(at) && Object.hasOwn(at, name) ? at[name] : undefined), value);
}

/** Seconds as RFC 9110 writes them. A date would need the provider's clock; the usual pause serves. */
function retryAfterOf(headers: Headers): number | null {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, 3600) * 1000 : null;
}

function refusal(
  kind: RefusalClass,
  code: string,
  status: number | null,
  retryAfterMs: number | null = null,
): { refusal: Refusal } {
  return { refusal: { class: kind, code, status, retryAfterMs } };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
