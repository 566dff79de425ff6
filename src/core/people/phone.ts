/** Phone numbers. */
import type { CountryCode } from 'libphonenumber-js';
import { DartwingError } from '../errors.js';

/**
 * A phone number as E.164 (`+14155550123`). A number without country code is one of `region`.
 * @throws PHONE_INVALID
 */
export async function parsePhone(text: string, region: CountryCode = 'US'): Promise<string> {
  // Its tables are read only where somebody gives a number.
  const { parsePhoneNumberFromString } = await import('libphonenumber-js/min');
  const number = parsePhoneNumberFromString(text.slice(0, 80), { defaultCountry: region, extract: false });
  if (!number?.isValid()) throw new DartwingError('PHONE_INVALID', { phone: text.slice(0, 80) });
  return number.number;
}
