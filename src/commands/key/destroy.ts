import { DartwingError } from '../../core/errors.js';
import type { Dartwing } from '../../core/index.js';
import type { KeyDocument } from '../../core/keys/index.js';
import { callOf } from '../call.js';
import type { CommandContext } from '../context.js';
import type { VerbResult, VerbRun } from '../spec.js';
import { keyChange } from './answer.js';

export const run: VerbRun = async (context, { args, flags }) => {
  context.reason('Destroying a key');
  const erase = flags.erase === true;
  const dartwing = await context.open();
  if (args.key === undefined) return destroyAll(context, dartwing, erase);
  const id = String(args.key);
  const { items } = await dartwing.keys.list({}, callOf(context));
  const found = items.filter((key) => key.id === id);
  if (found.length === 0) throw new DartwingError('KEY_NOT_FOUND', { id });
  await approve(context, `Destroy data key ${id}?`, id, found, erase);
  const done = await dartwing.keys.destroy(id, { erase }, callOf(context));
  return keyChange(done, `Data key ${id} is destroyed`);
};

async function destroyAll(context: CommandContext, dartwing: Dartwing, erase: boolean): Promise<VerbResult> {
  const organization = context.currentOrganization();
  if (organization === undefined)
    throw new DartwingError('INPUT_REQUIRED', {
      what: 'A key or an organization',
      flag: '<key> or --org <slug>',
    });
  const { items } = await dartwing.keys.list({ organization }, callOf(context));
  const alive = items.filter(({ state }) => state !== 'destroyed');
  await approve(context, `Destroy every data key of ${organization}?`, organization, alive, erase);
  const changes = await dartwing.keys.eraseOrganization(organization, { erase }, callOf(context));
  const { dryRun } = context.global;
  return {
    document: {
      api_version: 'dartwing/v1',
      kind: 'Bulk',
      done: changes,
      failed: [],
      summary: { done: changes.length, failed: 0 },
    },
    table: {
      columns: [],
      sentence: `${changes.length} data keys of ${organization} ${dryRun ? 'would be' : 'are'} destroyed`,
    },
  };
}

function approve(
  context: CommandContext,
  question: string,
  name: string,
  keys: readonly KeyDocument[],
  erase: boolean,
): Promise<void> {
  const sealed = keys.reduce((sum, key) => sum + (key.sealed ?? 0), 0);
  const consequences = keys.map(
    (key) => `${key.id} (${key.purpose}, version ${key.version}, ${key.state}) seals ${key.sealed} values`,
  );
  const loss = erase
    ? `${sealed} values become unreadable for good, except in backups`
    : 'Refused when a value is still sealed with it: --erase';
  return context.approve({ danger: 'severe', question, name, consequences: [...consequences, loss] });
}
