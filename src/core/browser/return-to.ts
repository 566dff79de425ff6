/** Where a browser goes after signing in. Pure. */
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';

/** Of no host: a path that leads out of it leads elsewhere. */
const nowhere = 'http://nowhere.invalid';

/**
 * A path of our own, with its query and fragment. Anything a browser could read as the address of another host is
 * refused: it would make a page of somebody else's look like ours.
 * @throws VALIDATION_ERROR
 */
export function requireOwnPath(path: string): string {
  // Browsers drop tabs and line ends, and read \ as /.
  const plain = /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(path) && path.length <= limits.returnPathCharsMax;
  if (plain && URL.canParse(path, nowhere)) {
    const { origin, pathname } = new URL(path, nowhere);
    // `/.//host` is a path, and what is left of it without the dots is none.
    if (origin === nowhere && !pathname.startsWith('//')) return path;
  }
  throw new DartwingError('VALIDATION_ERROR', { message: 'return_to is no path that begins with one /' });
}
