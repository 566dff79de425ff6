/** When somebody is told: first words wait for others of their kind, news for a while, and what goes on is repeated. */
import { limits } from '../limits.js';

export interface GroupState {
  openedAt: number;
  notifiedAt: number | null;
  /** Labels of the alerts that were told of last. */
  told: readonly string[];
}

export type News =
  | { tell: 'nothing' }
  /** The alerts in question, and those that ended since the last word. */
  | { tell: 'firing'; ended: readonly string[] }
  | { tell: 'resolved' }
  /** It was over before anybody was told. */
  | { tell: 'forget' };

/** @param firing labels of alerts that fire and are not quiet; times in milliseconds */
export function newsOf(
  { openedAt, notifiedAt, told }: GroupState,
  firing: readonly string[],
  now: number,
): News {
  if (firing.length === 0) return notifiedAt === null ? { tell: 'forget' } : { tell: 'resolved' };
  const ended = told.filter((one) => !firing.includes(one));
  if (notifiedAt === null)
    return now - openedAt >= limits.alertGroupMs ? { tell: 'firing', ended: [] } : { tell: 'nothing' };
  const isNew = firing.some((one) => !told.includes(one)) || ended.length > 0;
  const pause = isNew ? limits.alertNewsMs : limits.alertRepeatMs;
  return now - notifiedAt >= pause ? { tell: 'firing', ended } : { tell: 'nothing' };
}
