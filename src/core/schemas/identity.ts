/** Who calls: API keys and signed-in identities. */
import { z } from 'zod';
import { document, list, row, time } from './base.js';

const apiKey = {
  id: z.string().describe('dw_production_4nq7hbd2mzx5tkwy'),
  organization: z.string(),
  name: z.string(),
  environment: z.enum(['production', 'sandbox']),
  permissions: z.array(z.string()).describe('<doctype>:<action>'),
  created_at: time,
  created_by: z.string(),
  rotated_at: time.nullable(),
  expires_at: time.nullable(),
  secret: z.object({ sealed: z.literal(true), fingerprint: z.string() }),
  status: z.looseObject({
    state: z.string(),
    last_used_at: time.nullable(),
    revoked_at: time.nullable(),
    former_until: time.nullable(),
  }),
};

const sealed = z.looseObject({ sealed: z.literal(true) });

export const identity = {
  Tokens: document('Tokens', {
    token_type: z.literal('Bearer'),
    access_token: z.string(),
    expires_in: z.int().describe('seconds'),
    refresh_token: z.string().describe('opens once'),
  }),
  SignOut: document('SignOut', { ended: z.int().describe('sessions that were open until now') }),
  SignedIn: document('SignedIn', {
    person: z.string(),
    account: z.string().nullable(),
    acr: z.string().nullable(),
    amr: z.array(z.string()),
    auth_time: time.nullable(),
    expires_at: time.nullable(),
  }),
  Logout: document('Logout', {
    ended: z.boolean(),
    end_session_url: z.string().nullable().describe('where the session at the provider ends'),
  }),
  Password: z.looseObject({ person: z.string(), password: sealed.optional() }),
  SecondFactor: z.looseObject({ person: z.string(), totp: sealed.extend({ confirmed: z.boolean() }) }),
  ApiKey: document('ApiKey', apiKey),
  ApiKeyList: list('ApiKeyList', row(apiKey)),
  ApiKeyUsage: document('ApiKeyUsage', {
    id: z.string(),
    last_used_at: time.nullable(),
    days: z.array(z.object({ day: z.iso.date(), uses: z.int() })),
  }),
  Identity: document('Identity', {
    person: z.string().nullable(),
    subject: z.string().nullable(),
    issuer: z.string(),
    profile: z.string(),
    url: z.string().nullable(),
    roles: z.record(z.string(), z.array(z.string())),
    expires_at: time,
  }),
};
