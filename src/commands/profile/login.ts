import {
  type Configuration,
  initiateDeviceAuthorization,
  pollDeviceAuthorizationGrant,
  type TokenEndpointResponse,
} from 'openid-client';
import { maskSecret } from '../../core/config.js';
import { DartwingError } from '../../core/errors.js';
import type { CommandContext } from '../context.js';
import { textFlag } from '../flag-values.js';
import { isServer } from '../server-address.js';
import type { VerbResult, VerbRun } from '../spec.js';
import { signInByLoopback } from './browser-sign-in.js';
import { identityDocument } from './identity-document.js';
import { isLite, signInHere } from './lite.js';
import { openProvider, providerFault, scope, tokensOf } from './provider.js';
import { openTokenFile, type StoredTokens, type TokenFile } from './token-file.js';

/** How long somebody may take to sign in. */
const signInMs = 600_000;

export const run: VerbRun = async (context, { flags }) => {
  const { config } = context;
  if ((flags.device === true || flags.noBrowser === true) && flags.loopback === true)
    throw new DartwingError('USAGE', {
      message: '--device (or --no-browser) and --loopback exclude each other',
      command: 'profile login',
    });
  const file = openTokenFile(context);
  if (await isLite(context, flags)) return keep(context, file, await signInHere(context, flags));
  const issuer = textFlag(flags, 'issuer') ?? config.values.oidcIssuer ?? (await issuerOfServer(context));
  if (issuer === undefined || !URL.canParse(issuer))
    throw new DartwingError('INPUT_REQUIRED', {
      what: 'The address of the identity provider',
      flag: '--issuer',
    });
  const clientId = textFlag(flags, 'clientId') ?? config.values.oidcClientId;
  const provider = await openProvider(issuer, clientId);
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(signInMs)]);
  const signIn = flags.device === true || flags.noBrowser === true ? signInByDevice : signInByBrowser;
  const answer = await signIn(context, provider, signal).catch((error: unknown) => {
    throw providerFault(error, issuer);
  });
  return keep(context, file, tokensOf(answer, { issuer, client_id: clientId }));
};

/** What the server believes, if the profile works through one. */
async function issuerOfServer(context: CommandContext): Promise<string | undefined> {
  if (!isServer(context.config.values.url)) return undefined;
  const dartwing = await context.open();
  return (await dartwing.identity.ways()).issuer ?? undefined;
}

async function keep(context: CommandContext, file: TokenFile, tokens: StoredTokens): Promise<VerbResult> {
  const { io, config } = context;
  io.conceal(
    [tokens.access_token, tokens.refresh_token ?? '', tokens.id_token ?? ''].filter((text) => text !== ''),
  );
  const { url } = config.values;
  const server = isServer(url) ? new URL(url).origin : undefined;
  await file.alone(async () => file.write(server === undefined ? tokens : { ...tokens, server }));
  const document = identityDocument(file.profile, url === undefined ? null : maskSecret(url), tokens);
  return {
    document,
    table: { columns: [], sentence: `Signed in as ${document.person} on profile ${file.profile}` },
  };
}

function signInByBrowser(
  { io }: CommandContext,
  provider: Configuration,
  signal: AbortSignal,
): Promise<TokenEndpointResponse> {
  const announce = (url: string) => {
    io.event({ type: 'sign_in', url });
    io.note(`Open this address in a browser on this machine:\n\n  ${url}\n`);
  };
  return signInByLoopback(provider, announce, signal);
}

/** On a machine without a browser (RFC 8628): the code is typed on another one. */
async function signInByDevice(
  { io }: CommandContext,
  provider: Configuration,
  signal: AbortSignal,
): Promise<TokenEndpointResponse> {
  const device = await initiateDeviceAuthorization(provider, { scope });
  const { verification_uri: url, user_code: code } = device;
  io.event({ type: 'sign_in', url, code });
  io.note(`Open ${url} on any machine and enter the code\n\n  ${code}\n`);
  return pollDeviceAuthorizationGrant(provider, device, undefined, { signal });
}
