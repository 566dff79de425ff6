/** The mail server, over SMTP. */
import { limits } from '../limits.js';
import type { MailContent } from './template.js';

/** A message on its way to the server. */
export interface Letter extends MailContent {
  id: string;
  to: string;
  at: Date;
}

export interface Transport {
  /** Resolves when the server has taken the message. Rejects with what `judgeFailure` understands. */
  send(letter: Letter): Promise<void>;
}

/** Opens no connection yet. @param from `no-reply@acme.test`, with or without a name in front */
export function smtpTransport(smtpUrl: string, from: string): Transport {
  const domain = /@([^@\s<>]+)>?$/.exec(from)?.[1] ?? 'localhost';
  return {
    send: async ({ id, to, at, ...content }) => {
      const { createTransport } = await import('nodemailer');
      const transport = createTransport(
        {
          url: smtpUrl,
          connectionTimeout: limits.mailConnectMs,
          greetingTimeout: limits.mailConnectMs,
          dnsTimeout: limits.mailConnectMs,
          socketTimeout: limits.mailAnswerMs,
          disableFileAccess: true,
          disableUrlAccess: true,
        },
        { from },
      );
      try {
        await transport.sendMail({
          ...content,
          to: { name: '', address: to },
          messageId: `<${id}@${domain}>`,
          date: at,
          headers: { 'Auto-Submitted': 'auto-generated' },
        });
      } finally {
        transport.close();
      }
    },
  };
}
