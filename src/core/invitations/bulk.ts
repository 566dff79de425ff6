/** Inviting by a list of addresses. Reading the list is pure; each line is a call of its own. */

import { parseDurationMs } from '../duration.js';
import { asDartwingError, DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import type { InvitationDocument } from './document.js';
import type { InviteInput } from './input.js';

/** What became of the lines; the document `Bulk`, but for the form of its errors. */
export interface BulkResult {
  done: { ref: string; line: number; email: string }[];
  failed: { ref: string; line: number; error: DartwingError }[];
}

/** One line: an invitation, or why it is none. */
export type ListLine = { line: number } & ({ input: InviteInput } | { error: DartwingError });

/**
 * Reads CSV with the header `email,role` or `email,role,expires`; expires is a duration such as `7d`. No cell has a
 * line break in it, so each line is read by itself: a broken quote spoils its own line only.
 * @throws BAD_FILE when the header or the size is wrong; a bad line is told in its place
 */
export async function readInvitationList(csv: string): Promise<ListLine[]> {
  if (csv.length > limits.invitationListCharsMax)
    throw badList(`it has more than ${limits.invitationListCharsMax} characters`);
  const { parse } = await import('csv-parse/sync');
  const cellsOf = (text: string): string[] | undefined => {
    try {
      return (parse(text, { trim: true }) as string[][])[0];
    } catch {
      return undefined;
    }
  };
  const [header = '', ...rest] = csv.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  const columns = readHeader(cellsOf(header));
  const lines = rest
    .map((text, index) => ({ text, line: index + 2 }))
    .filter(({ text }) => text.trim() !== '')
    .map(({ text, line }) => readLine(line, cellsOf(text), columns));
  if (lines.length === 0) throw badList('it has no lines below its header');
  if (lines.length > limits.invitationLinesMax)
    throw badList(`it has more than ${limits.invitationLinesMax} lines`);
  return lines;
}

/** Invites line by line; what fails is told, what succeeded stays. */
export async function inviteLines(
  lines: readonly ListLine[],
  invite: (input: InviteInput, line: number) => Promise<InvitationDocument>,
): Promise<BulkResult> {
  const result: BulkResult = { done: [], failed: [] };
  for (const entry of lines) {
    const { line } = entry;
    const outcome = 'error' in entry ? entry.error : await invite(entry.input, line).catch(asDartwingError);
    if ('code' in outcome) result.failed.push({ ref: `line/${line}`, line, error: outcome });
    else result.done.push({ ref: `invite/${outcome.id}`, line, email: outcome.email ?? '' });
  }
  return result;
}

/** How many columns there are. */
function readHeader(cells: readonly string[] = []): number {
  const names = cells.map((name) => name.toLowerCase()).join();
  if (names !== 'email,role' && names !== 'email,role,expires')
    throw badList('its first line is not email,role or email,role,expires');
  return cells.length;
}

function readLine(line: number, cells: readonly string[] | undefined, columns: number): ListLine {
  const bad = (message: string): ListLine => ({
    line,
    error: new DartwingError('VALIDATION_ERROR', { message: `Line ${line}: ${message}` }),
  });
  if (cells === undefined) return bad('its quotes do not match');
  if (cells.length !== columns) return bad(`it has ${cells.length} cells instead of ${columns}`);
  const [email = '', role = '', expires = ''] = cells;
  // An address may begin with = or +, but one that does in a list comes from or goes to a spreadsheet as a formula.
  if (cells.some((cell) => /^[=+\-@\t\r]/.test(cell))) return bad('a cell begins like a formula');
  const expiresInMs = expires === '' ? undefined : parseDurationMs(expires);
  if (expires !== '' && expiresInMs === undefined)
    return bad(`expires "${expires}" is not a duration such as 7d`);
  return { line, input: { email, role, expiresInMs } };
}

function badList(message: string): DartwingError {
  return new DartwingError('BAD_FILE', { file: 'the list of invitations', message });
}
