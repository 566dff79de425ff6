/** Signing in with a password, where the installation has no identity provider. */
import { isDartwingError } from '../../core/errors.js';
import type { Dartwing, LiteTokens } from '../../core/index.js';
import type { CommandContext } from '../context.js';
import { textFlag } from '../flag-values.js';
import { secretLines, typedSecret } from '../secret-input.js';
import { isServer } from '../server-address.js';
import type { Parsed } from '../spec.js';
import { claimsOf } from './identity-document.js';
import type { StoredTokens } from './token-file.js';

/** Whether a login goes to our own door, where nobody has named a provider; a server is asked. */
export async function isLite(context: CommandContext, flags: Parsed['flags']): Promise<boolean> {
  const { url, liteSignIn, oidcIssuer } = context.config.values;
  if (oidcIssuer !== undefined || flags.issuer !== undefined) return false;
  if (!isServer(url)) return liteSignIn;
  const dartwing = await context.open();
  return (await dartwing.identity.ways()).lite;
}

/** @throws as `lite.signIn`, INPUT_REQUIRED */
export async function signInHere(context: CommandContext, flags: Parsed['flags']): Promise<StoredTokens> {
  const lines = await secretLines(context, flags, 'passwordFile');
  const email = textFlag(flags, 'email') ?? (await askEmail(context));
  const password = lines?.[0] ?? (await typedSecret(context, 'Password:', '--password-file <file|->'));
  const dartwing = await context.open();
  const attempt = (code?: string) => dartwing.lite.signIn({ email, password, code });
  const tokens = await attempt(lines?.[1]).catch(async (error: unknown) => {
    const wantsCode = isDartwingError(error) && error.code === 'SECOND_FACTOR_REQUIRED';
    if (!wantsCode || !context.io.interactive) throw error;
    return attempt(await typedSecret(context, 'Code:', 'a second line of --password-file'));
  });
  return stored(tokens);
}

/** @throws as `lite.refresh` */
export async function refreshHere(dartwing: Dartwing, refreshToken: string): Promise<StoredTokens> {
  return stored(await dartwing.lite.refresh(refreshToken));
}

function stored(tokens: LiteTokens): StoredTokens {
  const { iss } = claimsOf(tokens.access_token);
  return {
    issuer: String(iss),
    client_id: 'dartwing',
    lite: true,
    access_token: tokens.access_token,
    refresh_token: tokens.refresh_token,
    expires_at: new Date(Date.now() + tokens.expires_in * 1000).toISOString(),
  };
}

async function askEmail({ io }: CommandContext): Promise<string> {
  const { askText } = await import('../ui/prompt.js');
  return askText(io, 'E-mail address:', '--email <email>');
}
