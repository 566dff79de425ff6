/** Whether a page of ours made a call that carries a cookie. Pure. */
import { DartwingError } from '../core/errors.js';

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses a write that carries the cookie of a browser unless a page of ours made it. Browsers say so themselves, and no
 * page can change what they say: `Sec-Fetch-Site` (Fetch Metadata), or `Origin` (RFC 6454 §7) in older ones. A call
 * that says neither is refused: programs have tokens.
 * @param origins those whose pages may call, besides the host that was called
 * @throws CROSS_SITE_REFUSED
 */
export function requireOwnSite({ method, headers, url }: Request, origins: readonly string[]): void {
  if (safeMethods.has(method) || headers.get('sec-fetch-site') === 'same-origin') return;
  const origin = headers.get('origin') ?? 'null';
  if (origins.includes(origin)) return;
  // Behind a proxy the scheme may differ from that of the public address; the host that a browser calls does not lie.
  const isHost = URL.canParse(origin) && new URL(origin).host === (headers.get('host') ?? new URL(url).host);
  if (isHost && headers.get('sec-fetch-site') === null) return;
  throw new DartwingError('CROSS_SITE_REFUSED');
}
