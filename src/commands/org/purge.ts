import { asDartwingError, DartwingError } from '../../core/errors.js';
import type { Dartwing } from '../../core/index.js';
import { bulkDocument, callOfMany } from '../bulk.js';
import { callOf } from '../call.js';
import type { CommandContext } from '../context.js';
import { requestId } from '../request-id.js';
import type { VerbResult, VerbRun } from '../spec.js';
import { errorEvent } from '../ui/error.js';
import { organizationChange } from './answer.js';
import { namedOrganization } from './named.js';

export const run: VerbRun = async (context, { args, flags }) => {
  context.reason('Purging an organization');
  if ((args.org === undefined) === (flags.due !== true)) {
    throw new DartwingError('INPUT_REQUIRED', {
      what: 'Either one organization or all that are due',
      flag: '<org> or --due',
    });
  }
  const dartwing = await context.open();
  return flags.due === true
    ? purgeDue(context, dartwing)
    : purgeOne(context, dartwing, namedOrganization(context, args.org));
};

async function purgeOne(context: CommandContext, dartwing: Dartwing, ref: string): Promise<VerbResult> {
  const { slug, id } = await dartwing.tenancy.show(ref);
  await context.approve({
    danger: 'severe',
    question: `Delete every row of org ${slug} for good?`,
    name: slug,
    consequences: [`${id}, its concrete record, members and grants are gone; only the audit trail stays`],
  });
  const change = await dartwing.tenancy.purge(slug, callOf(context));
  return organizationChange(context, change, `Organization ${slug} (${id}) is purged`);
}

async function purgeDue(context: CommandContext, dartwing: Dartwing): Promise<VerbResult> {
  const slugs = await dartwing.tenancy.listPurgeable();
  if (slugs.length > 0) {
    await context.approve({
      danger: 'severe',
      question: `Purge ${slugs.length} organizations for good?`,
      name: 'due',
      consequences: slugs,
    });
  }
  const done: { ref: string }[] = [];
  const failed: { ref: string; error: unknown }[] = [];
  for (const slug of slugs) {
    context.signal.throwIfAborted();
    // A purged organization is due no more: nothing needs a key.
    await dartwing.tenancy.purge(slug, callOfMany(context)).then(
      ({ ref }) => done.push({ ref }),
      (error: unknown) =>
        failed.push({ ref: `org/${slug}`, error: errorEvent(asDartwingError(error), requestId()).error }),
    );
  }
  return {
    document: bulkDocument(done, failed, context.global),
    partial: failed.length > 0,
    table: {
      columns: [],
      sentence:
        slugs.length === 0 ? 'No organization is due' : `${done.length} purged, ${failed.length} failed`,
    },
  };
}
