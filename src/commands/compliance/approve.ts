import { callOf } from '../call.js';
import { changed } from '../change.js';
import type { VerbRun } from '../spec.js';
import { disablingSentence, organizationOf } from './answer.js';

export const runFor =
  (framework: string): VerbRun =>
  async (context, parsed) => {
    const organization = organizationOf(context, parsed);
    const dartwing = await context.open();
    const { slug } = await dartwing.tenancy.show(organization);
    await context.approve({
      danger: 'severe',
      question: `Approve that ${framework} goes out of force for ${slug}?`,
      name: slug,
      consequences: [
        'A day after it was asked for, sessions, sign-in and wires are only as strict as the settings again',
      ],
    });
    const done = await dartwing.compliance.approve(slug, framework, callOf(context));
    return changed(done, disablingSentence(done, slug));
  };

export const run: VerbRun = (context, parsed) => runFor(String(parsed.args.framework))(context, parsed);
