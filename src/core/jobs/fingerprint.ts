/** What makes two submissions the same (requirements §12.3). Pure. */
import { createHash } from 'node:crypto';
import { DartwingError } from '../errors.js';
import { canonicalJson } from '../json.js';
import { limits } from '../limits.js';

/**
 * Input as the JSON text that is kept: dates become their text, members that are undefined are none, big integers their digits.
 * @throws VALIDATION_ERROR when it is no JSON or larger than `limits.jobInputBytesMax`
 */
export function inputText(input: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(input ?? {}, (_key, value) =>
      typeof value === 'bigint' ? value.toString() : value,
    );
  } catch (error) {
    throw new DartwingError('VALIDATION_ERROR', { message: 'The input of a job is JSON' }, { cause: error });
  }
  if (text === undefined)
    throw new DartwingError('VALIDATION_ERROR', { message: 'The input of a job is JSON' });
  if (Buffer.byteLength(text) > limits.jobInputBytesMax) {
    throw new DartwingError('VALIDATION_ERROR', {
      message: `The input of a job has at most ${limits.jobInputBytesMax} bytes; put the data elsewhere and name it here`,
    });
  }
  if (text.includes('\\u0000')) {
    throw new DartwingError('VALIDATION_ERROR', {
      message: 'The input of a job holds a character that cannot be stored',
    });
  }
  return text;
}

/** SHA-256 of type, organization and canonical input; its first 8 bytes are the hash that users see. */
export function fingerprint(type: string, organization: string, text: string): Buffer {
  let canonical: string;
  try {
    canonical = canonicalJson(JSON.parse(text));
  } catch (error) {
    throw new DartwingError(
      'VALIDATION_ERROR',
      { message: 'The input of a job is nested too deeply or holds a broken character' },
      { cause: error },
    );
  }
  return createHash('sha256').update(`${type}\n${organization}\n`).update(canonical).digest();
}
