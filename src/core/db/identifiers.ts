/** Quoting of SQL identifiers. Values never pass here: they are bound parameters. */
import { DartwingError } from '../errors.js';

/** Rule for every name that reaches SQL as an identifier; 63 bytes is where PostgreSQL would cut silently. */
const identifierRule = /^[a-z_][a-z0-9_]{0,62}$/;

/**
 * Quotes a name that the code or the configuration chose.
 * @throws VALIDATION_ERROR when it is not a plain lower-case identifier of at most 63 bytes.
 */
export function quoteIdentifier(name: string): string {
  if (!identifierRule.test(name)) {
    throw new DartwingError('VALIDATION_ERROR', { message: `"${name}" is not a plain SQL identifier` });
  }
  return `"${name}"`;
}

/** Quotes a text literal for the few statements that take no parameters (DDL). */
export function quoteLiteral(text: string): string {
  if (text.includes('\u0000'))
    throw new DartwingError('VALIDATION_ERROR', { message: 'A text contains NUL' });
  const doubled = text.replaceAll("'", "''");
  return text.includes('\\') ? ` E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`;
}
