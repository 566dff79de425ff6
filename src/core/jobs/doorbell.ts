/**
 * Wakes workers after COMMIT, on a connection of its own and at most every 5 to 20 milliseconds: a NOTIFY in the business
 * transaction would make all commits of the database wait for each other (measured 2.2 to 5.6 times slower). A ring
 * that is lost costs time, never a job: workers look for themselves as well.
 */
import type { Database, Tx } from '../db/index.js';
import { limits } from '../limits.js';
import type { JobRow } from './row.js';

/** Channel with lines as payload: see `Ring`. */
export const jobChannel = 'dartwing_jobs';

/** What workers are told. */
export type Ring =
  /** Jobs of an organization joined a line, none before `turn`. */
  | { kind: 'ready'; queue: string; organization: string; priority: number; turn: number }
  /** A running job is to stop. */
  | { kind: 'cancel'; organization: string; number: string }
  /** Limits or pauses changed. */
  | { kind: 'settings' };

export interface JobDoorbell {
  /** Rings for the rows that stand in a line, after the transaction has committed. */
  ringAfter(tx: Tx, rows: readonly Pick<JobRow, 'queue' | 'organization' | 'priority' | 'turn'>[]): void;
  tellAfter(tx: Tx, ring: Ring): void;
  /** Rings now, for what is committed already. */
  tell(rings: readonly Ring[]): void;
  /** Workers of this process hear without the way through the database. */
  listen(onRing: (ring: Ring) => void): () => void;
  /** Resolves when nothing is on its way. */
  quiet(): Promise<void>;
}

export function jobDoorbell(
  database: Pick<Database, 'asMachinery'>,
  onFailure: (error: unknown) => void,
): JobDoorbell {
  const waiting = new Map<string, Ring>();
  const ears = new Set<(ring: Ring) => void>();
  const gathered = new WeakMap<Tx, Ring[]>();
  let sending: Promise<void> | undefined;

  const send = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    for (
      let pauseMs: number = limits.jobRingMs;
      waiting.size > 0;
      pauseMs = Math.min(2 * pauseMs, limits.jobRingMsMax)
    ) {
      const payloads = payloadsOf([...waiting.values()]);
      waiting.clear();
      const text = 'select pg_notify($1, payload) from unnest($2::text[]) as payload';
      await database
        .asMachinery((tx) => tx.finish(text, [jobChannel, payloads], 'dartwing_job_ring'))
        .catch(onFailure);
      // The first ring goes at once; those of a stream of jobs share the next, and the longer it lasts the more of them do.
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    sending = undefined;
  };

  const tell: JobDoorbell['tell'] = (rings) => {
    for (const ring of rings) {
      for (const hear of ears) hear(ring);
      const key = keyOf(ring);
      const known = waiting.get(key);
      if (known?.kind === 'ready' && ring.kind === 'ready' && known.turn <= ring.turn) continue;
      waiting.set(key, ring);
    }
    if (waiting.size > 0) sending ??= send();
  };

  const tellAfter: JobDoorbell['tellAfter'] = (tx, ring) => {
    const together = gathered.get(tx);
    if (together !== undefined) {
      together.push(ring);
      return;
    }
    const rings = [ring];
    gathered.set(tx, rings);
    tx.afterCommit(() => tell(rings));
  };

  return {
    ringAfter: (tx, rows) => {
      for (const ring of readyRings(rows)) tellAfter(tx, ring);
    },
    tellAfter,
    tell,
    listen: (onRing) => {
      ears.add(onRing);
      return () => ears.delete(onRing);
    },
    quiet: async () => sending,
  };
}

/** One ring for each line that rows joined. */
export function readyRings(
  rows: readonly Pick<JobRow, 'queue' | 'organization' | 'priority' | 'turn'>[],
): Ring[] {
  const lines = new Map<string, Ring & { kind: 'ready' }>();
  for (const { queue, organization, priority, turn } of rows) {
    if (turn === null) continue;
    const ring = { kind: 'ready', queue, organization, priority, turn: Number(turn) } as const;
    const known = lines.get(keyOf(ring));
    if (known === undefined || known.turn > ring.turn) lines.set(keyOf(ring), ring);
  }
  return [...lines.values()];
}

function keyOf(ring: Ring): string {
  if (ring.kind === 'ready') return `${ring.queue} ${ring.organization} ${ring.priority}`;
  return ring.kind === 'cancel' ? `cancel ${ring.organization} ${ring.number}` : 'settings';
}

/** Rings as payloads below the 8,000 bytes that PostgreSQL carries. */
function payloadsOf(rings: readonly Ring[]): string[] {
  const payloads: string[] = [];
  let lines: string[] = [];
  for (const ring of rings) {
    lines.push(lineOf(ring));
    if (lines.length === 80) {
      payloads.push(lines.join('\n'));
      lines = [];
    }
  }
  if (lines.length > 0) payloads.push(lines.join('\n'));
  return payloads;
}

function lineOf(ring: Ring): string {
  if (ring.kind === 'ready') return `ready ${ring.queue} ${ring.organization} ${ring.priority} ${ring.turn}`;
  return ring.kind === 'cancel' ? `cancel ${ring.organization} ${ring.number}` : 'settings';
}

/** Rings of a payload; lines that are none are passed over. */
export function ringsOf(payload: string): Ring[] {
  return payload.split('\n').flatMap((line): Ring[] => {
    const [kind, first = '', second = '', third, fourth] = line.split(' ');
    if (kind === 'ready')
      return [{ kind, queue: first, organization: second, priority: Number(third), turn: Number(fourth) }];
    if (kind === 'cancel') return [{ kind, organization: first, number: second }];
    return kind === 'settings' ? [{ kind }] : [];
  });
}
