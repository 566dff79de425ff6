/**
 * Hashes of passwords: scrypt (RFC 7914) with its parameters beside it, in the form `$scrypt$ln=…,r=…,p=…$salt$hash`,
 * so that they can be raised: a password that was hashed with less is hashed anew when its owner signs in.
 */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { normalPassword } from './password.js';

/** What one hash costs: 2^ln blocks of 128·r bytes of memory, p times. */
export interface HashCost {
  ln: number;
  r: number;
  p: number;
}

/** 32 MiB, three passes: as strong as 128 MiB in one (OWASP Password Storage), and four at once fit into a small server. */
export const defaultCost: HashCost = Object.freeze({ ln: 15, r: 8, p: 3 });

const saltBytes = 16;
const hashBytes = 32;
const form = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/;

export interface Hasher {
  hash(password: string): Promise<string>;
  /**
   * Whether the password is the one of a stored hash. Without a stored hash it takes as long and says no, so that
   * nobody learns from the wait whether an account exists.
   */
  verify(stored: string | undefined, password: string): Promise<{ matches: boolean; outdated: boolean }>;
}

/** @throws CONFIG_INVALID when the cost is below what is safe */
export function openHasher(cost: HashCost = defaultCost): Hasher {
  if (
    cost.ln < limits.passwordCostMin ||
    cost.ln > 20 ||
    cost.r < 8 ||
    cost.r > 32 ||
    cost.p < 1 ||
    cost.p > 16
  )
    throw new DartwingError('CONFIG_INVALID', {
      where: 'lite.hashing',
      message: `it costs too little or too much: ln from ${limits.passwordCostMin} to 20, r from 8 to 32, p from 1 to 16`,
    });
  const queue = hashQueue();
  const decoy = { cost, salt: randomBytes(saltBytes), hash: randomBytes(hashBytes) };
  return {
    hash: async (password) => {
      const salt = randomBytes(saltBytes);
      return written(cost, salt, await queue(() => derive(password, salt, cost)));
    },
    verify: async (stored, password) => {
      const known = stored === undefined ? undefined : parseHash(stored);
      const { salt, cost: paid, hash } = known ?? decoy;
      const given = await queue(() => derive(password, salt, paid));
      const matches = timingSafeEqual(given, hash) && known !== undefined;
      return { matches, outdated: matches && !isEqualCost(paid, cost) };
    },
  };
}

function written({ ln, r, p }: HashCost, salt: Buffer, hash: Buffer): string {
  const unpadded = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
  return `$scrypt$ln=${ln},r=${r},p=${p}$${unpadded(salt)}$${unpadded(hash)}`;
}

function parseHash(text: string): { cost: HashCost; salt: Buffer; hash: Buffer } {
  const [, ln, r, p, salt = '', hash = ''] = form.exec(text) ?? [];
  if (ln === undefined)
    throw new DartwingError('INTERNAL', { message: 'a stored password has an unknown form' });
  return {
    cost: { ln: Number(ln), r: Number(r), p: Number(p) },
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  };
}

function isEqualCost(one: HashCost, other: HashCost): boolean {
  return one.ln === other.ln && one.r === other.r && one.p === other.p;
}

function derive(password: string, salt: Buffer, { ln, r, p }: HashCost): Promise<Buffer> {
  const N = 2 ** ln;
  // Node refuses what needs more than maxmem; scrypt takes 128·r·(N + p) bytes and a little.
  const maxmem = 128 * r * (N + p + 2) + 1_048_576;
  return new Promise((resolve, reject) => {
    scrypt(normalPassword(password), salt, hashBytes, { N, r, p, maxmem }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

/** Few hashes at once: each takes a thread of the process and much memory, and everybody may ask for one. */
function hashQueue() {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= limits.passwordHashesMax) {
      if (waiting.length >= limits.passwordHashesWaitingMax)
        throw new DartwingError('SIGN_IN_BUSY', {}, { retryAfterMs: 1_000 });
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      // The place goes on to the next in the line, or becomes free.
      if (next === undefined) running--;
      else next();
    }
  };
}
