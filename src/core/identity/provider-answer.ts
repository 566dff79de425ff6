/** One bounded call of an identity provider: time, size, form and redirections are ours to decide, not its. */
import { limits } from '../limits.js';

/** What is needed of `fetch`; tests give their own. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/**
 * The JSON object behind an address.
 * @throws Error with a reason that may be shown
 */
export async function readProviderAnswer(fetch: Fetch, url: string): Promise<Record<string, unknown>> {
  // A redirection could lead to any host inside our network.
  const response = await fetch(url, {
    redirect: 'error',
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(limits.providerCallMs),
  }).catch((cause: unknown) => {
    throw new Error(`${new URL(url).host} cannot be reached`, { cause });
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`${url} answered ${response.status}`);
  }
  return parseObject(url, await readBounded(url, response));
}

/** The same bounds around calls that somebody else makes. */
export function boundedFetch(fetch: Fetch): Fetch {
  return async (url, init) => {
    const response = await fetch(url, { ...init, redirect: 'error' });
    const body = response.body === null ? null : await readBounded(url, response);
    const { status, statusText, headers } = response;
    return new Response(body, { status, statusText, headers });
  };
}

async function readBounded(url: string, response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    // Leaving the loop cancels the stream, so the rest is never read.
    if (bytes > limits.providerAnswerBytesMax)
      throw new Error(`${url} answered more than ${limits.providerAnswerBytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseObject(url: string, text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // Said below: whatever it is, it is no JSON object.
  }
  throw new Error(`${url} answered no JSON object`);
}
