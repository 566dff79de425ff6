/** A clock of one process that is not remembered for a second. */
export function ahead<T extends { monotonicMs(): number }>(clock: T): T {
  let passed = 0;
  return {
    ...clock,
    monotonicMs: () => {
      passed += 61_000;
      return clock.monotonicMs() + passed;
    },
  };
}
