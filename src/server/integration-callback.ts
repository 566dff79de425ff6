/**
 * Where providers send a browser back. Nobody signs in here: the state says who began, and a cookie that this is the
 * browser in which it began. The page loads nothing, and tells no other page its address, which holds a code.
 */
import { createHash } from 'node:crypto';
import { Hono } from 'hono';
import { getCookie } from 'hono/cookie';
import { asDartwingError, errorKinds } from '../core/errors.js';
import type { Dartwing } from '../core/index.js';
import { limits } from '../core/limits.js';
import { admit } from './admission.js';
import type { Env } from './exchange.js';

const path = '/v1/integrations/callback';
const queryCharsMax = 8_192;

/** The cookie that binds an attempt to a browser; several attempts do not meet. */
export function bindingCookie(state: string, binding: string): string {
  const seconds = Math.floor(limits.connectMsMax / 1000);
  return `${cookieName(state)}=${binding}; Path=${path}; Max-Age=${seconds}; HttpOnly; Secure; SameSite=Lax`;
}

function cookieName(state: string): string {
  return `dartwing_connect_${createHash('sha256').update(state).digest('hex').slice(0, 16)}`;
}

export function integrationCallback(dartwing: Dartwing): Hono<Env> {
  const routes = new Hono<Env>();
  routes.get('/', async (context) => {
    context.get('exchange').route = path;
    await admit(dartwing, context, undefined, 'general');
    const { search, searchParams } = new URL(context.req.url);
    const name = cookieName(searchParams.get('state') ?? '');
    const binding = getCookie(context, name) ?? '';
    const headers = {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
      'set-cookie': `${name}=; Path=${path}; Max-Age=0; HttpOnly; Secure; SameSite=Lax`,
    };
    try {
      if (search.length > queryCharsMax) searchParams.delete('state');
      const { after } = await dartwing.tokens.connect.complete(searchParams, binding);
      return context.body(
        page('Connected', `${after?.provider} is connected. This window can be closed.`),
        200,
        headers,
      );
    } catch (thrown) {
      const error = asDartwingError(thrown);
      const sentence =
        error.kind === 'internal' ? 'Something is wrong here; nothing was connected.' : error.message;
      return context.body(page('Not connected', sentence), errorKinds[error.kind].http as 400, headers);
    }
  });
  return routes;
}

function page(title: string, sentence: string): string {
  return `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>${escapeHtml(title)}</title></head>
  <body style="font-family: sans-serif; margin: 3em"><h1>${escapeHtml(title)}</h1><p>${escapeHtml(sentence)}</p></body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
