import { callOf } from '../call.js';
import { changed } from '../change.js';
import type { VerbRun } from '../spec.js';
import { organizationOf } from './answer.js';

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
        'Sessions, sign-in and wires are only as strict as the settings of the organization again',
        'Evidence, agreements and the trail stay',
      ],
    });
    const done = await dartwing.compliance.disable(slug, framework, callOf(context));
    const left = (done.after?.frameworks as readonly string[] | undefined) ?? [];
    return changed(
      done,
      `${framework} is disabled for ${slug}; in force: ${left.length === 0 ? 'nothing' : left.join(', ')}`,
    );
  };

export const run: VerbRun = (context, parsed) => runFor(String(parsed.args.framework))(context, parsed);
