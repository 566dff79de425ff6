/** One HTTP request for each call: made again where that is safe, read part by part where the answer comes so. */
import { setTimeout as pause } from 'node:timers/promises';
import { DartwingError, isDartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { packageVersion } from '../package-root.js';
import { baseOf, skewOf } from './address.js';
import { type Fault, faultOf, notOurs, unreachable } from './fault.js';
import { comesByParts, type Far } from './methods.js';
import { type Part, partsOf } from './parts.js';
import { errorOf, refusalOf, toldIn } from './refusal.js';
import { decode, type Listener } from './wire.js';

export interface RemoteOptions {
  /** `https://api.acme.test`, with a path where the server is mounted under one. */
  url: string;
  /** API key or access token, asked for before each call; undefined for nobody. */
  token?: (() => string | undefined | Promise<string | undefined>) | undefined;
  /** Asked before something that changes is sent: throws when it shall not be. */
  beforeChange?: (() => void) | undefined;
  /** Told once when this client is newer than the server, which may not know all that it asks for. */
  onSkew?: ((server: string, client: string) => void) | undefined;
  /** Told before a call is made again. */
  onRetry?: ((why: string, inMs: number) => void) | undefined;
  /** Instead of the one of this process. */
  fetch?: ((request: Request) => Response | Promise<Response>) | undefined;
}

/** A call as it goes out. */
export interface Asking {
  name: string;
  far: Far;
  args: readonly unknown[];
  /** Repeated, it counts once. */
  hasKey: boolean;
  heard: readonly Listener[];
  signals: readonly AbortSignal[];
}

export interface Door {
  call(asking: Asking): Promise<unknown>;
  stream(asking: Asking): AsyncGenerator<unknown>;
  ready(): Promise<void>;
  close(): Promise<void>;
}

/** @throws CONFIG_INVALID */
export function openDoor(options: RemoteOptions): Door {
  const url = baseOf(options.url);
  const closing = new AbortController();
  const send = options.fetch ?? ((request: Request) => fetch(request));
  const lookAtVersion = watchVersion(url, options);

  const requestOf = async ({ name, far, args, signals }: Asking, silence: AbortSignal): Promise<Request> => {
    const headers = new Headers({ 'content-type': 'application/json', accept: 'application/json' });
    // Parts shall arrive when they are sent, not when a packer has enough of them.
    if (comesByParts(far)) headers.set('accept-encoding', 'identity');
    const isOpen = far.open === true;
    const token = isOpen ? undefined : await options.token?.();
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
    return new Request(`${url}/v1/${isOpen ? 'open-calls' : 'calls'}/${name}`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ args }),
      redirect: 'error',
      signal: AbortSignal.any([silence, closing.signal, ...signals]),
    });
  };

  /** The response of a call that was let in. */
  const ask = async (asking: Asking, silence: AbortSignal): Promise<Response> => {
    const mayRepeat = asking.far.does !== 'writes' || asking.hasKey;
    if (asking.far.does === 'writes') options.beforeChange?.();
    for (let attempt = 1; ; attempt++) {
      const request = await requestOf(asking, silence);
      const { response, fault } = await attempted(send, request);
      if (response !== undefined) {
        lookAtVersion(response);
        if (response.ok) return response;
      }
      const refusal = response === undefined ? undefined : refusalOf(response, await response.text());
      const isPassing = refusal === undefined ? fault?.isPassing === true : refusal.kind === 'unavailable';
      const mayAgain = isPassing && (mayRepeat || fault?.isUnsent === true);
      if (!mayAgain || attempt >= limits.remoteAttemptsMax)
        throw refusal ?? unreachable(url, fault!, attempt, !mayRepeat && fault?.isUnsent === false);
      const ms = limits.remotePauseMs * 2 ** (attempt - 1);
      options.onRetry?.(refusal?.message ?? fault!.why, ms);
      await pause(ms, undefined, { signal: request.signal }).catch((error: unknown) => {
        throw reasonOf(request.signal, error);
      });
    }
  };

  async function* partsOfCall(asking: Asking): AsyncGenerator<Part> {
    const silence = new AbortController();
    const { body } = await ask(asking, silence.signal);
    const ended = AbortSignal.any([closing.signal, ...asking.signals]);
    const cut = (error: unknown) =>
      ended.aborted
        ? reasonOf(ended, error)
        : unreachable(url, faultOf(error), 1, asking.far.does === 'writes');
    for await (const part of partsOf(body, silence, ended, cut)) {
      if ('error' in part) throw errorOf(toldIn(part.error) ?? untold);
      if (!('beat' in part)) yield part;
      if ('value' in part) return;
    }
    throw notOurs(url, 'its answer ended in the middle');
  }

  return {
    call: async (asking) => {
      if (!comesByParts(asking.far)) {
        const response = await ask(asking, new AbortController().signal);
        return decode((await jsonOf(response, url)).value, { error: revived });
      }
      for await (const part of partsOfCall(asking)) {
        if ('value' in part) return decode(part.value, { error: revived });
        const args = decode(part.args, { error: revived }) as unknown[];
        await asking.heard[Number(part.hear)]?.(...args);
      }
      return undefined;
    },
    async *stream(asking) {
      try {
        for await (const part of partsOfCall(asking))
          if ('part' in part) yield decode(part.part, { error: revived });
      } catch (error) {
        // Whoever follows ends it by a signal: that is no failure.
        if (!asking.signals.some(({ aborted }) => aborted)) throw error;
      }
    },
    ready: async () => {
      const request = new Request(`${url}/health/ready`, { signal: closing.signal });
      const { response, fault } = await attempted(send, request);
      if (response === undefined) throw unreachable(url, fault!, 1, false);
      await response.body?.cancel();
      if (!response.ok) throw new DartwingError('SERVER_FAULT', { status: response.status });
    },
    close: async () => closing.abort(),
  };
}

