/** Showing the link of an invitation, which anybody can accept who sees it. */
import { DartwingError } from '../../core/errors.js';
import type { CommandContext } from '../context.js';

/** Refuses --show-link where the link would end in a file or a log, before anything is changed. */
export function requireTerminal({ io }: CommandContext, showLink: boolean): void {
  if (!showLink || (io.out.isTTY && io.err.isTTY && !io.machine)) return;
  throw new DartwingError('VALIDATION_ERROR', {
    message: '--show-link prints on a terminal only: elsewhere the link would be kept by a file or a log',
  });
}

/** Refuses an invitation that is handed over by hand without showing its link: nobody could hand it over. */
export function requireShown(byHand: boolean, showLink: boolean): void {
  if (!byHand || showLink) return;
  throw new DartwingError('INPUT_REQUIRED', {
    what: 'A look at the link, which is kept nowhere and passed on by hand,',
    flag: '--show-link (on a terminal)',
  });
}

/** Prints the link on the terminal, as a QR code too where one was asked for. */
export async function printLink(
  { io }: CommandContext,
  link: string | undefined,
  withCode: boolean,
): Promise<void> {
  if (link === undefined) return;
  if (withCode) {
    const { drawQrCode } = await import('../../core/invitations/index.js');
    io.say(`${await drawQrCode(link, 'terminal')}\n`);
  }
  io.say(`${link}\n`);
}
