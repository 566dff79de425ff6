/** What a failed attempt means for the message. Pure. */
import { limits } from '../limits.js';

/** What nodemailer tells of a failure. */
interface SmtpFailure {
  message?: string;
  code?: string;
  /** The server's answer: 421, 550. */
  responseCode?: number;
}

export interface Judgement {
  /** The message will never be taken. */
  final: boolean;
  /** The server cannot be used at all: other messages would fare the same. */
  serverDown: boolean;
  /** For the operator; without addresses of links, which some servers repeat. */
  reason: string;
}

const reasonCharsMax = 300;

/** Judges by the server's answer: 5xx is final, everything else may pass. */
export function judgeFailure(error: unknown): Judgement {
  const { message = String(error), code, responseCode } = (error ?? {}) as SmtpFailure;
  // A refused login says something about the configuration and nothing about the message.
  const aboutServer =
    responseCode === undefined ? code !== 'EENVELOPE' : code === 'EAUTH' || responseCode === 421;
  return {
    final: !aboutServer && (responseCode === undefined || responseCode >= 500),
    serverDown: aboutServer,
    reason: message
      .replace(/https?:\/\/\S+/gi, '(link)')
      .replace(/\p{Cc}+/gu, ' ')
      .slice(0, reasonCharsMax),
  };
}

/** The pause after an attempt (the first is 1): from ten seconds to an hour, each about 2.7 times the one before. */
export function pauseAfterMs(attempt: number): number {
  const { mailBackoffMsMin, mailBackoffMsMax, mailAttemptsMax } = limits;
  const ratio = (mailBackoffMsMax / mailBackoffMsMin) ** (1 / (mailAttemptsMax - 2));
  return Math.min(mailBackoffMsMax, Math.round(mailBackoffMsMin * ratio ** (attempt - 1)));
}
