import { DartwingError } from '../../core/errors.js';
import type { InviteInput } from '../../core/index.js';
import { callOf } from '../call.js';
import { durationFlag, textFlag, timeFlag } from '../flag-values.js';
import { requireCurrent } from '../org/named.js';
import type { Parsed, VerbRun } from '../spec.js';
import { inviteAnswer, tellMail } from './answer.js';
import { printLink, requireShown, requireTerminal } from './link.js';

export const run: VerbRun = async (context, parsed) => {
  const showLink = parsed.flags.showLink === true;
  requireTerminal(context, showLink);
  const input = inputOf(parsed);
  requireShown(input.kind === 'qr' || input.kind === 'link', showLink || context.global.dryRun);
  const organization = requireCurrent(context);
  const dartwing = await context.open();
  const { invitation, link } = await dartwing.invitations.create(organization, input, callOf(context));
  tellMail(context, invitation);
  if (showLink) await printLink(context, link, invitation.invite_kind === 'qr');
  const who = invitation.email ?? 'Whoever has the link';
  const sentence = `${who} is invited to ${organization} as ${invitation.role}, until ${invitation.expires_at}`;
  return inviteAnswer(context, invitation, sentence, [
    `dartwing invite show ${invitation.id} --org ${organization}`,
  ]);
};

function inputOf({ args, flags }: Parsed): InviteInput {
  const role = textFlag(flags, 'role');
  if (role === undefined)
    throw new DartwingError('INPUT_REQUIRED', { what: 'The role', flag: '--role <role>' });
  return {
    kind: kindOf(flags),
    email: typeof args.email === 'string' ? args.email : undefined,
    role,
    expiresInMs: durationFlag(flags, 'expires'),
    guestUntil: timeFlag(flags, 'guestUntil', new Date()),
    guardian: textFlag(flags, 'guardian'),
    firstName: textFlag(flags, 'name'),
  };
}

function kindOf(flags: Parsed['flags']): InviteInput['kind'] {
  const byHand = flags.qr === true || flags.email === false;
  if (flags.guestUntil !== undefined && byHand)
    throw new DartwingError('VALIDATION_ERROR', { message: 'A guest is invited by mail' });
  if (flags.guestUntil !== undefined) return 'guest';
  if (flags.qr === true) return 'qr';
  return flags.email === false ? 'link' : 'email';
}
