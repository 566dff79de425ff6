/** How acts on integrations and calls to providers went, for logs and metrics: never a value of a credential. */
import type { CallOptions } from '../access/index.js';
import type { Clock } from '../clock.js';
import { asDartwingError } from '../errors.js';
import type { Log } from '../log.js';
import { traceIdOf } from '../trace.js';

/** An act on an integration. */
export interface TokenCourse {
  operation: 'connect' | 'refresh' | 'health' | 'revoke';
  provider: string;
  /** `ok`, what the provider said, or the code of an error. */
  outcome: string;
  ms: number;
}

/** A call to a provider; `status` is that of HTTP, or `failed` where there was no answer. */
export interface ProviderCall {
  provider: string;
  endpoint: 'token' | 'revoke' | 'device' | 'api';
  status: string;
  ms: number;
}

/** Hears how they went. */
export interface TokenEars {
  onCourse: (course: TokenCourse) => void;
  onProviderCall: (call: ProviderCall) => void;
}

export interface CourseParts extends TokenEars {
  clock: Clock;
  log: Log;
}

export interface CourseFacts {
  operation: TokenCourse['operation'];
  provider: string;
  organization: string;
  integration?: string | undefined;
  /** Of whoever asked for it; the machinery itself asks without one. */
  call?: CallOptions | undefined;
}

/** Does it, and writes a line about it. @param outcomeOf what is said of what came out, `ok` when all is well */
export async function followed<T>(
  { clock, log, onCourse }: CourseParts,
  { operation, provider, organization, integration, call }: CourseFacts,
  work: () => Promise<T>,
  outcomeOf: (value: T) => string = () => 'ok',
): Promise<T> {
  const startedAt = clock.monotonicMs();
  let outcome = 'ok';
  try {
    const value = await work();
    outcome = outcomeOf(value);
    return value;
  } catch (error) {
    outcome = asDartwingError(error).code;
    throw error;
  } finally {
    const ms = clock.monotonicMs() - startedAt;
    onCourse({ operation, provider, outcome, ms });
    const line = {
      trace_id: traceIdOf(call ?? {}),
      request_id: call?.requestId,
      operation,
      organization,
      provider,
      integration,
      outcome,
      ms: Math.round(ms * 10) / 10,
    };
    if (outcome === 'ok') log.info(line, 'token');
    else log.warn(line, 'token');
  }
}
