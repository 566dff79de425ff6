/** Answers of the verbs on API keys, and the one moment at which a secret is seen. */
import { DartwingError } from '../../core/errors.js';
import type { ApiKeyMade } from '../../core/identity/index.js';
import { change } from '../change.js';
import type { CommandContext } from '../context.js';
import type { TableView, VerbResult } from '../spec.js';

/** Columns of keys. */
export const apikeyTable: TableView = {
  columns: [
    { header: 'id', path: 'id' },
    { header: 'name', path: 'name' },
    { header: 'environment', path: 'environment' },
    { header: 'permissions', path: 'permissions' },
    { header: 'state', path: 'status.state' },
    { header: 'expires', path: 'expires_at' },
    { header: 'last used', path: 'status.last_used_at' },
  ],
};

/** Refuses to make a secret that nobody could keep: a terminal forgets, or remembers too much. @throws INPUT_REQUIRED */
export function requirePlaceForSecret({ io, global }: CommandContext, showOnce: boolean): void {
  if (global.dryRun || showOnce || !io.out.isTTY) return;
  throw new DartwingError('INPUT_REQUIRED', {
    what: 'A place for the secret',
    flag: '--show-once, or send stdout to a file or a pipe',
  });
}

/** The key itself on stdout; as a field of the document in machine modes. */
export function made(
  context: CommandContext,
  { change: done, secret }: ApiKeyMade,
  sentence: string,
): VerbResult {
  const { io, global } = context;
  const { op, ref, before, after, audit, dry_run: dryRun } = done;
  const answer = change({ op, ref, before, after, audit, dryRun, sentence });
  if (dryRun || secret === undefined || !('document' in answer)) return answer;
  const credential = `${after?.id}.${secret}`;
  if (io.machine || global.field !== undefined)
    return { ...answer, document: { ...answer.document, credential } };
  io.note(sentence);
  return { text: `${credential}\n` };
}
