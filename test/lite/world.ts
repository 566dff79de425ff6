/** An installation in lite mode with an organization, its owner and a mail server. */
import { createHmac } from 'node:crypto';
import { beforeAll } from 'vitest';
import { createDartwing, type Dartwing, type LiteOptions, systemClock } from '../../src/core/index.js';
import { type MailServer, startMailServer } from '../mail/smtp.js';
import { openTestDartwing, type TestDatabase, testOptions } from '../support/database.js';

export const password = 'Correct-horse-9';

export interface LiteWorld {
  database: TestDatabase;
  dartwing: Dartwing;
  /** A second one on the same database, as another process would have it. */
  other: Dartwing;
  smtp: MailServer;
  /** Moves the clock of both processes; that of the database goes on. */
  advance(ms: number): void;
  now(): Date;
  /** A person with an account and this password. */
  person(name: string, password?: string): Promise<string>;
  /** Code of the refusal, or `let in`. */
  enter(accessToken: string, organization?: string): Promise<string>;
  /** Takes waits away, and the failures that would cause the next one. */
  forgive(): Promise<void>;
  audited(action: string): Promise<Record<string, unknown>[]>;
}

/** Hashes that are as cheap as is allowed: what they cost is not what these tests are about. */
export const cheap: LiteOptions = { enabled: true, hashing: { ln: 14, r: 8, p: 1 } };

export function openLiteWorld(): LiteWorld {
  const world = {} as LiteWorld;
  let passedMs = 0;
  const clock = { ...systemClock, now: () => new Date(Date.now() + passedMs) };
  beforeAll(async () => {
    const smtp = await startMailServer();
    const options = {
      clock,
      lite: cheap,
      mail: { smtpUrl: smtp.url, from: 'no-reply@acme.test' },
      publicUrl: 'https://acme.test',
    };
    const { database, dartwing } = await openTestDartwing(options);
    await dartwing.tenancy.create({ slug: 'acme', type: 'company', owner: 'ana@acme.test' });
    const other = await createDartwing(testOptions(database, options));
    Object.assign(world, { database, dartwing, other, smtp });
    return () => other.close();
  });
  world.now = clock.now;
  world.advance = (ms) => {
    passedMs += ms;
  };
  world.person = async (name, given = password) => {
    const email = `${name}@acme.test`;
    const { after } = await world.dartwing.people.person.create({
      primary_email: email,
      first_name: name,
      last_name: 'Test',
      source: 'import',
    });
    await world.dartwing.people.member.add('acme', email, 'Employee');
    await world.dartwing.lite.setPassword(email, given);
    return after!.id;
  };
  world.enter = (token, organization) =>
    codeOf(world.dartwing.identity.authenticate({ authorization: `Bearer ${token}`, organization }));
  world.forgive = async () => {
    await world.database.admin.query('delete from sign_in_failure');
  };
  world.audited = async (action) => {
    const { rows } = await world.database.admin.query<{ entry: Record<string, unknown> }>(
      "select convert_from(body, 'UTF8')::jsonb as entry from audit_stage",
    );
    return rows.map(({ entry }) => entry).filter((entry) => entry.action === action);
  };
  return world;
}

export function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'let in',
    (error: { code: string }) => error.code,
  );
}

/** The code of an app (RFC 6238, RFC 4226 §5.3), worked out here by itself. */
export function codeAt(secret: string, at: Date): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret].map((letter) => letters.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(at.getTime() / 30_000)));
  const digest = createHmac('sha1', key).update(step).digest();
  const offset = digest[19]! & 15;
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/** A code that is not the app's now, nor a minute before or after. */
export function wrongCodeAt(secret: string, at: Date): string {
  const near = new Set(
    [-2, -1, 0, 1, 2].map((steps) => codeAt(secret, new Date(at.getTime() + steps * 30_000))),
  );
  return ['000000', '111111', '222222', '333333', '444444', '555555'].find((code) => !near.has(code))!;
}
