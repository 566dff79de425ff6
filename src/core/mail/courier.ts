/** The courier: takes what is due out of the outbox and gives it to the mail server. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.js';
import type { Tx } from '../db/index.js';
import { DartwingError, isDartwingError } from '../errors.js';
import { type DataKeys, openText } from '../keys/index.js';
import { limits } from '../limits.js';
import type { Log } from '../log.js';
import { makeOutbox, type Outbox, placeOf } from './outbox.js';
import { claimMail, type LeasedMail, type Settlement, settleMail } from './queries.js';
import { judgeFailure, pauseAfterMs } from './retry.js';
import type { MailContent } from './template.js';
import { smtpTransport, type Transport } from './transport.js';

/** The mail server of an installation. */
export interface MailOptions {
  /** `smtp://user:password@host:587`; without it nothing is sent. */
  smtpUrl?: string | undefined;
  /** Sender of every message; required with `smtpUrl`. */
  from?: string | undefined;
}

/** What one round of sending did. */
export interface MailRun {
  sent: number;
  /** Put off, to be tried again. */
  deferred: number;
  failed: number;
}

export interface Courier {
  readonly outbox: Outbox;
  /** Sends everything that is due, and returns what became of it. */
  sendDue(): Promise<MailRun>;
  /** Finishes the round in progress. What is left stays in the outbox. */
  close(): Promise<void>;
}

interface CourierParts {
  options: MailOptions | undefined;
  keys: DataKeys;
  /** Opens what an earlier version sealed. */
  formerKey: Buffer;
  clock: Clock;
  log: Log;
  /** Look for due mail for as long as the process lives. */
  background: boolean;
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** @throws RESIDENCY_REFUSED when letters of the organization may not go to the mail server */
  mayLeave(organization: string): Promise<void>;
}

/** @throws CONFIG_INVALID when there is a mail server but no sender, or a sender that is no address */
export function openCourier(parts: CourierParts): Courier {
  const transport = transportOf(parts.options);
  let closing = false;

  const round = async (): Promise<MailRun> => {
    const run: MailRun = { sent: 0, deferred: 0, failed: 0 };
    if (transport === undefined) return run;
    const course = { left: limits.mailRoundMax, stopped: () => closing };
    const hands = Array.from({ length: limits.mailConnectionsMax }, () =>
      sendUntilEmpty(parts, transport, run, course),
    );
    await Promise.all(hands);
    return run;
  };
  const background = repeated(round, (error) => parts.log.warn({ err: error }, 'mail'));
  const timer = parts.background && transport ? setInterval(background.ring, limits.mailPollMs) : undefined;
  timer?.unref();

  return Object.freeze({
    outbox: makeOutbox(transport && parts.keys, background.ring),
    sendDue: round,
    close: async () => {
      clearInterval(timer);
      // A short command sends what it caused; a server leaves the rest to the next process.
      closing = parts.background;
      await background.quiet();
    },
  } satisfies Courier);
}

/** Runs work at each ring; rings during a run become one more run. */
function repeated(work: () => Promise<unknown>, onFailure: (error: unknown) => void) {
  let running: Promise<void> | undefined;
  let again = false;
  const run = async () => {
    do {
      again = false;
      await work().catch(onFailure);
    } while (again);
    running = undefined;
  };
  return {
    ring: () => {
      again = true;
      running ??= run();
    },
    quiet: async () => running,
  };
}

function transportOf({ smtpUrl, from }: MailOptions = {}): Transport | undefined {
  if (smtpUrl === undefined) return undefined;
  if (from === undefined || !/^([^\p{Cc}<>]*<[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/u.test(from)) {
    throw new DartwingError('CONFIG_INVALID', {
      where: 'mail_from',
      message: 'smtp_url needs a sender such as no-reply@acme.test',
    });
  }
  return smtpTransport(smtpUrl, from);
}

/** One pair of hands: a message at a time, so that its lease begins when it is sent. */
async function sendUntilEmpty(
  parts: CourierParts,
  transport: Transport,
  run: MailRun,
  course: { left: number; stopped: () => boolean },
): Promise<void> {
  while (course.left-- > 0 && !course.stopped()) {
    const lease = randomUUID();
    const now = parts.clock.now();
    const until = new Date(now.getTime() + limits.mailLeaseMs);
    const claimed = await parts.transaction(async (tx) => {
      const mail = await claimMail(tx, { now, until, lease });
      return mail && { mail, content: await openContent(parts, tx, mail) };
    });
    if (claimed === undefined) return;
    const { mail, content } = claimed;
    const { serverDown, ...settlement } = await attempt(parts, transport, mail, content);
    await parts.transaction((tx) => settleMail(tx, mail, lease, settlement));
    run[settlement.status === 'queued' ? 'deferred' : settlement.status] += 1;
    if (settlement.error !== null) {
      const { organization, id, attempts } = mail;
      parts.log.warn({ organization, mail: id, attempts, reason: settlement.error }, 'mail was not sent');
    }
    // The others wait for the next round rather than use up an attempt each.
    if (serverDown) course.left = 0;
  }
}

async function attempt(
  { clock, mayLeave }: CourierParts,
  transport: Transport,
  mail: LeasedMail,
  content: MailContent | DartwingError | undefined,
): Promise<Settlement & { serverDown: boolean }> {
  const { id, recipient: to, created_at: at, attempts } = mail;
  const settled = (status: Settlement['status'], error: string | null, serverDown = false) => {
    const now = clock.now();
    const dueAt = new Date(now.getTime() + (status === 'queued' ? pauseAfterMs(attempts) : 0));
    return { status, dueAt, error, now, serverDown };
  };
  // Processes died with it again and again: another attempt would be one too many.
  if (attempts > limits.mailAttemptsMax) return settled('failed', 'No attempt came to an end');
  if (content === undefined) return settled('failed', 'Its content cannot be opened any more');
  if (content instanceof DartwingError) {
    const again = attempts < limits.mailAttemptsMax;
    return settled(again ? 'queued' : 'failed', content.message);
  }
  const refusal = await mayLeave(mail.organization).catch((error: unknown) => error);
  if (isDartwingError(refusal)) {
    const again = attempts < limits.mailAttemptsMax;
    return settled(again ? 'queued' : 'failed', refusal.message);
  }
  try {
    await transport.send({ id, to, at, ...content });
    return settled('sent', null);
  } catch (error) {
    const { final, serverDown, reason } = judgeFailure(error);
    return settled(final || attempts >= limits.mailAttemptsMax ? 'failed' : 'queued', reason, serverDown);
  }
}

/** Undefined when it never opens again; the error of a key service that may open it later. */
async function openContent(
  { keys, formerKey }: CourierParts,
  tx: Tx,
  mail: LeasedMail,
): Promise<MailContent | DartwingError | undefined> {
  const { organization, id, letter, content } = mail;
  try {
    if (letter === null) return read(openText(formerKey, `outgoing_mail ${organization} ${id}`, content!));
    return read((await keys.open(tx, placeOf(mail), letter)).toString('utf8'));
  } catch (error) {
    if (letter === null || (isDartwingError(error) && lost.has(error.code))) return undefined;
    // One organization whose key cannot be opened now must not keep the others' mail.
    if (isDartwingError(error) && error.code.startsWith('KEY_')) return error;
    throw error;
  }
}

const lost: ReadonlySet<string> = new Set(['SEAL_BROKEN', 'KEY_NOT_FOUND', 'KEY_RETIRED', 'KEY_DESTROYED']);

function read(text: string): MailContent {
  return JSON.parse(text) as MailContent;
}
