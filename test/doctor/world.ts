/** Doctor in this process: the checks as the command runs them, without a program for each look. */
import type { CommandContext } from '../../src/commands/context.js';
import { type CheckResult, examine, runChecks } from '../../src/commands/doctor/check.js';
import { checks } from '../../src/commands/doctor/checks.js';
import { loadConfig } from '../../src/core/config.js';
import type { TestDatabase } from '../support/database.js';
import { masterKey } from '../support/server.js';

type Environment = Readonly<Record<string, string>>;

/** What a command would be given that is run in `cwd` with this environment. */
async function contextOf(env: Environment, cwd: string): Promise<CommandContext> {
  const input = { env, cwd, flags: {} };
  const config = await loadConfig(input);
  const io = { note: () => {}, detail: () => {}, conceal: () => {} };
  const context = { config, configInput: input, env, cwd, global: {}, io, defer: () => {} };
  return context as unknown as CommandContext;
}

/** Looks with one check, and with what it needs, and tells what it says. */
export async function askDoctor(
  { url }: Pick<TestDatabase, 'url'>,
  id: string,
  { env = {}, cwd = process.cwd() }: { env?: Environment | undefined; cwd?: string } = {},
): Promise<CheckResult> {
  const wanted = new Set([id]);
  for (const check of [...checks].reverse())
    if (wanted.has(check.id)) for (const need of check.needs ?? []) wanted.add(need);
  const chosen = checks.filter((check) => wanted.has(check.id));
  const context = await contextOf({ DATABASE_URL: url, DARTWING_MASTER_KEY: masterKey, ...env }, cwd);
  const results = await examine(context, (patient) => runChecks(chosen, patient));
  return results.find((result) => result.id === id)!;
}
