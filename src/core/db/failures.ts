/** Turns what PostgreSQL or the socket says into errors of the catalogue. SQLSTATEs never reach a user. */
import { DartwingError, isDartwingError } from '../errors.js';

/** PostgreSQL's error codes that decide something here (appendix A of its manual). */
const sqlstate = {
  serializationFailure: '40001',
  deadlockDetected: '40P01',
  uniqueViolation: '23505',
  foreignKeyViolation: '23503',
  checkViolation: '23514',
  notNullViolation: '23502',
  rowSecurity: '42501',
  untranslatable: '22021',
  lockNotAvailable: '55P03',
  queryCanceled: '57014',
  failedTransaction: '25P02',
  statementUnknown: '26000',
  statementExists: '42P05',
  featureNotSupported: '0A000',
  idleInTransaction: '25P03',
  adminShutdown: '57P01',
  crashShutdown: '57P02',
  cannotConnectNow: '57P03',
  tooManyConnections: '53300',
  invalidPassword: '28P01',
  invalidAuthorization: '28000',
  invalidCatalogName: '3D000',
} as const;

/** The parts of a server error that are read here. */
interface ServerError extends Error {
  code?: string;
  constraint?: string;
  table?: string;
}

/** Names of socket failures that mean "no server there or it went away". */
const socketFailures = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
]);

/** Whether another attempt may succeed because two transactions met. */
export function isContention(error: unknown): boolean {
  const { code } = (error ?? {}) as ServerError;
  return code === sqlstate.serializationFailure || code === sqlstate.deadlockDetected;
}

/** Whether a statement was ignored because an earlier one of its transaction had failed. */
export function isAfterFailure(error: unknown): boolean {
  return (error as ServerError).code === sqlstate.failedTransaction;
}

/** Whether the connection failed, so that nothing more is known about the server. */
export function isConnectionFailure(error: unknown): boolean {
  const { code, message = '' } = (error ?? {}) as ServerError;
  if (code !== undefined && socketFailures.has(code)) return true;
  if (
    code === sqlstate.adminShutdown ||
    code === sqlstate.crashShutdown ||
    code === sqlstate.cannotConnectNow ||
    code === sqlstate.tooManyConnections ||
    code?.startsWith('08')
  ) {
    return true;
  }
  return /connection terminated|connection ended|client was closed|not queryable|timeout exceeded when trying to connect|Connection terminated/i.test(
    message,
  );
}

/**
 * Whether the session and its client no longer agree about named statements: somebody deallocated them, a pooler
 * mixed sessions up, or a migration changed what they return. Another connection helps.
 */
export function isStaleSession(error: unknown): boolean {
  const { code, message = '' } = (error ?? {}) as ServerError;
  if (code === sqlstate.featureNotSupported) return message.startsWith('cached plan must not change');
  return code === sqlstate.statementUnknown || code === sqlstate.statementExists;
}

/** The constraint that a duplicate met, or undefined when the error is something else. */
export function duplicateConstraint(error: unknown): string | undefined {
  const failure = (error ?? {}) as ServerError;
  return failure.code === sqlstate.uniqueViolation ? (failure.constraint ?? '') : undefined;
}

/** An error of the catalogue for a failed connection attempt. `target` is host, port and database, without secrets. */
export function connectFailure(error: unknown, target: string, role: string): DartwingError {
  if (isDartwingError(error)) return error;
  const failure = error as ServerError;
  if (failure.code === sqlstate.invalidPassword || failure.code === sqlstate.invalidAuthorization) {
    return new DartwingError('DATABASE_AUTHENTICATION', { target, role }, { cause: error });
  }
  // What pg says itself, before it has sent anything, when the server wants a password that the address has not.
  if (failure.message?.includes('client password must be a')) {
    const why = 'The server wants a password, and the address has none';
    return new DartwingError('DATABASE_AUTHENTICATION', { target, role }, { cause: error, why });
  }
  if (failure.code === sqlstate.invalidCatalogName) {
    return new DartwingError(
      'DATABASE_UNREACHABLE',
      { target, why: 'The server has no such database' },
      { cause: error },
    );
  }
  const why =
    failure.code === 'ECONNREFUSED' ? 'Nothing listens there' : failure.message || String(failure.code);
  return new DartwingError('DATABASE_UNREACHABLE', { target, why }, { cause: error, retryAfterMs: 1_000 });
}

/**
 * An error of the catalogue for a failed statement. Row values that PostgreSQL puts into its messages stay in
 * `cause` and `detail`: they may belong to somebody else.
 */
export function statementFailure(error: unknown): DartwingError {
  if (isDartwingError(error)) return error;
  const { code, constraint, table } = error as ServerError;
  const options = { cause: error, detail: { sqlstate: code, constraint, table } };
  if (isConnectionFailure(error))
    return new DartwingError('DATABASE_UNAVAILABLE', {}, { ...options, retryAfterMs: 500 });
  switch (code) {
    case sqlstate.queryCanceled:
    case sqlstate.lockNotAvailable:
    case sqlstate.idleInTransaction:
      return new DartwingError('DATABASE_TIMEOUT', {}, options);
    case sqlstate.rowSecurity:
      return new DartwingError(
        'PERMISSION_DENIED',
        { actor: 'This transaction', action: 'reach', ref: table ? `rows of ${table}` : 'this' },
        { ...options, why: 'The row does not belong to its organization, or its role has no right to it' },
      );
    case sqlstate.untranslatable:
      return new DartwingError(
        'VALIDATION_ERROR',
        { message: 'A text holds a character that cannot be stored' },
        options,
      );
    case sqlstate.checkViolation:
    case sqlstate.notNullViolation:
    case sqlstate.foreignKeyViolation:
    case sqlstate.uniqueViolation:
      return new DartwingError(
        'VALIDATION_ERROR',
        { message: `The record breaks the rule ${constraint ?? 'of a column'}` },
        options,
      );
    default:
      return new DartwingError('INTERNAL', { message: 'a statement failed' }, options);
  }
}
