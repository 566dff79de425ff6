/** Priorities order the jobs of one organization within a queue; between organizations they mean nothing. */
export const priorities = ['critical', 'high', 'normal', 'low'] as const;
export type Priority = (typeof priorities)[number];

/** The number that is stored, smallest first. */
export function rankOf(priority: Priority): number {
  return priorities.indexOf(priority);
}
