/** Lets one loop sleep until somebody rings or time has passed. Rings while nobody waits are remembered as one. */
export interface Doorbell {
  ring(): void;
  /** Resolves at the next ring, at once if it rang since the last wait, or after `ms`. */
  wait(ms: number): Promise<void>;
}

export function makeDoorbell(): Doorbell {
  let rung = false;
  let wake: (() => void) | undefined;
  return {
    ring: () => {
      rung = true;
      wake?.();
    },
    wait: async (ms) => {
      if (!rung) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        wake = undefined;
      }
      rung = false;
    },
  };
}
