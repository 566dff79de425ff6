/**
 * Names that only a database knows, for completion. Asked is what runs already: a configured database, or the server
 * that `dartwing up` keeps. Nothing is started, migrated or written in a project, and whoever types waits for
 * 300 ms at most, or as long as DARTWING_COMPLETION_TIMEOUT says. An answer is kept for a minute.
 */
import { loadConfig } from '../../core/config.js';
import { parseDurationMs } from '../../core/duration.js';
import type { Dartwing } from '../../core/index.js';
import { refuseSecrets } from '../argv-secrets.js';
import type { CommandContext } from '../context.js';
import { readEnvFile } from '../env-file.js';
import { escapeControls } from '../ui/width.js';
import type { Candidate, Question } from './candidates.js';
import { type KeptNames, openNameCache } from './name-cache.js';

const usualWaitMs = 300;
const waitMsMax = 30_000;
const namesMax = 500;
const call = { reason: 'completion of a command line' };

type Source = 'organizations' | 'roles';

/** Names that may be meant; none when nobody answers in time. The command ends with them, whatever is still open. */
export async function findNames(
  context: CommandContext,
  source: Source,
  { line, current }: Pick<Question, 'line' | 'current'>,
): Promise<readonly Candidate[]> {
  refuseSecrets(line);
  const asking = await contextOf(context, line);
  const { url, data, schema } = asking.config.values;
  const cache = openNameCache(asking.env, [source, url ?? data, schema]);
  const kept = cache.read();
  if (kept !== undefined && (kept.complete || current === '')) return offered(kept, current);
  context.endAtOnce();
  const found = await inTime(waitMs(asking), async () => {
    const { openRunning } = await import('../open.js');
    const dartwing = await openRunning(asking);
    if (dartwing === undefined) return undefined;
    const all = kept ?? (await namesOf(dartwing, source, ''));
    if (kept === undefined) cache.write(all);
    return all.complete || current === '' ? all : namesOf(dartwing, source, current);
  });
  return found === undefined ? [] : offered(found, current);
}

/** The command as it would run: with the settings of the line and of every file. */
async function contextOf(context: CommandContext, line: readonly string[]): Promise<CommandContext> {
  const { only: _, ...input } = context.configInput;
  const env = readEnvFile(flagOf(line, 'env-file'), context.cwd, context.env);
  const flags = { url: flagOf(line, 'url'), profile: flagOf(line, 'profile') };
  const given = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
  const config = await loadConfig({ ...input, env, flags: given, projectFile: flagOf(line, 'config') });
  return { ...context, env, config };
}

function flagOf(line: readonly string[], name: string): string | undefined {
  const at = line.indexOf(`--${name}`);
  if (at >= 0) return line[at + 1] === '=' ? line[at + 2] : line[at + 1];
  return line.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3);
}

async function namesOf({ tenancy, people }: Dartwing, source: Source, current: string): Promise<KeptNames> {
  if (source === 'roles') {
    const { items } = await people.role.list(undefined, call);
    return {
      candidates: items.map(({ name, applies_to_org_type }) => [
        escapeControls(name),
        `role, ${applies_to_org_type}`,
      ]),
      complete: true,
    };
  }
  const search = current === '' ? {} : { search: current };
  const { items, total_count } = await tenancy.list({ ...search, sort: 'slug', limit: namesMax }, call);
  return {
    candidates: items.flatMap(({ slug, id, name }) => [
      [slug, escapeControls(name)],
      [id, slug],
    ]),
    complete: total_count <= items.length,
  };
}

/** Ids are offered only to whoever begins to type one. */
function offered({ candidates }: KeptNames, current: string): readonly Candidate[] {
  return candidates.filter(([word]) => current.startsWith('ORG-') || !/^ORG-\d/.test(word));
}

function waitMs({ env }: CommandContext): number {
  const wished = parseDurationMs(env.DARTWING_COMPLETION_TIMEOUT ?? '');
  return Math.min(wished ?? usualWaitMs, waitMsMax);
}

async function inTime<T>(ms: number, work: () => Promise<T>): Promise<T | undefined> {
  const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), ms));
  return Promise.race([work().catch(() => undefined), late]);
}
