import { beforeAll, describe, expect, it } from 'vitest';
import { isAllowed } from '../../src/core/access/authorize.js';
import type { AccessContext } from '../../src/core/access/context.js';
import { explainDecision } from '../../src/core/access/decision.js';
import { contextFilter } from '../../src/core/access/filter.js';
import { authorizeMany } from '../../src/core/access/index.js';
import { selectStanding } from '../../src/core/access/queries.js';
import { compileRulebook } from '../../src/core/access/rulebook.js';
import { policySql } from '../../src/core/db/policies.js';
import { roleNames } from '../../src/core/db/roles.js';
import { listDocuments } from '../../src/core/documents/list.js';
import { openRegistry } from '../../src/core/documents/registry.js';
import { build, type Tx } from '../../src/core/index.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import {
  actions,
  makeRandomWorld,
  oracle,
  type RandomDocument,
  type RandomWorld,
  randomOf,
} from './random-world.js';
import { as, openTestSession, worldOf } from './world.js';

/** Set DARTWING_TEST_SEED to see a failure again. */
// Fixed, so that a run can be repeated; other worlds are asked for by DARTWING_TEST_SEED.
const seed = Number(process.env.DARTWING_TEST_SEED ?? 20_261_123);
const casesMin = 10_000;

const taskSource = {
  table: 'test_task',
  organization: 'organization',
  key: 'id',
  owner: 'owner',
  indexes: [],
};

let database: TestDatabase;
let world: RandomWorld;
let members: RandomDocument[];
let opened: ReturnType<typeof openTestSession>;
const contexts = new Map<string, AccessContext>();

beforeAll(async () => {
  database = await createTestDatabase();
  await database.admin.query(
    'create table test_task (organization text not null, id text not null, owner text not null, primary key (organization, id))',
  );
  await database.admin.query(policySql('dartwing', 'test_task', roleNames('dartwing')));
  world = await makeRandomWorld(seed, worldOf(database.admin), { people: 30, organizations: 25, tasks: 120 });
  await database.admin.query(
    `insert into test_task select organization, name, owner
     from jsonb_to_recordset($1::jsonb) as t (organization text, name text, owner text)`,
    [JSON.stringify(world.tasks)],
  );
  await database.admin.query(
    `insert into document (organization, doctype, name, version, owner, data, created_at, created_by, modified_at, modified_by)
     select organization, 'Task', name, 1, owner, '{"title": "Task"}', now(), 'test', now(), 'test'
     from jsonb_to_recordset($1::jsonb) as t (organization text, name text, owner text)`,
    [JSON.stringify(world.tasks)],
  );
  const { rows } = await database.admin.query(
    'select id as name, organization, person as owner from org_member',
  );
  members = rows.map((row) => ({ doctype: 'Org Member', ...row }));
  opened = openTestSession(database, undefined, async () => compileRulebook(world.files));
  for (const { id } of world.people)
    contexts.set(id, await opened.pools.asMachinery((tx) => opened.contexts.read(tx, id)));
});

const note = (what: string) => `seed ${seed}: ${what}`;

async function listed(tx: Tx, context: AccessContext, action: string, doctype: string): Promise<string[]> {
  const isTask = doctype === 'Task';
  const where = isTask
    ? contextFilter(context, action, doctype, taskSource)
    : contextFilter(context, action, doctype);
  const table = (isTask ? 'test_task' : 'org_member') as 'org_member';
  return (await tx.run(build.selectFrom(table).select('id').where(where))).map(({ id }) => id).sort();
}

const namesOf = (documents: readonly RandomDocument[]) => documents.map(({ name }) => name).sort();

