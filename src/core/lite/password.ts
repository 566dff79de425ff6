/** What a password has to be (requirements §7.3: at least 12 characters, of several kinds). Pure. */
import { DartwingError, type FieldError } from '../errors.js';
import { limits } from '../limits.js';

const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{N}/u, /[^\p{L}\p{N}]/u] as const;
const kindsMin = 3;
const distinctMin = 6;

/**
 * The password as it is hashed: one form for what looks the same on every keyboard (NFKC; NIST SP 800-63B §3.1.1.2).
 * The errors name what is wrong and never repeat the password.
 * @param owner.charsMin what the policies of the owner's organizations ask for, where that is more
 * @throws PASSWORD_WEAK with every rule it breaks
 */
export function requireStrongPassword(
  password: string,
  owner: { email: string; names: readonly string[]; charsMin?: number | null },
): string {
  const normal = normalPassword(password);
  const faults: string[] = [];
  const characters = [...normal];
  const charsMin = Math.max(limits.passwordCharsMin, owner.charsMin ?? 0);
  if (characters.length < charsMin) faults.push(`has fewer than ${charsMin} characters`);
  if (Buffer.byteLength(normal) > limits.passwordBytesMax)
    faults.push(`has more than ${limits.passwordBytesMax} bytes`);
  if (kinds.filter((kind) => kind.test(normal)).length < kindsMin)
    faults.push('mixes fewer than three of lower case, upper case, digits and other signs');
  if (new Set(characters).size < distinctMin)
    faults.push(`has fewer than ${distinctMin} different characters`);
  if (holdsName(normal, owner)) faults.push('contains the name or the address of its owner');
  if (faults.length === 0) return normal;
  const fields: FieldError[] = faults.map((message) => ({ path: 'password', message }));
  throw new DartwingError('PASSWORD_WEAK', { message: faults.join('; ') }, { fields });
}

export function normalPassword(password: string): string {
  return password.normalize('NFKC');
}

function holdsName(password: string, { email, names }: { email: string; names: readonly string[] }): boolean {
  const text = password.toLowerCase();
  const [mailbox = ''] = email.split('@');
  return [mailbox, ...names].some((name) => name.length >= 4 && text.includes(name.toLowerCase()));
}
