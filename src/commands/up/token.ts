/**
 * The API key that `up` keeps beside its embedded database: programs have something to try the server with, before
 * anybody has set up who may sign in.
 */
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { readText } from '../../core/config-files.js';
import { writePrivateDraft } from '../../core/folders.js';
import type { Dartwing } from '../../core/index.js';
import { limits } from '../../core/limits.js';
import type { CommandContext } from '../context.js';

const keyName = 'dartwing up';

/** Where the key lies in a folder of data. */
export function tokenFile(folder: string): string {
  return join(folder, 'token');
}

/**
 * Makes sure that the file holds a key that opens the organization, with every right in it. A key whose secret was
 * lost with its file is revoked.
 * @returns the file
 */
export async function keepToken(
  { io }: Pick<CommandContext, 'io'>,
  { identity: { apiKeys } }: Dartwing,
  folder: string,
  organization: string,
): Promise<string> {
  const file = tokenFile(folder);
  const call = { reason: 'dartwing up' };
  const kept = readText(file)?.trim();
  if (kept !== undefined) io.conceal([kept]);
  const { items } = await apiKeys.list(organization, { limit: limits.pageMax }, call);
  const ours = items.filter(({ name, status }) => name === keyName && status.state === 'active');
  const known = ours.find(({ id }) => kept?.startsWith(`${id}.`));
  for (const { id } of ours) if (id !== known?.id) await apiKeys.revoke(organization, id, call);
  if (known !== undefined) return file;
  const wanted = { name: keyName, environment: 'sandbox' as const, permissions: ['*:*'] };
  const { change, secret } = await apiKeys.create(organization, wanted, call);
  const credential = `${change.after?.id}.${secret}`;
  io.conceal([credential]);
  renameSync(writePrivateDraft(file, `${credential}\n`), file);
  return file;
}
