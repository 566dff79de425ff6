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
 * Reads CSV (RFC 4180) with the header `email,role` or `email,role,expires`; expires is a duration such as `7d`.
 * @throws BAD_FILE when the header or the size is wrong; a bad line is told in its place
 */
export async function readInvitationList(csv: string): Promise<ListLine[]> {
  if (csv.length > limits.invitationListCharsMax)
    throw badList(`it has more than ${limits.invitationListCharsMax} characters`);
  const { parse, CsvError } = await import('csv-parse/sync');
  const lines: ListLine[] = [];
  const failed = (line: number, message: string) =>
    lines.push({
      line,
      error: new DartwingError('VALIDATION_ERROR', { message: `Line ${line}: ${message}` }),
    });
  const skip = (error: { message: string; lines?: number } | undefined) => {
    if (error) failed(Number(error.lines ?? 0), error.message.split(', ')[0]!);
  };
  try {
    const records = parse(csv, {
      bom: true,
      columns: readHeader,
      info: true,
      trim: true,
      skip_empty_lines: true,
      skip_records_with_error: true,
      max_record_size: 2_000,
      on_skip: (error) => {
        skip(error);
        return undefined;
      },
    }) as unknown as { record: Record<string, string>; info: { lines: number } }[];
    for (const { record, info } of records) lines.push(readLine(record, info.lines));
  } catch (error) {
    if (error instanceof CsvError) throw badList(error.message);
    throw error;
  }
  if (lines.length === 0) throw badList('it has no lines below its header');
  if (lines.length > limits.invitationLinesMax)
    throw badList(`it has more than ${limits.invitationLinesMax} lines`);
  return lines.sort((a, b) => a.line - b.line);
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

function readHeader(header: readonly string[]): string[] {
  const names = header.map((name) => name.toLowerCase());
  const expected = names.length === 2 ? 'email,role' : 'email,role,expires';
  if (names.join() !== expected) throw badList('its first line is not email,role or email,role,expires');
  return names;
}

function readLine({ email = '', role = '', expires = '' }: Record<string, string>, line: number): ListLine {
  const error = (message: string): ListLine => ({
    line,
    error: new DartwingError('VALIDATION_ERROR', { message: `Line ${line}: ${message}` }),
  });
  // An address may begin with = or +, but one that does in a list comes from or goes to a spreadsheet as a formula.
  if ([email, role, expires].some((cell) => /^[=+\-@\t\r]/.test(cell)))
    return error('a cell begins like a formula');
  const expiresInMs = expires === '' ? undefined : parseDurationMs(expires);
  if (expires !== '' && expiresInMs === undefined)
    return error(`expires "${expires}" is not a duration such as 7d`);
  return { line, input: { email, role, expiresInMs } };
}

function badList(message: string): DartwingError {
  return new DartwingError('BAD_FILE', { file: 'the list of invitations', message });
}
