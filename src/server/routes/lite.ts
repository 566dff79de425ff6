/** Signing in without an identity provider, where lite mode is on; secrets are in bodies only, never in addresses. */
import { z } from 'zod';
import { text } from '../input.js';
import { type Route, route } from '../route.js';
import { changed } from './organizations.js';

const tag = 'Sign-in with a password';
const secret = z.string().min(1).max(2_000);
const refreshToken = z.strictObject({ refresh_token: secret });

export const liteRoutes: readonly Route[] = [
  route({
    method: 'post',
    path: '/v1/auth/sign-in',
    id: 'auth.sign-in',
    access: 'anyone',
    tag,
    summary: 'Sign in with address, password and, where it is set up, a code',
    body: z.strictObject({ email: text.min(1), password: secret, code: text.optional() }),
    kind: 'Tokens',
    shape: 'data',
    run: async ({ dartwing, body, address }) => ({
      data: tokens(await dartwing.lite.signIn({ ...body, address })),
    }),
  }),
  route({
    method: 'post',
    path: '/v1/auth/refresh',
    id: 'auth.refresh',
    access: 'anyone',
    tag,
    summary: 'Exchange a refresh token, which opens once, for the next tokens',
    body: refreshToken,
    kind: 'Tokens',
    shape: 'data',
    run: async ({ dartwing, body }) => ({ data: tokens(await dartwing.lite.refresh(body.refresh_token)) }),
  }),
  route({
    method: 'post',
    path: '/v1/auth/sign-out',
    id: 'auth.sign-out',
    access: 'anyone',
    tag,
    summary: 'End the session of a refresh token',
    body: refreshToken,
    kind: 'SignOut',
    shape: 'data',
    run: async ({ dartwing, body }) => ({
      data: {
        api_version: 'dartwing/v1',
        kind: 'SignOut',
        ended: (await dartwing.lite.signOut(body.refresh_token)).ended,
      },
    }),
  }),
  route({
    method: 'post',
    path: '/v1/auth/password/reset',
    id: 'auth.reset',
    access: 'anyone',
    tag,
    summary: 'Mail a link that sets a password; the answer is the same for every address',
    body: z.strictObject({ email: text.min(1) }),
    status: 202,
    kind: 'Accepted',
    shape: 'data',
    run: async ({ dartwing, body, address }) => {
      await dartwing.lite.requestReset(body.email, address);
      return { data: null };
    },
  }),
  route({
    method: 'post',
    path: '/v1/auth/password/reset/confirm',
    id: 'auth.reset-confirm',
    access: 'anyone',
    tag,
    summary: 'Set a password with a mailed token; all sessions end',
    body: z.strictObject({ token: secret.describe('The token, or the whole link'), password: secret }),
    kind: 'Password',
    shape: 'data',
    run: async ({ dartwing, body }) => ({
      data: await dartwing.lite.completeReset(body.token, body.password),
    }),
  }),
  route({
    method: 'post',
    path: '/v1/auth/password',
    id: 'auth.password',
    tag,
    summary: 'Change the own password; other sessions end',
    body: z.strictObject({ current: secret, next: secret }),
    kind: 'Password',
    shape: 'data',
    run: async ({ dartwing, body, call }) => changed(await dartwing.lite.changePassword(body, call)),
  }),
  route({
    method: 'post',
    path: '/v1/auth/totp',
    id: 'auth.totp',
    tag,
    summary: 'Make a second factor; its secret and recovery codes are shown this once',
    kind: 'SecondFactor',
    shape: 'data',
    run: async ({ dartwing, call }) => {
      const { change, secret, uri, recoveryCodes } = await dartwing.lite.beginSecondFactor(call);
      const { data, meta } = changed(change);
      return { data, meta: { ...meta, secret, uri, recovery_codes: recoveryCodes } };
    },
  }),
  route({
    method: 'post',
    path: '/v1/auth/totp/confirm',
    id: 'auth.totp-confirm',
    tag,
    summary: 'Switch the second factor on with a code of the app',
    body: z.strictObject({ code: text.min(1) }),
    kind: 'SecondFactor',
    shape: 'data',
    run: async ({ dartwing, body, call }) =>
      changed(await dartwing.lite.confirmSecondFactor(body.code, call)),
  }),
];

function tokens(given: object) {
  return { api_version: 'dartwing/v1', kind: 'Tokens', ...given };
}
