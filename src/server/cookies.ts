/** Cookies of browsers that sign in: for this host only, unreadable for scripts, and over https wherever there is any. */
import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import type { Dartwing } from '../core/index.js';
import type { Env } from './exchange.js';
import type { Cookie, CookieName } from './route.js';

const names: Readonly<Record<CookieName, string>> = { session: 'dartwing', pending: 'dartwing_sign_in' };

/**
 * The prefix `__Host-` (RFC 6265bis §4.1.3.2) keeps what a neighbouring host or plain http has set from being taken for
 * ours. Browsers know it over https only.
 */
function prefixOf({ browser }: Dartwing): 'host' | undefined {
  return browser.secure ? 'host' : undefined;
}

export function readCookie(context: Context<Env>, dartwing: Dartwing, name: CookieName): string | undefined {
  const value = getCookie(context, names[name], prefixOf(dartwing));
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function writeCookie(
  context: Context<Env>,
  dartwing: Dartwing,
  { name, value = '', maxAgeMs }: Cookie,
): void {
  const prefix = prefixOf(dartwing);
  setCookie(context, names[name], value, {
    path: '/',
    httpOnly: true,
    secure: dartwing.browser.secure,
    // Lax: the provider's page leads back here with GET, and has to bring the cookies along.
    sameSite: 'Lax',
    maxAge: value === '' ? 0 : Math.floor(maxAgeMs / 1000),
    ...(prefix === undefined ? {} : { prefix }),
  });
}
