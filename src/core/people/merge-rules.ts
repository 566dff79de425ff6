/** Which of two memberships in one organization is kept, and how. Pure. */
import type { MemberRow } from './member-document.js';

type Terms = Pick<MemberRow, 'role' | 'status' | 'start_date' | 'end_date'>;
type Rated = Terms & { is_supervisor: boolean };

const rank = { active: 2, pending: 1, inactive: 0 } as const;

/**
 * The terms under which the winner stays when both were members: active before pending before inactive, among equals
 * the role of a supervisor, else what the winner had. Two active memberships count from the earlier start.
 */
export function unitedTerms(winner: Rated, loser: Rated): Terms {
  const difference = rank[loser.status] - rank[winner.status];
  const loserCounts = difference > 0 || (difference === 0 && loser.is_supervisor && !winner.is_supervisor);
  const { role, status, start_date, end_date } = loserCounts ? loser : winner;
  const both = winner.status === 'active' && loser.status === 'active';
  const earlier = winner.start_date < loser.start_date ? winner.start_date : loser.start_date;
  return { role, status, start_date: both ? earlier : start_date, end_date };
}
