/** What frameworks ask for, in figures; of several the strictest counts. Pure. */
import { z } from 'zod';

const minutes = z.int().min(1).max(600);

export const settingsSchema = z.strictObject({
  session_idle_minutes: minutes.optional(),
  session_minutes: minutes.optional(),
  password_chars_min: z.int().min(12).max(64).optional(),
  sign_in_lock_minutes: minutes.optional(),
  retention_days: z.int().min(1).max(36_500).optional(),
  mfa_required: z.boolean().optional(),
  tls_required: z.boolean().optional(),
  agreement_required: z.boolean().optional(),
  key_service_required: z.boolean().optional(),
  ai_local_only: z.boolean().optional(),
  region_pinned: z.boolean().optional(),
});

/** Absent means that nothing is asked for. */
export type PolicySettings = z.output<typeof settingsSchema>;

const smaller: ReadonlySet<string> = new Set(['session_idle_minutes', 'session_minutes']);

/** The strictest of each: the shortest session, the longest retention, whatever one of them requires. */
export function strictestOf(all: readonly PolicySettings[]): PolicySettings {
  const merged: Record<string, number | boolean> = {};
  for (const settings of all) {
    for (const [name, value] of Object.entries(settings)) {
      if (value === undefined) continue;
      const before = merged[name];
      merged[name] =
        typeof value === 'boolean'
          ? value || before === true
          : typeof before !== 'number'
            ? value
            : smaller.has(name)
              ? Math.min(before, value)
              : Math.max(before, value);
    }
  }
  return merged;
}
