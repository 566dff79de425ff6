/** What happened to a call that got no answer. */
import { DartwingError } from '../errors.js';

export interface Fault {
  /** Of the system or of TLS: ECONNREFUSED, SELF_SIGNED_CERT_IN_CHAIN. */
  code: string;
  why: string;
  /** It may be over in a moment. */
  isPassing: boolean;
  /** Nothing was sent: making the call again cannot do it twice. */
  isUnsent: boolean;
}

const unsent: readonly string[] = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'];
const ofCertificate = /CERT|SELF_SIGNED|ERR_TLS|ERR_SSL/;

/** Reads what `fetch` throws: the cause says more than the error. */
export function faultOf(error: unknown): Fault {
  const { cause = error } = error as { cause?: unknown };
  const { code = '', message } = cause as { code?: string; message?: string };
  const why = message || code || String(error);
  return {
    code,
    why: why === code || why.includes(code) ? why : `${why} (${code})`,
    isPassing: !ofCertificate.test(code),
    isUnsent: unsent.includes(code) || ofCertificate.test(code),
  };
}

/** @param attempts how often it was tried; @param mayBeDone the call may have changed something though nobody heard of it */
export function unreachable(url: string, fault: Fault, attempts: number, mayBeDone: boolean): DartwingError {
  const tried = attempts > 1 ? `; tried ${attempts} times` : '';
  const isDistrusted = ofCertificate.test(fault.code);
  return new DartwingError(
    'SERVER_UNREACHABLE',
    { url: new URL(url).origin, why: `${fault.why}${tried}` },
    mayBeDone
      ? { fix: ['Run the command again with the same --idempotency-key: what was done is not done twice'] }
      : isDistrusted
        ? { fix: ['Name the authority that signed its certificate in NODE_EXTRA_CA_CERTS'] }
        : {},
  );
}

/** An answer that is none of a dartwing. */
export function notOurs(url: string, what: string): DartwingError {
  return new DartwingError(
    'SERVER_UNREACHABLE',
    { url: new URL(url).origin, why: what },
    { fix: ['Check that the address is that of a dartwing server, with the path under which it is mounted'] },
  );
}
