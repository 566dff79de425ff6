/** The allowances (requirements §2.4), as data. */

/** At most `calls` in any `seconds`. */
export interface Rate {
  seconds: number;
  calls: number;
}

/**
 * What a route is to the allowances of persons: methods about organizations, the resource API of Frappe's shape, and
 * everything else.
 */
export type RouteKind = 'organization' | 'resource' | 'general';

export interface Rates {
  /** Of one network address, whoever calls from it. */
  address: readonly Rate[];
  person: Readonly<Record<RouteKind, readonly Rate[]>>;
  /** Of all API keys of one organization together. */
  tier: Readonly<Record<'free' | 'pro' | 'enterprise', readonly Rate[]>>;
}

const minute = 60;
const day = 86_400;

export const shippedRates: Rates = {
  // An office of a few hundred persons may have one address.
  address: [{ seconds: minute, calls: 3_000 }],
  person: {
    organization: [{ seconds: minute, calls: 100 }],
    resource: [
      { seconds: 1, calls: 5 },
      { seconds: minute, calls: 200 },
    ],
    general: [{ seconds: minute, calls: 300 }],
  },
  tier: {
    free: [
      { seconds: minute, calls: 60 },
      { seconds: day, calls: 10_000 },
    ],
    pro: [
      { seconds: minute, calls: 300 },
      { seconds: day, calls: 100_000 },
    ],
    enterprise: [{ seconds: minute, calls: 1_000 }],
  },
};
