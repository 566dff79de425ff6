import type { Migration } from './index.js';

/**
 * Sessions of browsers: known by a secret in a cookie, of which the hash of the session's key is kept. The ID token, with
 * which the provider is asked to sign out as well, is sealed under the same secret, so that the table opens nothing.
 *
 * Second factors of lite mode are sealed with data keys from now on; those of earlier versions are sealed anew when they
 * are used.
 */
export const browserSignIn: Migration = {
  id: 19,
  name: 'browser_sign_in',
  breaking: false,
  sql: `
alter table identity_session
  add column provider_sid bytea check (octet_length(provider_sid) = 32),
  add column id_token bytea;
comment on column identity_session.provider_sid is 'hash of the session at the provider from which a browser signed in';
create index identity_session_provider on identity_session (issuer, provider_sid) where provider_sid is not null;

alter table lite_totp alter column secret drop not null,
  add column sealed_secret sealed,
  add constraint lite_totp_one check (num_nonnulls(secret, sealed_secret) = 1);
create index lite_totp_sealed on lite_totp (sealed_key(sealed_secret), person) where sealed_secret is not null;
`,
};