const untold = { code: 'SERVER_FAULT', message: 'The server did not say what went wrong' };

function revived(told: unknown): Error {
  return errorOf(toldIn(told) ?? untold);
}

/** One try. @throws what ended the call from here */
async function attempted(
  send: (request: Request) => Response | Promise<Response>,
  request: Request,
): Promise<{ response: Response; fault?: undefined } | { response?: undefined; fault: Fault }> {
  try {
    return { response: await send(request) };
  } catch (error) {
    if (request.signal.aborted) throw reasonOf(request.signal, error);
    return { fault: faultOf(error) };
  }
}

/** What ended a call from here, as it was told: a signal's own error, or that it was canceled. */
function reasonOf(signal: AbortSignal, error: unknown): unknown {
  return isDartwingError(signal.reason) ? signal.reason : new DartwingError('CANCELED', {}, { cause: error });
}

/** Looks at the version of the server once. @throws VERSION_SKEW */
function watchVersion(url: string, { onSkew }: RemoteOptions): (response: Response) => void {
  let isKnown = false;
  return ({ headers }) => {
    const server = headers.get('dartwing-version');
    if (isKnown || server === null) return;
    isKnown = true;
    const client = packageVersion();
    const skew = skewOf(client, server);
    if (skew === 'other')
      throw new DartwingError('VERSION_SKEW', { client, server, url: new URL(url).origin });
    if (skew === 'newer') onSkew?.(server, client);
  };
}

/** The answer of a call that comes in one piece. @throws SERVER_UNREACHABLE */
async function jsonOf(response: Response, url: string): Promise<{ value?: unknown }> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const bytes of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      text += decoder.decode(bytes, { stream: true });
      if (text.length > limits.remoteAnswerCharsMax) throw notOurs(url, 'its answer has no end');
    }
    const answer = JSON.parse(text) as unknown;
    if (typeof answer === 'object' && answer !== null && 'value' in answer) return answer;
  } catch (error) {
    if (isDartwingError(error)) throw error;
    if (!(error instanceof SyntaxError)) throw unreachable(url, faultOf(error), 1, true);
  }
  throw notOurs(url, 'it answers something else');
}
