/**
 * The database roles of one installation.
 *
 * `owner` owns the schema and nothing logs in as it; migrations act as it. `app` is the runtime role of tenant
 * transactions and owns nothing; because it is the login itself, `reset role` and `set session authorization`
 * lead nowhere. `reader` reads several organizations for one person. `system` is for operators and schedulers
 * and has its own login, so that code running as `app` can never become it. `sequencer` writes the audit chain.
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import type { Client } from 'pg';
import { DartwingError } from '../errors.js';
import { quoteIdentifier, quoteLiteral } from './identifiers.js';

export interface RoleNames {
  owner: string;
  app: string;
  reader: string;
  system: string;
  sequencer: string;
}

/** Names of the roles with a prefix, so that two installations can share one server. */
export function roleNames(prefix: string): RoleNames {
  return {
    owner: `${prefix}_owner`,
    app: `${prefix}_app`,
    reader: `${prefix}_reader`,
    system: `${prefix}_system`,
    sequencer: `${prefix}_sequencer`,
  };
}

/**
 * A SCRAM-SHA-256 verifier (RFC 5803 form, as PostgreSQL stores it), so that the password itself never reaches
 * the server's log. 4,096 iterations are RFC 7677's minimum; the password is 256 random bits.
 */
export function scramVerifier(password: string, salt: Buffer = randomBytes(16), iterations = 4096): string {
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const storedKey = createHash('sha256').update(clientKey).digest('base64');
  const serverKey = createHmac('sha256', salted).update('Server Key').digest('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}

/** Passwords of the two login roles; they are derived from the master key, so no other secret has to be kept. */
export interface RolePasswords {
  app: string;
  system: string;
}

const roleAttributes: Readonly<Record<keyof RoleNames, string>> = {
  owner: 'nologin noinherit',
  app: 'login noinherit',
  reader: 'nologin noinherit',
  system: 'login noinherit',
  sequencer: 'nologin noinherit',
};

/** Who may become whom. */
function membershipSql(names: RoleNames): string {
  const { owner, app, reader, system, sequencer } = mapValues(names, quoteIdentifier);
  return `grant ${owner} to current_user; grant ${reader} to ${app}; grant ${sequencer} to ${system};`;
}

/** Makes the roles that are missing, without passwords: nobody can log in with them until `ensureRoles` has run. */
export function rolesSql(names: RoleNames): string {
  const made = (Object.entries(names) as [keyof RoleNames, string][]).map(
    ([key, name]) => `
  if not exists (select from pg_roles where rolname = ${quoteLiteral(name)}) then
    create role ${quoteIdentifier(name)} with ${roleAttributes[key]};
  end if;`,
  );
  return `do $roles$ begin${made.join('')}\nend $roles$;\n${membershipSql(names)}`;
}

/**
 * Creates what is missing, sets the passwords and the memberships. Safe to run again and at the same time in two
 * processes (the migration lock is held).
 * @throws DATABASE_PRIVILEGE when the connected role may not create roles.
 */
export async function ensureRoles(client: Client, names: RoleNames, passwords: RolePasswords): Promise<void> {
  const existing = await client.query<{ rolname: string }>(
    'select rolname from pg_roles where rolname = any($1)',
    [Object.values(names)],
  );
  const known = new Set(existing.rows.map((row) => row.rolname));
  const attributes: Record<keyof RoleNames, string> = {
    ...roleAttributes,
    app: `${roleAttributes.app} password ${quoteLiteral(scramVerifier(passwords.app))}`,
    system: `${roleAttributes.system} password ${quoteLiteral(scramVerifier(passwords.system))}`,
  };
  try {
    for (const [key, name] of Object.entries(names) as [keyof RoleNames, string][]) {
      const verb = known.has(name) ? 'alter' : 'create';
      await client.query(`${verb} role ${quoteIdentifier(name)} with ${attributes[key]}`);
    }
    await client.query(membershipSql(names));
  } catch (error) {
    if ((error as { code?: string }).code !== '42501') throw error;
    throw new DartwingError(
      'DATABASE_PRIVILEGE',
      { role: client.user ?? 'of the address', why: 'It may not create roles (CREATEROLE)' },
      { cause: error },
    );
  }
}

function mapValues(names: RoleNames, map: (name: string) => string): RoleNames {
  return Object.fromEntries(
    Object.entries(names).map(([key, name]) => [key, map(name)]),
  ) as unknown as RoleNames;
}
