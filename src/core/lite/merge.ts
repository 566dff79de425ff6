/** Two persons become one: who is left keeps the own sign-in, or gets the other one's whole. */
import type { DomainEvents, Scope } from '../access/index.js';
import { type FactorKeys, openSecret, sealSecret } from './factor.js';
import { dropSignIn, findAccount, hasPassword, moveFactor, moveSignIn } from './queries.js';

/** Subscribes to `person.merging`. A password never moves without its second factor. */
export async function followMergedSignIn(
  scope: Scope,
  { winner, loser, moved }: DomainEvents['person.merging'],
  keys: FactorKeys,
): Promise<void> {
  const { tx } = scope;
  if (!(await hasPassword(tx, loser))) return dropSignIn(tx, loser);
  if (await hasPassword(tx, winner)) return dropSignIn(tx, loser);
  await dropSignIn(tx, winner);
  await moveSignIn(tx, loser, winner);
  const account = await findAccount(tx, loser);
  const secret = account && (await openSecret(keys, tx, account));
  if (secret !== undefined) await moveFactor(tx, loser, winner, await sealSecret(keys, tx, winner, secret));
  moved.passwords = 1;
}
