/** Telling people that somebody has to authorize again, once for each time that it happens. */
import type { Scope } from '../access/index.js';
import { limits } from '../limits.js';
import { listAdministrators } from '../people/index.js';
import type { TokenParts } from './parts.js';
import type { IntegrationRow } from './queries.js';

/** Publishes the event and writes a mail to every administrator, in the transaction of the change. */
export async function tellAdministrators(
  { outbox, catalogue, publicUrl }: Pick<TokenParts, 'outbox' | 'catalogue' | 'publicUrl'>,
  scope: Scope,
  row: IntegrationRow,
): Promise<void> {
  const { organization, id, provider, account } = row;
  const administrators = await listAdministrators(scope.tx, organization, limits.noticeMailsMax);
  const event = { organization, integration: id, provider, account, administrators };
  await scope.events.publish(scope, 'integration.expired', event);
  const { title } = catalogue.require(provider);
  for (const to of administrators)
    await outbox().post(scope, {
      organization,
      about: `integration/${id}`,
      to,
      template: 'integration-expired',
      values: { provider: title, account, link: publicUrl, reason: row.error_message ?? '' },
    });
}
