/**
 * Tells processes that hold somebody's rights for long, such as sockets, that they changed. Told after COMMIT and in
 * a transaction of its own: a NOTIFY in the business transaction would make commits wait for each other. It only
 * shortens waits; whoever reads the stamp is right without it.
 */
import { type Database, keepListening, type Listening, type Tx } from '../db/index.js';
import { limits } from '../limits.js';

/** Channel with ids of persons as payload, `*` for everybody. */
const channel = 'dartwing_access';

export interface AccessDoorbell {
  /** Rings for persons after the transaction has committed. */
  ringAfter(tx: Tx, persons: readonly string[]): void;
  /**
   * Calls `onChange` for each person whose rights changed, in whatever process; with undefined when anybody's may
   * have, as after a lost connection.
   */
  listen(onChange: (person: string | undefined) => void): Listening;
}

export function accessDoorbell(
  database: Pick<Database, 'asMachinery' | 'listener'>,
  onFailure: (error: unknown) => void,
): AccessDoorbell {
  // A transaction that changes a thousand members tells of them at once.
  const waiting = new WeakMap<Tx, Set<string>>();
  const ringFor = (persons: ReadonlySet<string>) =>
    database.asMachinery(async (tx) => {
      const text = 'select pg_notify($1, person) from unnest($2::text[]) as person';
      await tx.query(text, [channel, [...persons]]);
    });
  // Nobody waits for the bell, and while one ring is under way the next ones gather.
  let due = new Set<string>();
  let ringing = false;
  const ring = async (persons: ReadonlySet<string>) => {
    for (const person of persons) due.add(person);
    if (ringing) return;
    ringing = true;
    while (due.size > 0) {
      const now = due;
      due = new Set();
      await ringFor(now).catch(onFailure);
    }
    ringing = false;
  };
  return {
    ringAfter: (tx, persons) => {
      if (persons.length === 0) return;
      let together = waiting.get(tx);
      if (together === undefined) {
        const fresh = new Set<string>();
        together = fresh;
        waiting.set(tx, fresh);
        tx.afterCommit(() => void ring(fresh));
      }
      for (const person of persons) together.add(person);
    },
    listen: (onChange) =>
      keepListening({
        open: database.listener,
        channel,
        pauseMs: limits.accessListenPauseMs,
        pauseMsMax: limits.accessListenPauseMs,
        onPayload: (payload) => onChange(payload === '*' || payload === '' ? undefined : payload),
        onConnected: () => onChange(undefined),
        onFailure,
      }),
  };
}
