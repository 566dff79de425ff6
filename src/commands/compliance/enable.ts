import { callOf } from '../call.js';
import { change } from '../change.js';
import { pairsFlag } from '../flag-values.js';
import type { VerbRun } from '../spec.js';
import { controlLine, organizationOf } from './answer.js';

export const runFor =
  (framework: string): VerbRun =>
  async (context, parsed) => {
    const organization = organizationOf(context, parsed);
    const acknowledge = Object.fromEntries(pairsFlag(parsed.flags, 'acknowledge'));
    const dartwing = await context.open();
    const { compliance } = dartwing;
    // What is missing is said before anybody is asked.
    const rehearsed = await compliance.enable(organization, framework, { acknowledge }, { dryRun: true });
    const controls = rehearsed.after!.items.length;
    if (rehearsed.op !== 'none')
      await context.approve({
        danger: 'moderate',
        question: `Enforce ${controls} controls of ${framework} for ${rehearsed.after!.org}?`,
        name: rehearsed.after!.org,
        consequences: [...(rehearsed.warnings ?? [])],
      });
    const done = await compliance.enable(organization, framework, { acknowledge }, callOf(context));
    const { org, items, controls: counts } = done.after!;
    const { op, ref, before, after, audit, dry_run: dryRun, warnings, undo } = done;
    const sentence = [
      `${framework} is enabled for ${org}: ${counts.pass} controls passed, ${counts.warn} with a reservation`,
      ...items.map(controlLine),
    ].join('\n');
    const answer = change({
      op,
      ref,
      before,
      after,
      audit,
      dryRun,
      warnings,
      undo,
      sentence,
      next: dryRun || op === 'none' ? [] : [`dartwing compliance report --org ${org} --to ${framework}.html`],
    });
    return 'document' in answer
      ? { ...answer, document: { ...answer.document, switched_on: items.map(({ id }) => id) } }
      : answer;
  };

export const run: VerbRun = (context, parsed) => runFor(String(parsed.args.framework))(context, parsed);
