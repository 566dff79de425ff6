import { readText } from '../../core/config-files.js';
import { DartwingError } from '../../core/errors.js';
import { isLoopback, refusalOf } from '../../core/remote/index.js';
import type { CommandContext } from '../context.js';
import { readData } from '../data-file.js';
import { textFlag, textsFlag } from '../flag-values.js';
import { tokenFor } from '../remote.js';
import { isServer } from '../server-address.js';
import type { Parsed, VerbRun } from '../spec.js';
import { isUp, readHolder } from '../up/holder.js';
import { tokenFile } from '../up/token.js';

const pagesMax = 10_000;
const pageRows = 100;

export const run: VerbRun = async (context, { args, flags }) => {
  const method = String(args.method);
  const url = addressOf(context, String(args.path));
  const headers = await headersOf(context, flags, url);
  const body = await readData(context, textFlag(flags, 'file'));
  if (flags.paginate === true) return paginate(context, method, url, headers);
  if (body !== undefined) headers.set('content-type', 'application/json');
  const response = await ask(context, url, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (text !== '') await context.io.out.write(text.endsWith('\n') ? text : `${text}\n`);
  if (!response.ok) throw refusalOf(response, text);
  return { nothing: true };
};

/** The rows of every page, by offset or, where the server gives one, by cursor. */
async function paginate(context: CommandContext, method: string, url: URL, headers: Headers) {
  if (method !== 'GET')
    throw new DartwingError('VALIDATION_ERROR', { message: '--paginate goes with GET only' });
  if (!url.searchParams.has('limit')) url.searchParams.set('limit', String(pageRows));
  let rows = Number(url.searchParams.get('offset') ?? 0);
  for (let page = 0; page < pagesMax; page++) {
    const response = await ask(context, url, { method, headers });
    const text = await response.text();
    if (!response.ok) throw refusalOf(response, text);
    const answer = JSON.parse(text) as { data?: unknown[]; total_count?: number; cursor?: string | null };
    const data = answer.data;
    if (!Array.isArray(data))
      throw new DartwingError('VALIDATION_ERROR', { message: `${url.pathname} is no list` });
    for (const row of data) await context.io.out.write(`${JSON.stringify(row)}\n`);
    rows += data.length;
    if (answer.cursor) url.searchParams.set('cursor', answer.cursor);
    else if (data.length > 0 && rows < (answer.total_count ?? 0))
      url.searchParams.set('offset', String(rows));
    else break;
  }
  return { nothing: true as const };
}

/** @throws VALIDATION_ERROR (a path without slash), INPUT_REQUIRED (no server is known) */
function addressOf({ config }: CommandContext, path: string): URL {
  if (!path.startsWith('/') || path.startsWith('//'))
    throw new DartwingError('VALIDATION_ERROR', {
      message: 'The path begins with one slash: /v1/organizations',
    });
  const { url, data } = config.values;
  const server = isServer(url) ? url : isUp(data) ? readHolder(data)?.url : undefined;
  if (server === undefined)
    throw new DartwingError('INPUT_REQUIRED', {
      what: 'A server',
      flag: '--url https://…, or run dartwing up',
    });
  return new URL(server.replace(/\/+$/, '') + path);
}

/** @throws VALIDATION_ERROR (a header without colon, a token over a network in the clear) */
async function headersOf(context: CommandContext, flags: Parsed['flags'], url: URL): Promise<Headers> {
  const headers = new Headers({ accept: 'application/json' });
  const { idempotencyKey, reason } = context.global;
  if (idempotencyKey !== undefined) headers.set('idempotency-key', encodeURIComponent(idempotencyKey));
  if (reason !== undefined) headers.set('x-reason', encodeURIComponent(reason));
  for (const given of textsFlag(flags, 'header')) {
    const [, name, value] = /^([\w-]+)\s*:\s*(.*)$/.exec(given) ?? [];
    if (name === undefined || value === undefined)
      throw new DartwingError('VALIDATION_ERROR', { message: '--header is name: value' });
    headers.set(name, value);
  }
  if (headers.has('authorization')) return headers;
  const token = keptToken(context) ?? (await tokenFor(context, url.origin));
  if (token === undefined) return headers;
  if (url.protocol !== 'https:' && !isLoopback(url.hostname))
    throw new DartwingError('VALIDATION_ERROR', {
      message: 'A token is sent over https only, or to this machine',
    });
  context.io.conceal([token]);
  headers.set('authorization', `Bearer ${token}`);
  return headers;
}

/** The key that `up` keeps for its own server, in the folder where it runs. */
function keptToken({ config }: CommandContext): string | undefined {
  const { url, data } = config.values;
  return url === undefined ? readText(tokenFile(data))?.trim() : undefined;
}

/** @throws SERVER_UNREACHABLE */
async function ask({ signal }: CommandContext, url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, signal, redirect: 'error' });
  } catch (error) {
    if (signal.aborted) throw error;
    const cause = (error as Error).cause as Error | undefined;
    const why = cause?.message ?? (error as Error).message;
    throw new DartwingError('SERVER_UNREACHABLE', { url: url.origin, why }, { cause: error });
  }
}
