/** Commands that work through a server: the core behind `https://…`, and who calls it. */
import { DartwingError } from '../core/errors.js';
import type { Dartwing } from '../core/index.js';
import { connectDartwing, isLoopback } from '../core/remote/index.js';
import type { CommandContext } from './context.js';
import { freshTokens } from './profile/signed-in.js';
import { openTokenFile } from './profile/token-file.js';

/** The core of the server at an address. Nothing is asked before its first verb. @throws CONFIG_INVALID */
export function openRemote(context: CommandContext, url: string): Dartwing {
  const { io } = context;
  const dartwing = connectDartwing({
    url,
    token: async () => (await tokenFor(context, url)) ?? missing(url),
    beforeChange: context.permitChange,
    onRetry: (why, inMs) => io.detail(`${why}; again in ${inMs} ms`),
    onSkew: (server, client) =>
      io.warn(
        'VERSION_SKEW',
        `This is dartwing ${client}, the server is ${server}: it may not know everything`,
      ),
  });
  context.defer(() => dartwing.close());
  return dartwing;
}

/**
 * What proves to a server who calls: the token of the environment or the profile, else that of whoever is signed in.
 * Undefined when there is none. A token goes to the server that it is for and to no other.
 * @throws UNAUTHENTICATED (the session is over, or the token is for another server)
 */
export async function tokenFor(context: CommandContext, url: string): Promise<string | undefined> {
  const { config, io } = context;
  const { token } = config.values;
  const isOfProfile = config.origin('url').source === 'profile';
  if (token !== undefined) {
    if (config.origin('token').source === 'profile' && !isOfProfile) throw elsewhere(url);
    return token;
  }
  const file = openTokenFile(context);
  const stored = file.read();
  if (stored === undefined) return undefined;
  const { origin, hostname } = new URL(url);
  const isMeant =
    stored.server === undefined ? isOfProfile || isLoopback(hostname) : stored.server === origin;
  if (!isMeant) throw elsewhere(url);
  const { access_token: fresh } = await freshTokens(context, file);
  io.conceal([fresh]);
  return fresh;
}

function elsewhere(url: string): DartwingError {
  return new DartwingError(
    'UNAUTHENTICATED',
    {},
    {
      why: `What the profile holds is for another server than ${new URL(url).origin}`,
      fix: ['dartwing profile login', 'Set DARTWING_TOKEN_FILE to a file with an API key of that server'],
    },
  );
}

function missing(url: string): never {
  throw new DartwingError(
    'UNAUTHENTICATED',
    {},
    {
      why: `There is no token for ${new URL(url).origin}`,
      fix: ['dartwing profile login', 'Set DARTWING_TOKEN_FILE to a file with an API key'],
    },
  );
}
