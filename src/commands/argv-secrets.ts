/** Refuses secrets on the command line: other processes see it, and the shell keeps it. */
import { DartwingError } from '../core/errors.js';

const secretFlags =
  /^--(token|access-token|password|passwd|secret|client-secret|api-key|apikey|master-key|private-key)(=|$)/i;

/** Nothing shorter could hold a secret of the forms below. */
const secretCharsMin = 12;

const addressWithPassword = /[a-z][a-z0-9+.-]*:\/\/[^\s/@:]*:[^\s@]+@|[?&](password|sslpassword)=[^&\s]/i;

/** Forms of well-known tokens, each from its maker's documentation. */
const tokenForms: readonly RegExp[] = [
  /\bdw_(production|sandbox)_[a-z2-7]{16}[.:][A-Za-z0-9_-]{20,}/,
  /\b(sk|rk)_(live|test)_[A-Za-z0-9]{10,}/,
  /\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}/,
  /\bglpat-[A-Za-z0-9_-]{16,}/,
  /\bxox[abprs]-[A-Za-z0-9-]{10,}/,
  /\bAKIA[0-9A-Z]{16}\b/,
  /\bAIza[A-Za-z0-9_-]{30,}/,
  /\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\./,
  /\bdw[ifr]_[A-Za-z0-9_-]{43}/,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
];

/** Throws SECRET_ON_ARGV when a word holds a password or a token. The error never repeats it. */
export function refuseSecrets(argv: readonly string[]): void {
  argv.forEach((word, index) => {
    const flag = secretFlags.exec(word);
    if (flag !== null) throw new DartwingError('SECRET_ON_ARGV', { where: `--${flag[1]}` });
    if (word.length < secretCharsMin) return;
    if (addressWithPassword.test(word) || tokenForms.some((form) => form.test(word))) {
      throw new DartwingError('SECRET_ON_ARGV', { where: placeOf(argv, index) });
    }
  });
}

function placeOf(argv: readonly string[], index: number): string {
  const own = /^(--[a-z-]+)=/.exec(argv[index]!)?.[1];
  const before = argv[index - 1];
  return own ?? (before?.startsWith('--') ? before : `word ${index + 1}`);
}
