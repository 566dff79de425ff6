/** Telling administrators that an agreement ends soon, once for each agreement. */
import { authorize, recordAct, type Scope } from '../access/index.js';
import { limits } from '../limits.js';
import type { Outbox } from '../mail/index.js';
import { listAdministrators } from '../people/index.js';
import { requireOrganization } from '../tenancy/index.js';
import { agreementDocument, noticeDay } from './agreement.js';
import { listUntold, markTold } from './queries.js';

export interface Notifier {
  outbox: () => Outbox;
  publicUrl: string;
}

/** A renewed agreement is not told of: its successor is. @throws PERMISSION_DENIED */
export async function findUntold(scope: Scope): Promise<{ organization: string; id: string }[]> {
  authorize(scope, 'administer', { doctype: 'Organization', name: '*' });
  return listUntold(scope.tx, noticeDay(scope.clock.now()), limits.pageMax);
}

/** Publishes the event, writes a mail to every administrator and the entry. Returns whether it was for this one to do. */
export async function tellOfEnd(
  scope: Scope,
  { outbox, publicUrl }: Notifier,
  { organization: owner, id }: { organization: string; id: string },
): Promise<boolean> {
  const organization = await requireOrganization(scope, owner);
  authorize(scope, 'administer', { doctype: 'Organization', name: organization.id });
  const now = scope.clock.now();
  const row = await markTold(scope.tx, organization.id, id, now);
  if (row === undefined) return false;
  const administrators = await listAdministrators(scope.tx, organization.id, limits.noticeMailsMax);
  const { counterparty, expires_on } = row;
  const ref = { doctype: 'Business Associate Agreement', name: id, organization: organization.id };
  const after = { ...agreementDocument(organization, row, now), told: administrators.length };
  await recordAct(scope, organization.id, 'compliance.baa.notice', ref, { old: null, new: after });
  const event = { organization: organization.id, agreement: id, counterparty, expires_on, administrators };
  await scope.events.publish(scope, 'agreement.expiring', event);
  for (const to of administrators)
    await outbox().post(scope, {
      organization: organization.id,
      about: `baa/${id}`,
      to,
      template: 'agreement-expiring',
      values: {
        organization: organization.org_name,
        counterparty,
        agreement: id,
        day: expires_on,
        link: publicUrl,
      },
    });
  return true;
}
