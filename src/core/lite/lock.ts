/** What the policies of a person's organizations ask of signing in with a password. */
import type { Tx } from '../db/index.js';
import { requireStrongPassword } from './password.js';
import { type AccountRow, findAccount } from './queries.js';

/** Shortest wait after too many failures, ms; undefined where no policy asks for one. */
export function lockMsOf(row: Pick<AccountRow, 'sign_in_lock_minutes'> | undefined): number | undefined {
  const minutes = row?.sign_in_lock_minutes ?? null;
  return minutes === null ? undefined : minutes * 60_000;
}

/** The same of somebody by id. */
export async function lockOf(tx: Tx, person: string): Promise<number | undefined> {
  return lockMsOf(await findAccount(tx, person));
}

export function ownerOf({
  email,
  first_name: first,
  last_name: last,
  password_chars_min: charsMin,
}: AccountRow) {
  return { email, names: [first, last], charsMin };
}

/** What setting a password would say to it. @throws PASSWORD_WEAK */
export async function requirePasswordFor(tx: Tx, person: string, password: string): Promise<void> {
  const account = await findAccount(tx, person);
  if (account !== undefined) requireStrongPassword(password, ownerOf(account));
}
