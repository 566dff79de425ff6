/** Persons, organizations and memberships, made with SQL: what a test says is there, and nothing else. */
import type pg from 'pg';
import {
  accessDoorbell,
  eventBoard,
  openContexts,
  openSession,
  type Session,
} from '../../src/core/access/index.js';
import type { Rulebook } from '../../src/core/access/rulebook.js';
import { type Database, openDatabase } from '../../src/core/db/index.js';
import { type Clock, systemClock } from '../../src/core/index.js';
import { answerSeal } from '../../src/core/keys/index.js';
import { describeInstallation } from '../../src/core/options.js';
import { type TestDatabase, testOptions } from '../support/database.js';
import { atEnd } from '../support/ending.js';

export interface World {
  person(name: string, options?: { roles?: string[]; account?: boolean; enabled?: boolean }): Promise<string>;
  organization(slug: string, options?: { type?: OrganizationType; status?: string }): Promise<string>;
  join(
    person: string,
    organization: string,
    role: string,
    options?: { status?: string; granted?: boolean },
  ): Promise<void>;
  grant(person: string, organization: string, doctype: string, name: string): Promise<void>;
}

type OrganizationType = 'family' | 'company' | 'nonprofit' | 'association';

const at = '2026-11-23T10:00:00.000Z';

/** The address of a person of the world. */
export const addressOf = (name: string) => `${name}@world.test`;

/** Counted on from here in all worlds, far from the numbers of the series. */
let number = 90_000;

export function worldOf(admin: pg.Client): World {
  return {
    person: async (name, { roles = ['Dartwing User'], account = true, enabled = true } = {}) => {
      const id = `PERSON-2026-${++number}`;
      const email = addressOf(name);
      await admin.query(
        `insert into person (id, primary_email, first_name, last_name, source, created_at, created_by, modified_at, modified_by)
         values ($1, $2, $3, '', 'import', $4, 'test', $4, 'test')`,
        [id, email, name, at],
      );
      if (!account) return id;
      await admin.query(
        'insert into user_account (name, person, enabled, system_roles, created_at) values ($1, $2, $3, $4, $5)',
        [email, id, enabled, roles, at],
      );
      await admin.query('update person set frappe_user = $2 where id = $1', [id, email]);
      return id;
    },
    organization: async (slug, { type = 'company', status = 'active' } = {}) => {
      const id = `ORG-2026-${++number}`;
      const doctype = type.replace(/^./, (letter) => letter.toUpperCase());
      await admin.query(
        `insert into organization (id, slug, org_name, org_type, status, region, linked_doctype, linked_name, created_at, created_by, modified_at, modified_by)
         values ($1, $2, $2, $3, $4, 'test', $5, $6, $7, 'test', $7, 'test')`,
        [id, slug, type, status, doctype, `X-${number}`, at],
      );
      const named = type === 'company' ? ', legal_name' : '';
      await admin.query(
        `insert into ${type} (organization, name${named}) values ($1, $2${named ? ', $3' : ''})`,
        [id, `X-${number}`, ...(named ? [slug] : [])],
      );
      return id;
    },
    join: async (person, organization, role, { status = 'active', granted = status === 'active' } = {}) => {
      await admin.query(
        `insert into org_member (organization, id, person, role, status, start_date, member_name, person_email,
           organization_name, organization_type, created_at, modified_at)
         select $1, $2, p.id, $4, $5, '2026-11-23', p.first_name, p.primary_email, o.org_name, o.org_type, $6, $6
         from person p, organization o where p.id = $3 and o.id = $1`,
        [organization, `OM-${++number}`, person, role, status, at],
      );
      if (!granted) return;
      await admin.query(
        `insert into permission_grant (organization, user_name, allow, for_value, created_at)
         select o.id, p.frappe_user, g.allow, g.for_value, $3 from person p, organization o,
           lateral (values ('Organization', o.id), (o.linked_doctype, o.linked_name)) g (allow, for_value)
         where p.id = $1 and o.id = $2 and p.frappe_user is not null`,
        [person, organization, at],
      );
    },
    grant: async (person, organization, doctype, name) => {
      await admin.query(
        `insert into permission_grant (organization, user_name, allow, for_value, created_at)
         select $2, frappe_user, $3, $4, $5 from person where id = $1`,
        [person, organization, doctype, name, at],
      );
    },
  };
}

/** A call as a person. */
export const as = (person: string) => ({ principal: { type: 'person' as const, id: person } });

/** What rooms get: a session, and the pools under it; closed at the end of the file. */
export function openTestSession(
  on: TestDatabase,
  clock: Clock = systemClock,
  book?: () => Promise<Rulebook>,
): { session: Session; pools: Database; contexts: ReturnType<typeof openContexts> } {
  const pools = openDatabase({ ...describeInstallation(testOptions(on)).database, ringAudit: () => {} });
  atEnd(() => pools.close());
  const contexts = openContexts(clock, book);
  const doorbell = accessDoorbell(pools, () => {});
  const answers = answerSeal(Buffer.alloc(32, 1));
  const defaults = { principal: { type: 'service' as const, id: 'test' }, via: 'library' as const };
  return {
    session: openSession(pools, eventBoard(), clock, defaults, { contexts, doorbell, answers }),
    pools,
    contexts,
  };
}
