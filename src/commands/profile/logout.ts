import { buildEndSessionUrl, tokenRevocation } from 'openid-client';
import { change } from '../change.js';
import type { CommandContext } from '../context.js';
import type { VerbRun } from '../spec.js';
import { openProvider } from './provider.js';
import { openTokenFile, type StoredTokens } from './token-file.js';

const callMs = 10_000;

export const run: VerbRun = async (context) => {
  const { io, global } = context;
  const file = openTokenFile(context);
  const tokens = file.read();
  const forgotten = tokens !== undefined && !global.dryRun;
  if (forgotten) {
    await file.alone(async () => file.remove());
    // Whoever wants to be signed out is, also when the provider is away.
    await endSession(context, tokens).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      io.warn(
        'LOGOUT_INCOMPLETE',
        `The tokens are deleted here, but the session did not end where it was begun: ${reason}`,
      );
    });
  }
  return change({
    op: tokens === undefined ? 'none' : 'delete',
    ref: `login/${file.profile}`,
    before: tokens === undefined ? null : { issuer: tokens.issuer, expires_at: tokens.expires_at },
    after: null,
    dryRun: global.dryRun,
    sentence: `Nobody is signed in on profile ${file.profile}`,
  });
};

async function endSession(context: CommandContext, tokens: StoredTokens): Promise<void> {
  if (tokens.lite !== true) return endAtProvider(tokens);
  const dartwing = await context.open();
  await dartwing.lite.signOut(tokens.refresh_token ?? '');
}

/** Revokes the refresh token (RFC 7009) and ends the session (OpenID Connect RP-Initiated Logout 1.0). */
async function endAtProvider({ issuer, client_id: clientId, ...tokens }: StoredTokens): Promise<void> {
  const provider = await openProvider(issuer, clientId);
  const { revocation_endpoint: revocation, end_session_endpoint: end } = provider.serverMetadata();
  if (revocation !== undefined && tokens.refresh_token !== undefined)
    await tokenRevocation(provider, tokens.refresh_token, { token_type_hint: 'refresh_token' });
  if (end === undefined || tokens.id_token === undefined) return;
  const url = buildEndSessionUrl(provider, { id_token_hint: tokens.id_token });
  const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(callMs) });
  await response.body?.cancel();
  if (response.status >= 400) throw new Error(`${url.host} answered ${response.status}`);
}
