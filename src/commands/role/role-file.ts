/** A role template in a file, in the shape that `role show -o yaml` prints. */
import { DartwingError } from '../../core/errors.js';
import type { CommandContext } from '../context.js';
import { readDocument } from '../data-file.js';

/** What the file says of the role; which values make sense is for the core to say. */
export type RoleInFile = { name?: string } & Record<string, unknown>;

/**
 * Reads a role from a file, or stdin for `-`. A name on the line has to be the one in the file, if there is one.
 * @throws BAD_FILE
 */
export async function readRole(
  context: CommandContext,
  file: string,
  name: string | undefined,
): Promise<RoleInFile> {
  const invalid = (message: string) => new DartwingError('BAD_FILE', { file, message });
  const found = await readDocument(context, file);
  if (typeof found !== 'object' || found === null || Array.isArray(found))
    throw invalid('it holds no document');
  const { api_version: version = 'dartwing/v1', kind = 'Role', ...role } = found as Record<string, unknown>;
  if (version !== 'dartwing/v1' || kind !== 'Role') throw invalid('it is no Role of dartwing/v1');
  if (name !== undefined && role.name !== undefined && role.name !== name)
    throw invalid('the name in it is another than that on the line');
  const known = name ?? role.name;
  if (known !== undefined && typeof known !== 'string') throw invalid('name is no text');
  return { ...role, ...(known === undefined ? {} : { name: known }) };
}

/** @throws VALIDATION_ERROR: what a file says is not said again on the line */
export function refuseBoth(given: readonly unknown[], flags: string): void {
  if (given.every((value) => value === undefined)) return;
  throw new DartwingError('VALIDATION_ERROR', { message: `give either --file or ${flags}` });
}
