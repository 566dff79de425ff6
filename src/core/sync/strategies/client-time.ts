/** What a client's clock is worth (design: only last_write_wins looks at it, and never further than it may reach). */
import type { Writer } from './conflict.js';

/**
 * The client's time, not before the version it edited and not after now. Without one, now.
 * @param after when the ancestor was written
 */
export function clampClientTime(
  writtenAt: Date | undefined,
  { after, now }: { after?: Date | undefined; now: Date },
): Date {
  const given = writtenAt?.getTime() ?? Number.NaN;
  if (Number.isNaN(given)) return now;
  const notBefore = after === undefined ? Number.NEGATIVE_INFINITY : after.getTime() + 1;
  return new Date(Math.min(Math.max(given, notBefore), now.getTime()));
}

interface Written extends Writer {
  writtenAt: Date;
}

/** Whether one version is later than another: by time, then device, then operation, so that every node decides alike. */
export function isLater(one: Written, other: Written): boolean {
  const difference = one.writtenAt.getTime() - other.writtenAt.getTime();
  if (difference !== 0) return difference > 0;
  if (one.device !== other.device) return one.device > other.device;
  return one.operationId > other.operationId;
}
