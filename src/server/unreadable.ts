/** Requests that are no HTTP, or too much of it: refused before any route, in the form of every refusal. */
import { type Server as HttpServer, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { DartwingError } from '../core/errors.js';
import { newRequestId } from '../core/ids.js';
import { systemClock } from '../core/index.js';
import { bounds } from './bounds.js';
import { problemOf } from './problem.js';

/** Answers what Node's parser refuses; without this it would send a status and no word. */
export function refuseUnreadable(server: HttpServer): void {
  server.on('clientError', (thrown: NodeJS.ErrnoException, socket: Socket) => {
    // Nobody is there to read it, or an answer has begun and another would be taken for its end.
    if (!socket.writable || thrown.code === 'ECONNRESET' || socket.bytesWritten > 0) {
      socket.destroy(thrown);
      return;
    }
    const requestId = newRequestId(systemClock.now());
    const { status, body } = problemOf(errorOf(thrown), requestId, { invalidStatus: 400 });
    const text = JSON.stringify(body);
    socket.end(
      [
        `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
        'content-type: application/json',
        `content-length: ${Buffer.byteLength(text)}`,
        'cache-control: no-store',
        'connection: close',
        `x-request-id: ${requestId}`,
        '',
        text,
      ].join('\r\n'),
    );
  });
}

function errorOf({ code }: NodeJS.ErrnoException): DartwingError {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new DartwingError('HEADERS_TOO_LARGE', { limit: bounds.headerBytesMax });
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new DartwingError('REQUEST_TOO_SLOW', { seconds: bounds.headersMs / 1_000 });
  return new DartwingError('REQUEST_MALFORMED');
}
