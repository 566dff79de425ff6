/**
 * Who is next: start-time fair queueing between the organizations of one queue, in the memory of one worker. Each
 * organization has a virtual time that grows by what it used, in slot milliseconds, divided by its weight; the least
 * is served first. Whoever wakes up starts at the present virtual time: no credit for having been idle, no waiting
 * behind the backlogs of others; among equals the one that just woke comes first. Pure.
 */

/** How many jobs may be taken from which line. */
export interface Pick {
  organization: string;
  priority: number;
  count: number;
  /** There is nothing left up to this turn. */
  mark: number;
  /** Virtual time at which the first of them is to begin, and how much later each further one. */
  start: number;
  step: number;
}

interface Line {
  /** There is nothing left up to this turn. */
  mark: number;
  /** Least turn that joined since jobs were last asked for. */
  joined: number | undefined;
}

interface Flow {
  organization: string;
  virtual: number;
  weight: number;
  /** Woken after all others with the same virtual time: served before them. */
  woken: number;
  /** By priority, only those that may have jobs. */
  lines: Map<number, Line>;
  /** Slots in use in this worker. */
  running: number;
  /** Slot milliseconds of one of its jobs, as far as known. */
  costMs: number | undefined;
  /** Nothing is taken before this time: its limit is reached. */
  parkedUntil: number;
  /** One of its jobs ended since it was picked: what the claim found of its limit is no longer true. */
  hasRoom: boolean;
  /** Place in the heap, or -1. */
  at: number;
}

/** Weight of the last job in the average. */
const smoothing = 0.2;
/** Every job costs something, or one that takes no time would never let another go first. */
const costMsMin = 0.05;

export class FairQueue {
  readonly #flows = new Map<string, Flow>();
  readonly #heap: Flow[] = [];
  #now = 0;
  #woken = 0;
  #costMs = 1;

  /** Number of organizations that may have jobs. */
  get active(): number {
    return this.#heap.length;
  }

  /** Slot milliseconds of an average job of this queue. */
  get costMs(): number {
    return this.#costMs;
  }

