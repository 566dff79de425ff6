import { DartwingError } from '../../core/errors.js';
import type { CommandContext } from '../context.js';

/** The organization that a line names: a slug, an id, or `@current`. @throws ORGANIZATION_REQUIRED when there is no current one */
export function namedOrganization(
  context: Pick<CommandContext, 'currentOrganization'>,
  argument: unknown,
): string {
  const ref = argument === '@current' ? context.currentOrganization() : argument;
  if (typeof ref !== 'string' || ref === '') throw new DartwingError('ORGANIZATION_REQUIRED');
  return ref;
}

/** The organization of the line. @throws ORGANIZATION_REQUIRED */
export function requireCurrent(context: Pick<CommandContext, 'currentOrganization'>): string {
  const organization = context.currentOrganization();
  if (organization === undefined) throw new DartwingError('ORGANIZATION_REQUIRED');
  return organization;
}
