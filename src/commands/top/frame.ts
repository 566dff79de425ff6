/** What the parts of the screen are made of. */
import { formatDuration } from '../../core/duration.js';

export type Tone = 'red' | 'yellow' | 'green' | 'dim' | 'bold' | 'plain' | 'chosen';
export type Line = readonly (readonly [text: string, tone: Tone])[];

export interface Frame {
  columns: number;
  rows: number;
  unicode: boolean;
  now: Date;
  intervalMs: number;
  /** `prod`, or the address of the database. */
  where: string;
}

/** `800ms`, `4.1s`. */
export function length(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)}ms` : formatDuration(ms);
}