describe('one answer from every part', () => {
  it('agrees on 10,000 random cases: authorize, filter, row-level security and a naive oracle', async () => {
    let cases = 0;
    for (const person of world.people) {
      const context = contexts.get(person.id)!;
      const visible = await opened.pools.asPerson(person.id, async (tx) => {
        const { rows } = await tx.query<{ id: string }>('select id from test_task order by id');
        return new Set(rows.map(({ id }) => id));
      });
      const active = new Set(
        world.memberships
          .filter((each) => each.person === person.id && each.status === 'active')
          .map(({ organization }) => organization),
      );
      expect(visible, note(`policy of ${person.id}`)).toEqual(
        new Set(world.tasks.filter(({ organization }) => active.has(organization)).map(({ name }) => name)),
      );
      for (const action of actions) {
        for (const documents of [world.tasks, members]) {
          const doctype = documents[0]!.doctype;
          const what = `${person.id} ${action} ${doctype}`;
          const expected = documents.filter((document) => oracle(world, person, action, document));
          const judged = documents.filter((document) => isAllowed(context, action, document));
          expect(namesOf(judged), note(`authorize: ${what}`)).toEqual(namesOf(expected));
          const found = await opened.pools.asMachinery((tx) => listed(tx, context, action, doctype));
          expect(found, note(`filter: ${what}`)).toEqual(namesOf(expected));
          cases += documents.length;
        }
        const secured = await opened.pools.asPerson(person.id, (tx) => listed(tx, context, action, 'Task'));
        const within = world.tasks.filter(
          (task) => visible.has(task.name) && oracle(world, person, action, task),
        );
        expect(secured, note(`filter under the policy: ${person.id} ${action}`)).toEqual(namesOf(within));
      }
    }
    expect(cases).toBeGreaterThanOrEqual(casesMin);
  }, 40_000);

  it('agrees inside each single organization', async () => {
    for (const { id } of world.organizations) {
      const here = world.tasks.filter(({ organization }) => organization === id);
      for (const person of randomOf(seed).some(world.people, 0.2)) {
        const found = await opened.pools.asOrg(id, (tx) =>
          listed(tx, contexts.get(person.id)!, 'read', 'Task'),
        );
        const expected = here.filter((task) => oracle(world, person, 'read', task));
        expect(found, note(`${person.id} in ${id}`)).toEqual(namesOf(expected));
      }
    }
  }, 40_000);

  it('agrees on the pages of documents that a room shows', async () => {
    const registry = openRegistry();
    let seen = 0;
    for (const { id } of world.organizations) {
      const here = world.tasks.filter(({ organization }) => organization === id);
      for (const person of world.people) {
        const page = await opened.session.runIn(id, as(person.id), (scope) =>
          listDocuments(scope, registry, 'Task', { limit: 100 }),
        );
        const expected = here.filter((task) => oracle(world, person, 'read', task));
        expect(page.items.map(({ name }) => name).sort(), note(`${person.id} in ${id}`)).toEqual(
          namesOf(expected),
        );
        expect(page.total_count).toBe(expected.length);
        seen += expected.length;
      }
    }
    expect(seen).toBeGreaterThan(100);
  }, 40_000);

  it('explains the same as it decides', async () => {
    const random = randomOf(seed + 1);
    for (let round = 0; round < 400; round++) {
      const person = random.pick(world.people);
      const ref = random.pick([...world.tasks, ...members]);
      const action = random.pick(actions);
      const standing = await opened.pools.asMachinery((tx) =>
        selectStanding(tx, person.id, ref.organization),
      );
      const context = contexts.get(person.id)!;
      const told = explainDecision({ email: '', action, ref, context, standing });
      const what = note(`${person.id} ${action} ${ref.doctype}/${ref.name}: ${JSON.stringify(told.layers)}`);
      expect(told.allowed, what).toBe(oracle(world, person, action, ref));
      expect(!told.layers.some(({ result }) => result === 'deny'), what).toBe(told.allowed);
    }
  });

  it('judges 100 documents of which it knows only the names in one statement', async () => {
    for (const person of randomOf(seed + 2).some(world.people, 0.4)) {
      const asked = members.slice(0, 100).map(({ doctype, name }) => ({ doctype, name }));
      const answers = await opened.session.run('test', as(person.id), async (scope) => {
        let statements = 0;
        const query: Tx['query'] = (text, values, name) => {
          statements++;
          return scope.tx.query(text, values, name);
        };
        const tx = {
          ...scope.tx,
          query,
          run: ((composed) => {
            statements++;
            return scope.tx.run(composed);
          }) as Tx['run'],
        };
        const may = await authorizeMany({ ...scope, tx }, 'write', asked);
        expect(statements).toBeLessThanOrEqual(1);
        return may;
      });
      const expected = members.slice(0, 100).map((member) => oracle(world, person, 'write', member));
      expect(answers, note(person.id)).toEqual(expected);
    }
    // Who may do everything needs no record to be told so.
    const limited = world.people.find(({ roles }) => !roles.includes('System Manager'))!;
    const missing = await opened.session.run('test', as(limited.id), (scope) =>
      authorizeMany(scope, 'read', [{ doctype: 'Org Member', name: 'nobody' }]),
    );
    expect(missing).toEqual([false]);
  });
});
