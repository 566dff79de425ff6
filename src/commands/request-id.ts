/** The name of one failed request, for the person who reports it and the one who looks for it in a log. */
import { randomBytes } from 'node:crypto';

/** `req_` and 12 hexadecimal digits. */
export function requestId(): string {
  return `req_${randomBytes(6).toString('hex')}`;
}
