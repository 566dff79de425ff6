import { callOf } from '../call.js';
import { changed } from '../change.js';
import type { VerbRun } from '../spec.js';
import { disablingSentence, organizationOf } from './answer.js';

export const runFor =
  (framework: string): VerbRun =>
  async (context, parsed) => {
    context.reason('Disabling a framework');
    const organization = organizationOf(context, parsed);
    const dartwing = await context.open();
    const { slug } = await dartwing.tenancy.show(organization);
    await context.approve({
      danger: 'severe',
      question: `Disable ${framework} for ${slug}?`,
      name: slug,
      consequences: [
        'Somebody else has to approve it, and it stays in force for a day',
        'Then sessions, sign-in and wires are only as strict as the settings of the organization again',
        'Evidence, agreements and the trail stay',
      ],
    });
    const done = await dartwing.compliance.disable(slug, framework, callOf(context));
    return changed(done, disablingSentence(done, slug));
  };

export const run: VerbRun = (context, parsed) => runFor(String(parsed.args.framework))(context, parsed);
