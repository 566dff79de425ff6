/** Integrations of organizations. No answer holds a credential. */
import { z } from 'zod';
import type { Dartwing } from '../../core/index.js';
import { page, text, whole } from '../input.js';
import { bindingCookie } from '../integration-callback.js';
import { reportOf } from '../report.js';
import { type Route, route } from '../route.js';
import { changed } from './organizations.js';

const org = { org: text.min(1).describe('Id or slug') };
const one = z.object({ ...org, token: text.min(1).describe('Id, or the name of the provider') });
const doctype = 'Organization Integration';
const tag = 'Integrations';
const at = '/v1/organizations/{org}/integrations';

const wish = {
  provider: z.string(),
  account: z.string().optional(),
  scopes: z.array(z.string()).optional(),
  settings: z.record(z.string(), z.string()).optional(),
  replace_account: z.boolean().optional(),
};

export const tokenRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/integration-providers',
    id: 'token.providers',
    tag,
    summary: 'List the services that can be connected',
    kind: 'ProviderList',
    shape: 'body',
    run: async ({ dartwing, call }) => ({ body: await dartwing.tokens.providers(call) }),
  }),
  route({
    method: 'get',
    path: at,
    id: 'token.list',
    tag,
    summary: 'List the integrations of an organization',
    params: z.object(org),
    query: z.strictObject({
      ...page,
      provider: text.optional(),
      state: text.optional(),
      expiring_ms: whole.optional(),
    }),
    kind: 'Token',
    shape: 'page',
    run: async ({ dartwing, path, query: { expiring_ms: expiringMs, ...query }, call }) => ({
      page: { ...(await dartwing.tokens.list(path.org, { ...query, expiringMs }, call)) },
    }),
  }),
  route({
    method: 'post',
    path: `${at}/authorizations`,
    id: 'token.authorize',
    tag,
    summary: 'Begin to connect a service: where to send the browser that asks',
    params: z.object(org),
    body: z.strictObject(wish),
    status: 201,
    kind: 'TokenAuthorization',
    shape: 'data',
    run: async ({ dartwing, path, body, call }) => {
      const { authorization, binding, state } = await dartwing.tokens.connect.begin(
        path.org,
        wishOf(body),
        call,
      );
      // Only the browser that began can finish.
      return { data: authorization, cookie: bindingCookie(state, binding) };
    },
  }),
  route({
    method: 'post',
    path: `${at}/devices`,
    id: 'token.device',
    tag,
    summary: 'Begin to connect a service by a code that is typed elsewhere',
    params: z.object(org),
    body: z.strictObject(wish),
    status: 201,
    kind: 'TokenDevice',
    shape: 'data',
    run: async ({ dartwing, path, body, call }) => ({
      data: await dartwing.tokens.connect.beginDevice(path.org, wishOf(body), call),
    }),
  }),
  route({
    method: 'post',
    path: `${at}/devices/poll`,
    id: 'token.device_poll',
    tag,
    summary: 'Ask whether somebody has typed the code',
    params: z.object(org),
    body: z.strictObject({ handle: z.string() }),
    kind: 'Token',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, body, call }) => {
      const polled = await dartwing.tokens.connect.pollDevice(path.org, body.handle, call);
      if (polled.change !== undefined) return changed(polled.change);
      return { data: null, meta: { pending: true, slower: polled.slower } };
    },
  }),
  route({
    method: 'post',
    path: `${at}/credentials`,
    id: 'token.secret',
    tag,
    summary: 'Connect a service by a key or a password',
    params: z.object(org),
    body: z.strictObject({ ...wish, secret: z.string(), username: z.string().optional() }),
    status: 201,
    kind: 'Token',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, body: { secret, username, ...body }, call }) =>
      changed(await dartwing.tokens.connect.secret(path.org, { ...wishOf(body), secret, username }, call)),
  }),
  route({
    method: 'get',
    path: `${at}/health`,
    id: 'token.health',
    tag,
    summary: 'Ask providers whether the credentials of an organization work',
    params: z.object(org),
    kind: 'Report',
    shape: 'body',
    run: async ({ dartwing, path, call }) => ({
      body: healthReport(await dartwing.tokens.health(path.org, undefined, call)),
    }),
  }),
  route({
    method: 'get',
    path: `${at}/{token}`,
    id: 'token.show',
    tag,
    summary: 'Show an integration without its credential',
    params: one,
    kind: 'Token',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, call }) => ({
      data: await dartwing.tokens.show(path.org, path.token, call),
    }),
  }),
  route({
    method: 'post',
    path: `${at}/{token}/webhook`,
    id: 'token.webhook_set',
    tag,
    summary: 'Give an integration an address for news, or its webhook another secret',
    params: one,
    body: z.strictObject({
      secret: z
        .string()
        .optional()
        .describe('where the service chooses the secret, or signs with a key pair'),
    }),
    bodyOptional: true,
    status: 201,
    kind: 'IncomingWebhook',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, body, call }) => {
      const { webhooks } = dartwing.tokens;
      const { change, secret } = await webhooks.set(path.org, path.token, body.secret, call);
      const answer = changed(change);
      // Shown this once.
      return { ...answer, meta: { ...answer.meta, ...(secret === undefined ? {} : { secret }) } };
    },
  }),
  route({
    method: 'get',
    path: `${at}/{token}/webhook`,
    id: 'token.webhook',
    tag,
    summary: 'Show the webhook of an integration without its secret',
    params: one,
    kind: 'IncomingWebhook',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, call }) => ({
      data: await dartwing.tokens.webhooks.show(path.org, path.token, call),
    }),
  }),
  route({
    method: 'delete',
    path: `${at}/{token}/webhook`,
    id: 'token.webhook_remove',
    tag,
    summary: 'Take no more news of an integration',
    params: one,
    kind: 'IncomingWebhook',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, call }) =>
      changed(await dartwing.tokens.webhooks.remove(path.org, path.token, call)),
  }),
  route({
    method: 'post',
    path: `${at}/{token}/refresh`,
    id: 'token.refresh',
    tag,
    summary: 'Renew the token of an integration now',
    params: one,
    kind: 'Token',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, call }) => {
      const { done, failed } = await dartwing.tokens.refresh(path.org, [path.token], call);
      if (failed[0] !== undefined) throw failed[0].error;
      return { data: done[0] };
    },
  }),
  route({
    method: 'delete',
    path: `${at}/{token}`,
    id: 'token.revoke',
    tag,
    summary: 'Revoke at the provider, then wipe here',
    params: one,
    kind: 'Token',
    shape: 'data',
    doctype,
    run: async ({ dartwing, path, call }) => {
      const { change, provider, reason } = await dartwing.tokens.revoke(path.org, path.token, call);
      const answer = changed(change);
      return { ...answer, meta: { ...answer.meta, provider, provider_reason: reason ?? null } };
    },
  }),
];

function wishOf({
  replace_account: allowAccountChange,
  ...rest
}: {
  provider: string;
  account?: string | undefined;
  scopes?: string[] | undefined;
  settings?: Record<string, string> | undefined;
  replace_account?: boolean | undefined;
}) {
  return { ...rest, allowAccountChange };
}

function healthReport({ findings, checked }: Awaited<ReturnType<Dartwing['tokens']['health']>>) {
  return reportOf('token.health', { findings, pass: checked - findings.length });
}
