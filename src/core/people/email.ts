/** E-mail addresses. Pure. */
import { DartwingError } from '../errors.js';

/**
 * An address in the form in which it is kept: trimmed and in lower case. The check is that of HTML's e-mail field;
 * only a mail that arrives proves more.
 * @throws EMAIL_INVALID
 */
export function parseEmail(text: string): string {
  const email = text.trim().toLowerCase();
  const form =
    /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+$/;
  if (email.length > 254 || !form.test(email))
    throw new DartwingError('EMAIL_INVALID', { email: text.slice(0, 80) });
  return email;
}
