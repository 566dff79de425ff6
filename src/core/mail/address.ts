/** Letters about an address: to the new one with the way to prove it, to the former one that it is no longer used. */
import type { DomainEvents, Scope } from '../access/index.js';
import { findMailbox, issueProof } from '../people/index.js';
import type { Outbox } from './outbox.js';

/** Subscribes to `person.unproven`. */
export async function mailAddressProof(
  scope: Scope,
  { person, email, former, outcome }: DomainEvents['person.unproven'],
  { outbox, key, publicUrl }: { outbox: Outbox; key: Buffer; publicUrl: string },
): Promise<void> {
  const organization = await findMailbox(scope.tx, person);
  if (organization === undefined) {
    outcome.mail = 'no_organization';
    return;
  }
  if (!outbox.hasTransport) {
    outcome.mail = 'no_transport';
    return;
  }
  const { token, expiresAt } = issueProof(key, { person, email }, scope.clock.now());
  const about = `address/${person}`;
  await outbox.cancel(scope, organization, about);
  outcome.mail = await outbox.post(scope, {
    organization,
    about,
    to: email,
    template: 'address-proof',
    values: {
      link: `${publicUrl.replace(/\/+$/, '')}/verify#${token}`,
      expires: `${expiresAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    },
  });
  if (former === undefined) return;
  const notice = { template: 'address-changed', values: { address: masked(email) } };
  await outbox.post(scope, { organization, about: `former-address/${person}`, to: former, ...notice });
}

/** Enough to recognise one's own: `a…@acme.test`. */
function masked(email: string): string {
  return email.replace(/^(.)[^@]*/, '$1…');
}
