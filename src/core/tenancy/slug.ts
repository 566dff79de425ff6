/** Rules for slugs: the short, unique handle of an organization. Pure. */
import { DartwingError } from '../errors.js';

/** Words that mean something else where a slug may stand: in paths, flags and `@` forms. */
const reserved = new Set([
  'admin',
  'all',
  'api',
  'current',
  'default',
  'health',
  'me',
  'new',
  'none',
  'null',
  'system',
  'undefined',
]);

/**
 * Checks a slug: 2 to 63 lower-case letters, digits and single hyphens, beginning with a letter (the rule of a DNS
 * label, RFC 1035, so that it can become a host name).
 * @throws SLUG_INVALID with a slug that would do.
 */
export function parseSlug(text: string): string {
  if (/^(?=.{2,63}$)[a-z](?:-?[a-z0-9])*$/.test(text) && !reserved.has(text)) return text;
  throw new DartwingError('SLUG_INVALID', { slug: text.slice(0, 80), example: suggestSlug(text) });
}

/** A valid slug made from any text. */
export function suggestSlug(text: string): string {
  const plain = text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, 63)
    .replace(/-+$/, '');
  return plain.length >= 2 && !reserved.has(plain) ? plain : `${plain || 'my'}-org`;
}
