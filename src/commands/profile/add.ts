import { configKeySpec } from '../../core/config-keys.js';
import { DartwingError } from '../../core/errors.js';
import { change } from '../change.js';
import type { CommandContext } from '../context.js';
import { secretLines } from '../secret-input.js';
import type { Parsed, VerbRun } from '../spec.js';
import { openProfiles } from './user-file.js';

const addressBytesMax = 8_192;

export const run: VerbRun = async (context, { args, flags }) => {
  const name = String(args.name);
  requireName(name);
  const profiles = openProfiles(context);
  const values = {
    url: await readAddress(context, flags.urlStdin === true),
    ...(await readToken(context, flags)),
    ...organization(context),
  };
  const existing = profiles.values(name);
  const same = existing !== undefined && JSON.stringify(existing) === JSON.stringify(values);
  if (existing !== undefined && !(same && flags.ifNotExists === true))
    throw new DartwingError('PROFILE_EXISTS', { name });

  const makeCurrent = flags.use === true || profiles.current() === undefined;
  if (!same) profiles.put(name, values);
  if (makeCurrent) profiles.use(name);
  if (!context.global.dryRun && (!same || makeCurrent)) await profiles.save();
  return change({
    op: same ? 'none' : 'create',
    ref: `profile/${name}`,
    before: null,
    after: profiles.require(name),
    dryRun: context.global.dryRun,
    sentence: makeCurrent ? `Profile ${name} is added and the current one` : `Profile ${name} is added`,
    ...(makeCurrent ? {} : { next: [`dartwing profile use ${name}`] }),
  });
};

function requireName(name: string): void {
  if (/^[a-z0-9][a-z0-9._-]{0,62}$/i.test(name)) return;
  const message = `"${name}" cannot be a profile name: use letters, digits, dots, hyphens and underscores`;
  throw new DartwingError('USAGE', { message, command: 'profile add' });
}

async function readAddress({ io }: CommandContext, fromStdin: boolean): Promise<string> {
  const text = fromStdin ? await io.readStdin(addressBytesMax) : await askAddress(io);
  const url = text.trim();
  io.conceal([url]);
  try {
    configKeySpec('url').read(url);
  } catch (error) {
    const message = `the address ${error instanceof Error ? error.message : String(error)}`;
    throw new DartwingError('VALIDATION_ERROR', { message }, { cause: error });
  }
  return url;
}

/** The first line of the file. @throws CONFIG_PERMISSIONS, BAD_FILE, VALIDATION_ERROR */
async function readToken(context: CommandContext, flags: Parsed['flags']): Promise<{ token?: string }> {
  if (flags.tokenFile === '-' && flags.urlStdin === true)
    throw new DartwingError('VALIDATION_ERROR', {
      message: 'stdin holds the address: name a file for the token',
    });
  const lines = await secretLines(context, flags, 'tokenFile');
  if (lines === undefined) return {};
  try {
    return { token: String(configKeySpec('token').read(lines[0] ?? '')) };
  } catch (error) {
    const message = `the token ${error instanceof Error ? error.message : String(error)}`;
    throw new DartwingError('VALIDATION_ERROR', { message }, { cause: error });
  }
}

async function askAddress(io: CommandContext['io']): Promise<string> {
  const { askSecret } = await import('../ui/prompt.js');
  return askSecret(io, 'Address (postgres:// or https://)', '--url-stdin');
}

function organization({ configInput }: CommandContext): { org?: string } {
  const org = configInput.flags?.org;
  return org === undefined ? {} : { org };
}
