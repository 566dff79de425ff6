/** A real SMTP server on loopback that keeps what it receives, and can misbehave. */
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { atEnd } from '../support/ending.js';

export interface ReceivedMail {
  to: string[];
  /** Headers and body as they came over the wire. */
  raw: string;
}

export interface MailServer {
  url: string;
  received: ReceivedMail[];
  /** Answers with these codes, one for each mail, before it takes any. */
  refuse(stage: 'connect' | 'recipient' | 'data', ...codes: number[]): void;
  /** Waits so long before it answers to the content of a mail. */
  delay(ms: number): void;
  close(): Promise<void>;
}

export async function startMailServer(): Promise<MailServer> {
  const received: ReceivedMail[] = [];
  const refusals: { stage: string; code: number }[] = [];
  let delayMs = 0;
  const refusalAt = (stage: string) => {
    if (refusals[0]?.stage !== stage) return null;
    const { code } = refusals.shift()!;
    return Object.assign(new Error(`refused with ${code}, see https://mail.test/why#dwi_echo`), {
      responseCode: code,
    });
  };
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    onConnect: (_session, done) => done(refusalAt('connect')),
    onRcptTo: (_address, _session, done) => done(refusalAt('recipient')),
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const refusal = refusalAt('data');
        if (refusal) return done(refusal);
        setTimeout(() => {
          const to = session.envelope.rcptTo.map(({ address }) => address);
          received.push({ to, raw: Buffer.concat(chunks).toString('utf8') });
          done();
        }, delayMs);
      });
    },
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  atEnd(close);
  return {
    url: `smtp://127.0.0.1:${port}`,
    received,
    refuse: (stage, ...codes) => {
      refusals.push(...codes.map((code) => ({ stage, code })));
    },
    delay: (ms) => {
      delayMs = ms;
    },
    close,
  };
}

/** The link in a mail, out of its quoted-printable lines. */
export function linkIn({ raw }: ReceivedMail): string {
  return /https?:\/\/\S+\/invite#dwi_[A-Za-z0-9_-]+/.exec(plain(raw))![0];
}

/** The lines of a mail with soft breaks and escapes undone. */
export function plain(raw: string): string {
  return raw
    .replace(/=\r?\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

export function header({ raw }: ReceivedMail, name: string): string | undefined {
  const [head = ''] = raw.split('\r\n\r\n');
  return new RegExp(`^${name}: (.*)$`, 'im').exec(head.replace(/\r\n\s+/g, ' '))?.[1];
}
