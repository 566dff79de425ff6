/** An installation with an organization in it that trusts a test issuer. */
import { beforeAll } from 'vitest';
import { createDartwing, type Dartwing, type IdentityOptions, systemClock } from '../../src/core/index.js';
import { openTestDartwing, type TestDatabase, testOptions } from '../support/database.js';
import { audience, openTestIssuer, type TestIssuer } from './test-issuer.js';

export interface World {
  realm: TestIssuer;
  database: TestDatabase;
  dartwing: Dartwing;
  /** A second one on the same database, as another process would have it. */
  other: Dartwing;
  /** Opens the door to an access token with these claims. */
  enter(
    claims?: Record<string, unknown>,
    organization?: string,
  ): ReturnType<Dartwing['identity']['authenticate']>;
  /** Code of the refusal, or `let in`. */
  refusal(claims?: Record<string, unknown>, organization?: string): Promise<string>;
  one<Row>(text: string, values?: readonly unknown[]): Promise<Row | undefined>;
  /** Audit entries of an action that wait for the sequencer. */
  audited(action: string): Promise<Record<string, unknown>[]>;
}

/** Sessions live by the database's clock, so here the clock is the real one. */
export function openWorld(identity: Omit<IdentityOptions, 'issuers'> = {}): World {
  const world = {} as World;
  beforeAll(async () => {
    const realm = await openTestIssuer(systemClock);
    const options = {
      clock: systemClock,
      identity: { issuers: [{ issuer: realm.issuer, audience }], ...identity },
    };
    const { database, dartwing } = await openTestDartwing(options);
    await dartwing.tenancy.create({ slug: 'acme', type: 'company', owner: 'ana@acme.test' });
    await dartwing.tenancy.create({ slug: 'bolt', type: 'company', owner: 'bo@bolt.test' });
    Object.assign(world, {
      realm,
      database,
      dartwing,
      other: await createDartwing(testOptions(database, options)),
    });
    return () => world.other.close();
  });
  world.enter = async (claims, organization) => {
    const authorization = `Bearer ${await world.realm.sign(claims)}`;
    return world.dartwing.identity.authenticate({ authorization, organization });
  };
  world.refusal = (claims, organization) => codeOf(world.enter(claims, organization));
  world.one = async <Row>(text: string, values: readonly unknown[] = []) =>
    (await world.database.admin.query(text, [...values])).rows[0] as Row | undefined;
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
