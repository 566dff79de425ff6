/** `@me` in place of a person: whoever the profile is signed in as. */
import { DartwingError } from '../core/errors.js';
import type { CommandContext } from './context.js';
import type { Parsed, VerbSpec } from './spec.js';

const me = '@me';

/** The line with `@me` replaced by an e-mail address. @throws UNAUTHENTICATED when nobody is signed in */
export async function withMe<T extends Parsed>(
  context: CommandContext,
  verb: VerbSpec,
  parsed: T,
): Promise<T> {
  const names = (verb.arguments ?? []).map(({ name }) => name).filter((name) => parsed.args[name] === me);
  if (!names.includes('person')) return parsed;
  return { ...parsed, args: { ...parsed.args, person: await signedInPerson(context) } };
}

async function signedInPerson(context: CommandContext): Promise<string> {
  const [{ openTokenFile }, { freshTokens }, { identityDocument }] = await Promise.all([
    import('./profile/token-file.js'),
    import('./profile/signed-in.js'),
    import('./profile/identity-document.js'),
  ]);
  const file = openTokenFile(context);
  const { person } = identityDocument(file.profile, null, await freshTokens(context, file));
  if (typeof person !== 'string') throw new DartwingError('UNAUTHENTICATED');
  return person;
}
