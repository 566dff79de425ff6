/** What is told of a framework that is to go out of force. Pure. */
import type { DisablingRow } from './disable-queries.js';
import type { PolicySettings } from './settings.js';

/** A framework that is to go out of force, and what is left of it once it has. */
export interface Disabling {
  framework: string;
  state: 'asked' | 'approved' | 'disabled';
  asked_at: string;
  asked_by: string;
  reason: string;
  /** Not before then. */
  due_at: string;
  approved_at: string | null;
  approved_by: string | null;
  /** Of a disabled one: the policy that is in force now. */
  policy?: {
    version: number;
    frameworks: string[];
    settings: PolicySettings;
    exceptions: Readonly<Record<string, string>>;
  };
  [key: string]: unknown;
}

export function disablingOf(row: DisablingRow): Disabling {
  return {
    framework: row.framework,
    state: row.approved_at === null ? 'asked' : 'approved',
    asked_at: row.asked_at.toISOString(),
    asked_by: row.asked_by,
    reason: row.reason,
    due_at: row.due_at.toISOString(),
    approved_at: row.approved_at?.toISOString() ?? null,
    approved_by: row.approved_by,
  };
}
