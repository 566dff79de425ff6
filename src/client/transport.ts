/** How the client reaches the server. */
import { bounds } from './bounds.js';
import { ClientFault } from './fault.js';
import type { FeedPage, FeedRequest, PushAnswer, PushRequest } from './protocol.js';

/** Both throw ClientFault; `faultOf` makes it from what a server says. */
export interface Transport {
  feed(request: FeedRequest): Promise<FeedPage>;
  push(request: PushRequest): Promise<PushAnswer>;
}

export interface HttpTransportOptions {
  /** Address of the server, without a path of its own methods. */
  url: string;
  organization: string;
  /** The bearer token; asked for before each call, and once more with `refused` when the server did not accept it. */
  token: (refused: boolean) => string | Promise<string>;
  /** Default: the platform's. */
  fetch?: typeof fetch;
}

export function httpTransport({
  url,
  organization,
  token,
  fetch: fetchOf = fetch,
}: HttpTransportOptions): Transport {
  const call = async (method: string, body: object, refused = false): Promise<unknown> => {
    const response = await fetchOf(`${url.replace(/\/$/, '')}/api/method/dartwing_core.sync.${method}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await token(refused)}`,
        'content-type': 'application/json',
        accept: 'application/json',
      },
      body: JSON.stringify({ org: organization, ...body }),
      signal: AbortSignal.timeout(bounds.callMs),
    }).catch((cause: unknown) => {
      throw new ClientFault('OFFLINE', '', { cause });
    });
    const answer = await response.json().catch((cause: unknown) => {
      // Half an answer is no answer: whether the call arrived is unknown, and asking again is safe.
      throw new ClientFault('OFFLINE', `status ${response.status}`, { cause });
    });
    if (response.ok) return (answer as { data?: unknown }).data ?? answer;
    const seconds = Number(response.headers.get('retry-after') ?? 0);
    const fault = faultOf(response.status, codeOf(answer), seconds > 0 ? seconds * 1_000 : undefined);
    if (fault.code === 'UNAUTHENTICATED' && !refused) return call(method, body, true);
    throw fault;
  };
  return {
    feed: async (request) => (await call('feed', request)) as FeedPage,
    push: async (request) => (await call('upsert_batch', request)) as PushAnswer,
  };
}

function codeOf(answer: unknown): { code?: string | undefined; message?: string | undefined } {
  const { error, code, message } = answer as {
    error?: { code?: string; message?: string };
    code?: string;
    message?: string;
  };
  return { code: error?.code ?? code, message: error?.message ?? message };
}

/** What a refusal means for a client. @param status of HTTP */
export function faultOf(
  status: number,
  { code: serverCode, message }: { code?: string | undefined; message?: string | undefined } = {},
  retryAfterMs?: number,
): ClientFault {
  const about = [serverCode, message].filter((part) => part !== undefined).join(': ') || `status ${status}`;
  const detail = { serverCode, retryAfterMs };
  if (serverCode === 'SYNC_REVOKED') return new ClientFault('REVOKED', about, detail);
  if (serverCode === 'SYNC_PROTOCOL' || status === 426) return new ClientFault('OUTDATED', about, detail);
  if (serverCode === 'SYNC_CURSOR_INVALID' || status === 410) return new ClientFault('RESYNC', about, detail);
  if (status === 401) return new ClientFault('UNAUTHENTICATED', about, detail);
  const again = status >= 500 || status === 408 || status === 425 || status === 429;
  return new ClientFault(again ? 'OFFLINE' : 'REFUSED', about, detail);
}
