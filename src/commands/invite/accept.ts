import { DartwingError } from '../../core/errors.js';
import { callOf } from '../call.js';
import type { CommandContext } from '../context.js';
import { textFlag } from '../flag-values.js';
import type { VerbRun } from '../spec.js';
import { inviteAnswer } from './answer.js';

const linkBytesMax = 4_096;

export const run: VerbRun = async (context, { flags }) => {
  const token = await readLink(context, flags.tokenStdin === true);
  context.io.conceal([token.trim(), token.trim().split('#').at(-1)!].filter((text) => text !== ''));
  const dartwing = await context.open();
  const accepted = await dartwing.invitations.accept(
    { token, email: textFlag(flags, 'email') },
    callOf(context),
  );
  const { organization, role, status } = accepted;
  const sentence =
    status.state === 'accepted'
      ? `Accepted: a member of ${organization} as ${role}`
      : `Accepted: somebody of ${organization} has to approve it`;
  return inviteAnswer(context, accepted, sentence);
};

async function readLink({ io }: CommandContext, fromStdin: boolean): Promise<string> {
  if (fromStdin) return io.readStdin(linkBytesMax);
  if (!io.interactive)
    throw new DartwingError('INPUT_REQUIRED', { what: 'The link', flag: '--token-stdin, with it on stdin' });
  const { askSecret } = await import('../ui/prompt.js');
  return askSecret(io, 'Link of the invitation:', '--token-stdin');
}