  /** Jobs joined a line, none before `turn`. */
  wake(organization: string, priority: number, turn = 0): void {
    const flow = this.#flowOf(organization);
    const line = flow.lines.get(priority);
    if (line === undefined) flow.lines.set(priority, { mark: Math.max(0, turn - 1), joined: turn });
    else {
      line.mark = Math.min(line.mark, Math.max(0, turn - 1));
      line.joined = Math.min(line.joined ?? turn, turn);
    }
    if (flow.at < 0) {
      flow.virtual = Math.max(this.#now, flow.virtual);
      flow.woken = ++this.#woken;
      this.#push(flow);
    }
  }

  /** Looks at every line from its beginning again: something may have been committed late. */
  forgetMarks(): void {
    for (const flow of this.#heap) for (const line of flow.lines.values()) line.mark = 0;
    // Whoever used up what they had and came no more is as good as unknown.
    for (const [organization, flow] of this.#flows)
      if (flow.at < 0 && flow.running === 0 && flow.virtual <= this.#now) this.#flows.delete(organization);
  }

  /**
   * Divides free slots.
   * @param slots how many are free
   * @param slotsMax how many one organization may hold when its jobs are long
   * @param longMs from which length on they are
   * @param now in milliseconds, for what is parked
   */
  pick(slots: number, slotsMax: number, longMs: number, now: number): Pick[] {
    const picks = new Map<string, Pick>();
    const aside: Flow[] = [];
    let left = slots;
    while (left > 0 && this.#heap.length > 0) {
      const flow = this.#heap[0]!;
      const mine = picks.get(flow.organization);
      const taken = mine?.count ?? 0;
      const isLong = (flow.costMs ?? Infinity) >= longMs;
      const isHeld = flow.parkedUntil > now || (isLong && flow.running + taken >= slotsMax);
      if (isHeld) {
        this.#pop();
        aside.push(flow);
        continue;
      }
      if (mine === undefined) {
        flow.hasRoom = false;
        const priority = Math.min(...flow.lines.keys());
        const line = flow.lines.get(priority)!;
        line.joined = undefined;
        picks.set(flow.organization, {
          organization: flow.organization,
          priority,
          count: 1,
          mark: line.mark,
          start: flow.virtual,
          step: this.#costOf(flow) / flow.weight,
        });
      } else mine.count += 1;
      this.#charge(flow, this.#costOf(flow));
      left -= 1;
    }
    for (const flow of aside) this.#push(flow);
    return [...picks.values()];
  }

  /** A job began whose place was at this virtual time: whoever wakes up now comes before what has not begun. */
  began(start: number): void {
    this.#now = Math.max(this.#now, start);
  }

  /** Whether somebody woke up that has had nothing since. */
  get hasWoken(): boolean {
    return (this.#heap[0]?.woken ?? 0) > 0;
  }

  /** How long until something that is parked may be looked at again; undefined when nothing is. */
  parkedFor(now: number): number | undefined {
    let least: number | undefined;
    for (const { parkedUntil } of this.#heap)
      if (parkedUntil > now) least = Math.min(least ?? Infinity, parkedUntil - now);
    return least;
  }

  /** What a pick brought. Fewer than asked for means that the line is empty, unless it was refilled meanwhile. */
  taken(pick: Pick, count: number, lastTurn: number | undefined, weight: number | undefined): void {
    const flow = this.#flows.get(pick.organization);
    if (flow === undefined) return;
    if (weight !== undefined) flow.weight = weight;
    flow.running += count;
    const line = flow.lines.get(pick.priority);
    if (line !== undefined) {
      // What joined while the claim was on its way is neither behind the mark nor was it seen.
      const seen = Math.max(pick.mark, lastTurn ?? 0);
      line.mark = line.joined === undefined ? seen : Math.min(seen, Math.max(0, line.joined - 1));
      if (count < pick.count && line.joined === undefined) flow.lines.delete(pick.priority);
    }
    if (count < pick.count) flow.virtual -= ((pick.count - count) * this.#costOf(flow)) / flow.weight;
    if (flow.lines.size === 0) this.#remove(flow);
    else if (flow.at >= 0) this.#sift(flow);
  }

  /** A pick was not carried out: its organization stays in the line. */
  untaken(pick: Pick, parkedUntil = 0): void {
    const flow = this.#flows.get(pick.organization);
    if (flow === undefined) return;
    flow.virtual -= (pick.count * this.#costOf(flow)) / flow.weight;
    flow.parkedUntil = flow.hasRoom ? 0 : parkedUntil;
    if (flow.at >= 0) this.#sift(flow);
  }

  /** A limit may have room again. */
  unpark(organization: string): void {
    const flow = this.#flows.get(organization);
    if (flow === undefined) return;
    flow.parkedUntil = 0;
    flow.hasRoom = true;
  }

  /** A job gave its slot back after `ms`. What it cost more or less than expected is charged now. */
  finished(organization: string, ms: number): void {
    const cost = Math.max(ms, costMsMin);
    this.#costMs += smoothing * (cost - this.#costMs);
    const flow = this.#flows.get(organization);
    if (flow === undefined) return;
    const expected = this.#costOf(flow);
    flow.running = Math.max(0, flow.running - 1);
    flow.costMs = flow.costMs === undefined ? cost : flow.costMs + smoothing * (cost - flow.costMs);
    this.#charge(flow, cost - expected);
    if (flow.at < 0 && flow.running === 0 && flow.virtual <= this.#now) this.#flows.delete(organization);
  }

  #costOf(flow: Flow): number {
    return Math.max(costMsMin, flow.costMs ?? this.#costMs);
  }

  #charge(flow: Flow, ms: number): void {
    flow.virtual += ms / flow.weight;
    flow.woken = 0;
    if (flow.at >= 0) this.#sift(flow);
  }

  #flowOf(organization: string): Flow {
    let flow = this.#flows.get(organization);
    if (flow === undefined) {
      flow = {
        organization,
        virtual: this.#now,
        weight: 1,
        woken: 0,
        lines: new Map(),
        running: 0,
        costMs: undefined,
        parkedUntil: 0,
        hasRoom: false,
        at: -1,
      };
      this.#flows.set(organization, flow);
    }
    return flow;
  }

  #precedes(a: Flow, b: Flow): boolean {
    return a.virtual < b.virtual || (a.virtual === b.virtual && a.woken > b.woken);
  }

  #push(flow: Flow): void {
    flow.at = this.#heap.push(flow) - 1;
    this.#sift(flow);
  }

  #pop(): void {
    this.#remove(this.#heap[0]!);
  }

  #remove(flow: Flow): void {
    const { at } = flow;
    if (at < 0) return;
    flow.at = -1;
    const last = this.#heap.pop()!;
    if (last === flow) return;
    this.#heap[at] = last;
    last.at = at;
    this.#sift(last);
  }

  /** Restores the order of the heap around one flow. */
  #sift(flow: Flow): void {
    while (flow.at > 0) {
      const above = this.#heap[(flow.at - 1) >> 1]!;
      if (!this.#precedes(flow, above)) break;
      this.#swap(flow, above);
    }
    for (;;) {
      const left = this.#heap[2 * flow.at + 1];
      const right = this.#heap[2 * flow.at + 2];
      const least = right !== undefined && left !== undefined && this.#precedes(right, left) ? right : left;
      if (least === undefined || !this.#precedes(least, flow)) return;
      this.#swap(flow, least);
    }
  }

  #swap(a: Flow, b: Flow): void {
    [a.at, b.at] = [b.at, a.at];
    this.#heap[a.at] = a;
    this.#heap[b.at] = b;
  }
}
