/**
 * A circuit breaker for each provider and organization: after some failures in a row nobody asks for a while, then one
 * tries. It lives in the process; what all processes know is the pause that is written beside the token.
 */
import type { Clock } from '../clock.js';
import { limits } from '../limits.js';

export type BreakerState = 'closed' | 'half_open' | 'open';

export interface Breaker {
  /** Milliseconds until somebody may ask; 0 takes the turn. */
  enter(provider: string, organization: string): number;
  /** How a call went. What a provider refuses for good is no failure of the provider. */
  leave(provider: string, organization: string, well: boolean): void;
  /** Gives a turn back that was not used. */
  release(provider: string, organization: string): void;
  stateOf(provider: string, organization: string): BreakerState;
  /** Providers that failed lately, each with the worst of its circuits. */
  states(): ReadonlyMap<string, BreakerState>;
}

const rank: Readonly<Record<BreakerState, number>> = { closed: 0, half_open: 1, open: 2 };

interface Circuit {
  failures: number;
  openUntil: number;
  trying: boolean;
}

export function openBreaker(clock: Clock): Breaker {
  const circuits = new Map<string, Circuit>();
  const keyOf = (provider: string, organization: string) => `${organization}\n${provider}`;
  const stateOf: Breaker['stateOf'] = (provider, organization) => {
    const circuit = circuits.get(keyOf(provider, organization));
    if (circuit === undefined || circuit.failures < limits.breakerFailures) return 'closed';
    return circuit.openUntil > clock.monotonicMs() ? 'open' : 'half_open';
  };
  return {
    enter: (provider, organization) => {
      const circuit = circuits.get(keyOf(provider, organization));
      if (circuit === undefined || circuit.failures < limits.breakerFailures) return 0;
      const pause = circuit.openUntil - clock.monotonicMs();
      if (pause > 0) return pause;
      if (circuit.trying) return limits.breakerMs;
      circuit.trying = true;
      return 0;
    },
    leave: (provider, organization, well) => {
      const key = keyOf(provider, organization);
      if (well) {
        circuits.delete(key);
        return;
      }
      // Those that failed longest ago make place.
      if (!circuits.has(key) && circuits.size >= limits.breakersMax)
        circuits.delete(circuits.keys().next().value!);
      const failures = (circuits.get(key)?.failures ?? 0) + 1;
      circuits.delete(key);
      circuits.set(key, { failures, openUntil: clock.monotonicMs() + limits.breakerMs, trying: false });
    },
    release: (provider, organization) => {
      const circuit = circuits.get(keyOf(provider, organization));
      if (circuit !== undefined) circuit.trying = false;
    },
    stateOf,
    states: () => {
      const found = new Map<string, BreakerState>();
      for (const key of circuits.keys()) {
        const [organization, provider] = key.split('\n') as [string, string];
        const state = stateOf(provider, organization);
        if (rank[state] >= rank[found.get(provider) ?? 'closed']) found.set(provider, state);
      }
      return found;
    },
  };
}
