/** What may become of a membership. Pure. */
import { z } from 'zod';
import { DartwingError } from '../errors.js';
import type { MemberRow } from './member-document.js';

/** Role, state and days of a membership. */
export type MemberTerms = Pick<MemberRow, 'role' | 'status' | 'start_date' | 'end_date'>;

/** A day as YYYY-MM-DD. */
export const day = z.iso.date('is not a day such as 2026-11-23');

/** What a change of a membership may name. */
export const termsChange = z.strictObject({
  role: z.string().min(1).optional(),
  status: z.enum(['active', 'inactive', 'pending']).optional(),
  start_date: day.optional(),
  end_date: day.nullish(),
});

/** A change; absent means leave as it is. Days as YYYY-MM-DD. */
export type TermsChange = z.input<typeof termsChange>;

const transitions: Readonly<Record<MemberRow['status'], readonly MemberRow['status'][]>> = {
  pending: ['active', 'inactive'],
  active: ['inactive'],
  inactive: ['active'],
};

/**
 * The terms after a change: whoever becomes active begins `today` with no end, whoever leaves ends `today`, unless the
 * change says otherwise.
 * @param names what errors call the member and the organization
 * @throws INVALID_STATUS_TRANSITION, VALIDATION_ERROR (it would end before it begins)
 */
export function changedTerms(
  terms: MemberTerms,
  change: TermsChange,
  today: string,
  names: { person: string; organization: string },
): MemberTerms {
  const { status = terms.status, role = terms.role } = change;
  if (change.status !== undefined && !transitions[terms.status].includes(status)) {
    throw new DartwingError('INVALID_STATUS_TRANSITION', { ...names, from: terms.status, to: status });
  }
  const begins = change.status === 'active';
  const leaves = change.status === 'inactive';
  const start_date = change.start_date ?? (begins ? today : terms.start_date);
  const last = today > start_date ? today : start_date;
  const end_date =
    change.end_date !== undefined ? change.end_date : begins ? null : leaves ? last : terms.end_date;
  if (end_date !== null && end_date < start_date) {
    const message = `end_date: ${end_date} is before the start, ${start_date}`;
    throw new DartwingError('VALIDATION_ERROR', { message }, { fields: [{ path: 'end_date', message }] });
  }
  return { role, status, start_date, end_date };
}

/** Whether a person with these terms counts as a supervisor now. */
export function supervises(terms: Pick<MemberTerms, 'status'>, roleSupervises: boolean): boolean {
  return terms.status === 'active' && roleSupervises;
}
