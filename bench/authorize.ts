/**
 * Permissions: warm decisions beside those of CASL, a batch in one statement, cold rights of 200 organizations beside
 * their bare SQL, and how soon another process hears of a revocation. The ability of CASL is built once, with one
 * rule over all organizations, which is its slow form; both sides judge the same cases and must agree.
 */
import { createMongoAbility, subject } from '@casl/ability';
import type { Client } from 'pg';
import { isAllowed } from '../src/core/access/authorize.js';
import { type AccessContext, contextMaker } from '../src/core/access/context.js';
import {
  accessDoorbell,
  authorizeMany,
  eventBoard,
  openContexts,
  openSession,
  type Ref,
} from '../src/core/access/index.js';
import { selectRights } from '../src/core/access/queries.js';
import { readRulebook } from '../src/core/access/rulebook.js';
import { type Database, openDatabase, type Tx } from '../src/core/db/index.js';
import { type DartwingOptions, fakeClock } from '../src/core/index.js';
import { describeInstallation } from '../src/core/options.js';
import {
  amountFigure,
  compare,
  type Figure,
  median,
  printReport,
  progress,
  ratioFigure,
  timed,
} from './measure.js';
import { withDatabase, withServer } from './server.js';

const organizations = 200;
const checks = 1_000_000;
const person = 'PERSON-2026-00001';
const clock = fakeClock('2026-11-23T10:00:00.000Z');

/** Prints the report. */
export async function bench({ json }: { json: boolean }): Promise<void> {
  const report = await withServer(false, (server) =>
    withDatabase(server, 'authorize', async (options, admin) => {
      progress('decisions');
      const figures = await warmDecisions();
      await fill(admin);
      const [here, there] = [open(options), open(options)];
      try {
        figures.push(await batch(here), ...(await coldRights(here)), ...(await revocation(here, there)));
      } finally {
        await Promise.all([here.close(), there.close()]);
      }
      const notes = [
        `PostgreSQL ${server.version}; one person in ${organizations} organizations, each a member's third decision denied`,
        'bare SQL of cold rights: the same statement in the same transaction, without compiling; the other line beside it reads memberships only',
      ];
      return { bench: 'authorize', figures, notes };
    }),
  );
  printReport(report, json);
}

async function warmDecisions(): Promise<Figure[]> {
  const ids = Array.from({ length: organizations }, (_, index) => organizationId(index));
  const context = contextMaker(readRulebook())(person, '1.1', {
    user: 'bo@acme.test',
    system_roles: ['Dartwing User'],
    organizations: ids.map((id) => [id, 'Employee', false, null]),
    documents: [],
  });
  const ability = createMongoAbility([
    { action: ['read', 'create'], subject: 'Task', conditions: { organization: { $in: ids } } },
    {
      action: ['write', 'share'],
      subject: 'Task',
      conditions: { organization: { $in: ids }, owner: person },
    },
  ]);
  const refs: Ref[] = Array.from({ length: 1_000 }, (_, index) => ({
    doctype: 'Task',
    name: `TASK-${index}`,
    organization: index % 3 === 0 ? 'ORG-2026-99999' : ids[index % organizations]!,
    owner: index % 2 === 0 ? person : 'PERSON-2026-00002',
  }));
  const subjects = refs.map((ref) => subject('Task', { ...ref }));
  const actions = ['read', 'write', 'delete'] as const;
  for (const [index, ref] of refs.entries())
    for (const action of actions)
      if (isAllowed(context, action, ref) !== ability.can(action, subjects[index]!))
        throw new Error(`the two differ on ${action} ${ref.name}`);
  const ours = perCheck((index) => isAllowed(context, actions[index % 3]!, refs[index % 1_000]!), checks);
  const theirs = perCheck((index) => ability.can(actions[index % 3]!, subjects[index % 1_000]!), checks / 20);
  const compared = await compare(ours, theirs, { count: 10, warmups: 2 });
  return [
    amountFigure('warm authorize', 1e9 / compared.reference, 'checks/s', { atLeast: 1_000_000 }),
    amountFigure('warm authorize: times faster than CASL', compared.ratio, 'x', { atLeast: 5 }),
    amountFigure('one decision of CASL', compared.measured, 'ns'),
  ];
}

/** Nanoseconds of one decision. */
function perCheck(decide: (index: number) => boolean, count: number) {
  return async () => {
    let allowed = 0;
    const started = process.hrtime.bigint();
    for (let index = 0; index < count; index++) if (decide(index)) allowed++;
    if (allowed === 0) throw new Error('nothing was allowed');
    return Number(process.hrtime.bigint() - started) / count;
  };
}

async function batch({ session }: Side): Promise<Figure> {
  progress('batch of 100');
  const call = { principal: { type: 'person' as const, id: person } };
  let statements = 0;
  await session.run('bench', call, async (scope) => {
    const { rows } = await scope.tx.query<{ id: string }>('select id from org_member limit 100');
    const run: Tx['run'] = (query) => {
      statements++;
      return scope.tx.run(query);
    };
    const refs = rows.map(({ id }) => ({ doctype: 'Org Member', name: id }));
    const may = await authorizeMany({ ...scope, tx: { ...scope.tx, run } }, 'read', refs);
    if (!may.every(Boolean)) throw new Error('a member of a batch was denied');
  });
  return amountFigure('batch of 100 unknown documents', statements, 'statements', { atMost: 1 });
}

