import { actOnEach, bulkAnswer, callOfMany } from '../bulk.js';
import { readIds } from '../ids.js';
import { requireCurrent } from '../org/named.js';
import type { VerbRun } from '../spec.js';
import { openWithProviders, requireOneChoice } from './answer.js';

const halves = {
  revoked: 'revoked at the provider and wiped here',
  failed: 'wiped here; the provider did not revoke',
  not_supported: 'wiped here; the provider has no way to revoke',
  not_needed: 'nothing was left to revoke',
} as const;

export const run: VerbRun = async (context, { args }) => {
  context.reason('Disconnecting');
  const { io } = context;
  const organization = requireCurrent(context);
  const ids = await readIds(context, args.token);
  requireOneChoice([ids.length > 0], '<token>');
  const dartwing = await openWithProviders(context);
  const call = callOfMany(context);
  // Before anybody is asked: what does not exist needs no answer.
  for (const id of ids) await dartwing.tokens.show(organization, id, call);
  await context.approve({
    danger: 'moderate',
    question: `Disconnect ${ids.join(', ')} of ${organization}?`,
    name: organization,
  });
  const outcomes: object[] = [];
  const words = { op: 'token.revoke', title: 'Disconnecting', past: 'disconnected', total: ids.length };
  const many = await actOnEach(context, ids, words, async (id) => {
    const { change, provider, reason } = await dartwing.tokens.revoke(organization, id, call);
    const at = provider === 'failed' ? `${halves.failed}: ${reason}` : halves[provider];
    outcomes.push({ ref: id, op: change.op, provider, local: change.op === 'none' ? 'unchanged' : 'wiped' });
    io.note(`${id}: ${context.global.dryRun ? 'would be ' : ''}${at}`);
  });
  const answer = bulkAnswer(context, many, words);
  if (!('document' in answer)) return answer;
  // Half of it is not all of it: the tokens still live at the provider.
  const partial =
    answer.partial === true ||
    outcomes.some((outcome) => 'provider' in outcome && outcome.provider === 'failed');
  return { ...answer, partial, document: { ...answer.document, done: outcomes } };
};
