/** Integrations and providers. */
import { z } from 'zod';
import { document, list, row, time } from './base.js';

const token = {
  id: z.uuid(),
  organization: z.string(),
  provider: z.string(),
  account: z.string().describe('how the organization calls it'),
  external_account: z.string().nullable().describe('id of the account at the provider'),
  auth: z.enum(['oauth2', 'api_key', 'basic']),
  scopes: z.array(z.string()),
  settings: z.record(z.string(), z.string()),
  expires_at: time.nullable(),
  connected_at: time,
  connected_by: z.string(),
  status: z.looseObject({
    state: z.enum(['connected', 'expired', 'error', 'disconnected']),
    health: z.enum(['unknown', 'healthy', 'degraded']),
    last_refreshed: time.nullable(),
    last_checked: time.nullable(),
    failures: z.int(),
    next_attempt_at: time.nullable(),
    error_code: z.string().nullable(),
    error_message: z.string().nullable(),
  }),
  secret: z.looseObject({ sealed: z.boolean(), fingerprint: z.string().nullable() }),
};

const provider = {
  name: z.string(),
  title: z.string(),
  category: z.string(),
  tier: z.string(),
  flow: z.enum(['oauth2', 'api_key', 'basic']),
  device: z.boolean(),
  pkce: z.boolean(),
  scopes: z.array(z.string()),
  refresh: z.boolean(),
  settings: z.array(z.string()),
  configured: z.boolean().describe('an application is registered in this installation'),
  docs: z.string(),
};

export const tokens = {
  Token: document('Token', token),
  TokenList: list('TokenList', row(token)),
  ProviderList: list('ProviderList', row(provider)),
  IncomingWebhook: document('IncomingWebhook', {
    id: z.uuid(),
    organization: z.string(),
    integration: z.uuid(),
    provider: z.string(),
    account: z.string(),
    url: z.string().describe('where the service sends its news to'),
    created_at: time,
    created_by: z.string(),
    former_secret_until: time.nullable(),
    received: z.int(),
    last_received_at: time.nullable(),
  }),
  TokenAuthorization: document('TokenAuthorization', {
    provider: z.string(),
    account: z.string(),
    authorize_url: z.string(),
    expires_at: time,
  }),
  TokenDevice: document('TokenDevice', {
    provider: z.string(),
    account: z.string(),
    handle: z.string().describe('names the attempt'),
    user_code: z.string(),
    verification_uri: z.string(),
    verification_uri_complete: z.string().nullable(),
    interval_ms: z.int(),
    expires_at: time,
  }),
};
