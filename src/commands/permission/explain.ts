import { DartwingError } from '../../core/errors.js';
import type { Decision } from '../../core/index.js';
import { textFlag } from '../flag-values.js';
import type { VerbRun } from '../spec.js';
import type { Io } from '../ui/io.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const ref = textFlag(flags, 'on');
  if (ref === undefined)
    throw new DartwingError('INPUT_REQUIRED', { what: 'A document', flag: '--on <ref>' });
  const dartwing = await context.open({ selfTest: 'version' });
  const decision = await dartwing.permissions.explain({
    person: String(args.person),
    action: textFlag(flags, 'can') ?? 'read',
    ref,
    organization: context.currentOrganization(),
  });
  return {
    document: { ...decision },
    findings: !decision.allowed,
    table: { columns: [], sentence: sentence(context.io, decision) },
  };
};

function sentence(io: Io, { email, action, ref, allowed, layers }: Decision): string {
  const { green, red, dim, signs } = io.out.palette;
  const mark = { allow: green(signs.ok), deny: red(signs.fail), skip: dim('-') };
  const verdict = allowed ? green('may') : red('may not');
  return [
    `${email} ${verdict} ${action} ${ref}`,
    ...layers.map(({ layer, result, why }) => `${mark[result]} ${layer.padEnd(12)} ${why}`),
  ].join('\n');
}