async function coldRights({ pools }: Side): Promise<Figure[]> {
  progress('cold rights');
  const contexts = openContexts(clock);
  await contexts.prepare();
  const cold = timed(() => pools.asMachinery((tx) => contexts.read(tx, person)));
  const same = timed(() => pools.asMachinery((tx) => selectRights(tx, person, clock.now())));
  const text = `select organization, role from org_member where person = $1 and status = 'active'`;
  const members = timed(() => pools.asMachinery((tx) => tx.query(text, [person], 'bench_memberships')));
  const what = `cold rights of ${organizations} organizations`;
  return [
    ratioFigure(`${what} : bare SQL`, await compare(same, cold, { count: 200, warmups: 20 }), 2),
    ratioFigure(`${what} : memberships alone`, await compare(members, cold, { count: 200, warmups: 20 })),
  ];
}

/** From the acknowledgement of a removal to the moment at which another pair of pools hears of it, and refuses. */
async function revocation(here: Side, there: Side): Promise<Figure[]> {
  progress('revocation');
  let hear = (): void => {};
  const listening = there.doorbell.listen(() => hear());
  await listening.ready;
  const call = { principal: { type: 'person' as const, id: person } };
  const reach = () => there.session.run('bench', call, async ({ access }) => access as AccessContext);
  const heard: number[] = [];
  const refused: number[] = [];
  for (let round = 0; round < 50; round++) {
    await reach();
    const told = new Promise<void>((resolve) => {
      hear = resolve;
    });
    await change(here, round % 2 === 0 ? 'inactive' : 'active');
    const started = performance.now();
    const size = (await reach()).organizations.size;
    refused.push(performance.now() - started);
    if (size !== organizations - (round % 2 === 0 ? 1 : 0)) throw new Error('stale rights were used');
    await told;
    heard.push(performance.now() - started);
  }
  await listening.close();
  return [
    amountFigure('revocation: next call elsewhere refuses', median(refused), 'ms', { atMost: 100 }),
    amountFigure('revocation: listeners elsewhere have heard', median(heard), 'ms', { atMost: 100 }),
  ];
}

function change({ pools, doorbell }: Side, status: string): Promise<unknown> {
  return pools.asMachinery((tx) => {
    doorbell.ringAfter(tx, [person]);
    const text = 'update org_member set status = $3 where organization = $1 and person = $2';
    return tx.query(text, [organizationId(0), person, status]);
  });
}

interface Side {
  pools: Database;
  session: ReturnType<typeof openSession>;
  doorbell: ReturnType<typeof accessDoorbell>;
  close(): Promise<void>;
}

/** What a process has: pools, cache and doorbell of its own. */
function open(options: DartwingOptions): Side {
  const pools = openDatabase({ ...describeInstallation(options).database, ringAudit: () => {} });
  const doorbell = accessDoorbell(pools, () => {});
  const defaults = { principal: { type: 'service' as const, id: 'bench' }, via: 'library' as const };
  const sources = { contexts: openContexts(clock), doorbell };
  return {
    pools,
    doorbell,
    session: openSession(pools, eventBoard(), clock, defaults, sources),
    close: pools.close,
  };
}

async function fill(admin: Client): Promise<void> {
  await admin.query(`
    insert into person (id, primary_email, first_name, last_name, source, created_at, created_by, modified_at, modified_by)
      values ('${person}', 'bo@acme.test', 'Bo', '', 'import', now(), 'bench', now(), 'bench');
    insert into user_account (name, person, created_at) values ('bo@acme.test', '${person}', now());
    update person set frappe_user = 'bo@acme.test';
    insert into organization (id, slug, org_name, org_type, region, linked_doctype, linked_name, created_at, created_by, modified_at, modified_by)
      select format('ORG-2026-%s', lpad(n::text, 5, '0')), 'o' || n, 'o' || n, 'company', 'bench', 'Company', 'CO-' || n, now(), 'bench', now(), 'bench'
      from generate_series(0, ${organizations - 1}) n;
    insert into org_member (organization, id, person, role, start_date, member_name, person_email, organization_name, organization_type, created_at, modified_at)
      select id, 'OM-' || slug, '${person}', 'Employee', now(), 'Bo', 'bo@acme.test', org_name, org_type, now(), now() from organization;
    insert into permission_grant (organization, user_name, allow, for_value, created_at)
      select id, 'bo@acme.test', g.allow, g.for_value, now()
      from organization, lateral (values ('Organization', id), (linked_doctype, linked_name)) g (allow, for_value);
    analyze`);
}

function organizationId(number: number): string {
  return `ORG-2026-${String(number).padStart(5, '0')}`;
}
