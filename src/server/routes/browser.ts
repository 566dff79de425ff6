/** Signing in with a browser at the identity provider, and out again, here and there. */
import { z } from 'zod';
import { DartwingError } from '../../core/errors.js';
import { flag, text } from '../input.js';
import { type Answer, type Cookie, type Route, route } from '../route.js';

const tag = 'Sign-in with a browser';

const forget = (name: Cookie['name']): Cookie => ({ name, value: undefined, maxAgeMs: 0 });

export const browserRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/auth/login',
    id: 'auth.login',
    access: 'anyone',
    tag,
    summary: 'Send the browser to the identity provider',
    query: z.strictObject({
      return_to: text.optional().describe('Path of this host to go to afterwards; / unless told'),
      strong: flag.optional().describe('Ask for a second factor'),
    }),
    kind: 'Redirect',
    shape: 'redirect',
    run: async ({ dartwing, query }) => {
      const { address, pending, pendingMs } = await dartwing.browser.begin({
        returnTo: query.return_to,
        strong: query.strong,
      });
      return { redirect: address, cookies: [{ name: 'pending', value: pending, maxAgeMs: pendingMs }] };
    },
  }),
  route({
    method: 'get',
    path: '/v1/auth/callback',
    id: 'auth.callback',
    access: 'anyone',
    tag,
    summary: 'Take the browser back from the identity provider',
    query: z.looseObject({
      state: text.optional(),
      code: text.optional(),
      error: text.optional(),
    }),
    kind: 'Redirect',
    shape: 'redirect',
    run: async ({ dartwing, search, cookie }) => {
      const { secret, sessionMs, returnTo } = await dartwing.browser.complete(search, {
        pending: cookie('pending'),
        former: cookie('session'),
      });
      return {
        redirect: returnTo,
        cookies: [{ name: 'session', value: secret, maxAgeMs: sessionMs }, forget('pending')],
      };
    },
  }),
  route({
    method: 'get',
    path: '/v1/auth/session',
    id: 'auth.session',
    tag,
    summary: 'Tell who is signed in',
    kind: 'SignedIn',
    shape: 'data',
    run: async ({ caller: { principal, account, identity } }) => {
      if (principal.type !== 'person') throw new DartwingError('UNAUTHENTICATED');
      return {
        data: {
          api_version: 'dartwing/v1',
          kind: 'SignedIn',
          person: principal.id,
          account: account ?? null,
          acr: identity?.acr ?? null,
          amr: identity?.amr ?? [],
          auth_time: identity?.authTime?.toISOString() ?? null,
          expires_at: identity?.expiresAt.toISOString() ?? null,
        },
      };
    },
  }),
  route({
    method: 'post',
    path: '/v1/auth/logout',
    id: 'auth.logout',
    access: 'anyone',
    ownSite: true,
    tag,
    summary: 'End the session of the browser; the answer tells where the one of the provider ends',
    kind: 'Logout',
    shape: 'data',
    run: async ({ dartwing, cookie, navigates }): Promise<Answer> => {
      const { ended, address } = await dartwing.browser.signOut(cookie('session'));
      const cookies = [forget('session'), forget('pending')];
      if (navigates) return { redirect: address ?? '/', cookies };
      return {
        data: { api_version: 'dartwing/v1', kind: 'Logout', ended, end_session_url: address ?? null },
        cookies,
      };
    },
  }),
  route({
    method: 'post',
    path: '/v1/auth/backchannel-logout',
    id: 'auth.backchannel-logout',
    access: 'anyone',
    tag,
    summary: 'Take a logout token of the identity provider',
    body: z.object({ logout_token: z.string().min(1) }),
    form: true,
    kind: 'SignOut',
    shape: 'data',
    run: async ({ dartwing, body }) => ({
      data: {
        api_version: 'dartwing/v1',
        kind: 'SignOut',
        ended: (await dartwing.identity.logoutToken(body.logout_token)).ended,
      },
    }),
  }),
];
