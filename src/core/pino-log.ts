/** Structured logs: pino, with secrets taken out by key before anything is written. */
import { type DestinationStream, pino } from 'pino';
import type { Log } from './log.js';

/** Keys whose values never reach a log, at the top and up to two levels down. */
const secretKeys = [
  'password',
  'secret',
  'token',
  'access_token',
  'refresh_token',
  'authorization',
  'cookie',
  'masterKey',
  'master_key',
  'apiKey',
  'api_key',
  'connectionString',
  'url',
];

/**
 * Makes a logger that writes NDJSON to `destination`.
 * @param level debug, info, warn, error or silent
 * @param base members of every line
 */
export function makeLog(level: string, destination: DestinationStream, base: object | null = null): Log {
  const paths = secretKeys.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]);
  return pino(
    { level, base, redact: { paths, censor: '[redacted]' }, timestamp: pino.stdTimeFunctions.isoTime },
    destination,
  );
}
