/** What a counter says about the next calls. Pure. */

/** A counter after a call was put to it; times in seconds. */
export interface Counted {
  windowSeconds: number;
  limit: number;
  /** Since the window began. */
  elapsed: number;
  calls: number;
  callsBefore: number;
  refused: boolean;
}

/** How many calls are left now. */
export function remainingCalls({ windowSeconds, limit, elapsed, calls, callsBefore }: Counted): number {
  const weighted = callsBefore * Math.max(0, 1 - elapsed / windowSeconds) + calls;
  return Math.max(0, Math.floor(limit - weighted));
}

/** Seconds until a call would be accepted, when nobody calls meanwhile. */
export function secondsToWait(counted: Counted): number {
  const { windowSeconds, limit, elapsed, calls, callsBefore } = counted;
  if (remainingCalls(counted) >= 1) return 0;
  // Within this window, when enough of the one before has passed …
  if (calls + 1 <= limit) return windowSeconds * (1 - (limit - calls - 1) / callsBefore) - elapsed;
  // … or within the next, in which the calls of this one are those before.
  return windowSeconds - elapsed + windowSeconds * (1 - (limit - 1) / calls);
}
