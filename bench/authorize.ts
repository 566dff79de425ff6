/**
 * Permissions: warm decisions beside those of CASL, a batch in one statement, cold rights of 200 organizations beside
 * their bare SQL, a page of 10,000 members beside its bare SQL, and how soon another process hears of a revocation. CASL
 * has one ability for each user and organization, built before; both sides judge the same cases and must agree.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
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
import { createDartwing, type DartwingOptions, fakeClock } from '../src/core/index.js';
import { answerSeal } from '../src/core/keys/index.js';
import { describeInstallation } from '../src/core/options.js';
import { pageMembers } from '../src/core/people/member-queries.js';
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
      const here = open(options);
      try {
        figures.push(await batch(here), ...(await coldRights(here)), ...(await revocation(here, options)));
        figures.push(...(await memberPages(here, options, admin)));
      } finally {
        await here.close();
      }
      const notes = [
        `PostgreSQL ${server.version}; one person in ${organizations} organizations, each a member's third decision denied`,
        'cold rights: user → organizations past the cache, compiled, beside one statement that reads the memberships in the same transaction; its own SQL also reads grants, roles, account and stamp',
        'revocation is measured between two processes, with the pipe between them; the last line tells what that costs',
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
    closed: [],
  });
  // The form its documentation shows for tenants: one ability for each user and organization, made when it is needed and
  // kept; what the user has no ability for is denied.
  const abilities = new Map(
    ids.map((id) => [
      id,
      createMongoAbility([
        { action: ['read', 'create'], subject: 'Task' },
        { action: ['write', 'share'], subject: 'Task', conditions: { owner: person } },
      ]),
    ]),
  );
  const refs: Ref[] = Array.from({ length: 1_000 }, (_, index) => ({
    doctype: 'Task',
    name: `TASK-${index}`,
    organization: index % 3 === 0 ? 'ORG-2026-99999' : ids[index % organizations]!,
    owner: index % 2 === 0 ? person : 'PERSON-2026-00002',
  }));
  const subjects = refs.map((ref) => subject('Task', { ...ref }));
  const can = (action: string, index: number) =>
    abilities.get(refs[index]!.organization!)?.can(action, subjects[index]!) ?? false;
  // What the same question looks like for one ability of the user, as ours is one context of the user.
  const mine = { organization: { $in: ids } };
  const ability = createMongoAbility([
    { action: ['read', 'create'], subject: 'Task', conditions: mine },
    { action: ['write', 'share'], subject: 'Task', conditions: { ...mine, owner: person } },
  ]);
  const canAnywhere = (action: string, index: number) => ability.can(action, subjects[index]!);
  const actions = ['read', 'write', 'delete'] as const;
  for (const [index, ref] of refs.entries())
    for (const action of actions)
      if (
        isAllowed(context, action, ref) !== can(action, index) ||
        can(action, index) !== canAnywhere(action, index)
      )
        throw new Error(`the two differ on ${action} ${ref.name}`);
  const ours = perCheck((index) => isAllowed(context, actions[index % 3]!, refs[index % 1_000]!), checks);
  const theirs = perCheck((index) => can(actions[index % 3]!, index % 1_000), checks / 5);
  const single = perCheck((index) => canAnywhere(actions[index % 3]!, index % 1_000), checks / 5);
  const compared = await compare(ours, theirs, { count: 10, warmups: 2 });
  const asOne = await compare(ours, single, { count: 10, warmups: 2 });
  return [
    amountFigure('warm authorize', 1e9 / compared.reference, 'checks/s', { atLeast: 1_000_000 }),
    amountFigure('warm authorize: times faster than CASL, one ability of the user', asOne.ratio, 'x', {
      atLeast: 5,
    }),
    amountFigure('warm authorize: times faster than CASL, one for each organization', compared.ratio, 'x', {
      atLeast: 5,
    }),
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
    ratioFigure(`${what} : memberships alone`, await compare(members, cold, { count: 300, warmups: 30 }), 2),
    ratioFigure(`${what} : its own SQL`, await compare(same, cold, { count: 300, warmups: 30 })),
  ];
}

/** A page of the members of a large organization, as a supervisor asks for it, beside the statement alone. */
async function memberPages({ pools }: Side, options: DartwingOptions, admin: Client): Promise<Figure[]> {
  progress('members');
  await admin.query(`
    insert into person (id, primary_email, first_name, last_name, source, created_at, created_by, modified_at, modified_by)
      select 'PERSON-2025-' || n, 'crowd' || n || '@acme.test', 'C', n::text, 'import', now(), 'bench', now(), 'bench'
      from generate_series(10001, 19999) n;
    insert into org_member (organization, id, person, role, start_date, member_name, person_email, organization_name, organization_type, created_at, modified_at)
      select '${organizationId(1)}', 'M-' || id, id, 'Employee', date '2020-01-01' + (hashtext(id) % 1000), 'C', primary_email, 'o1', 'company', now(), now()
      from person where id like 'PERSON-2025-%';
    update org_member set role = 'Owner' where organization = '${organizationId(1)}' and person = '${person}';
    analyze`);
  const dartwing = await createDartwing(options);
  try {
    const call = { principal: { type: 'person' as const, id: person } };
    const figures: Figure[] = [];
    for (const [name, offset] of [
      ['first', 0],
      ['middle', 5_000],
    ] as const) {
      const listed = timed(() => dartwing.people.member.list('o1', { limit: 100, offset }, call));
      const bare = timed(() =>
        pools.asMachinery((tx) => pageMembers(tx, organizationId(1), ['active', 'pending'], 100, offset)),
      );
      const compared = await compare(bare, listed, { count: 200, warmups: 20 });
      figures.push(ratioFigure(`${name} page of 100 among 10,000 members : bare SQL`, compared, 1.3));
    }
    return figures;
  } finally {
    await dartwing.close();
  }
}

/** From the acknowledgement of a removal to the moment at which another process hears of it, and refuses. */
async function revocation(here: Side, options: DartwingOptions): Promise<Figure[]> {
  progress('revocation');
  const there = await startProcess(options);
  const heard: number[] = [];
  const refused: number[] = [];
  const idle: number[] = [];
  for (let round = 0; round < 60; round++) {
    await there.ask();
    const asked = performance.now();
    await there.ask();
    idle.push(performance.now() - asked);
    const told = there.told();
    await change(here, round % 2 === 0 ? 'inactive' : 'active');
    const started = performance.now();
    const size = await there.ask();
    refused.push(performance.now() - started);
    if (size !== organizations - (round % 2 === 0 ? 1 : 0)) throw new Error('stale rights were used');
    await told;
    heard.push(performance.now() - started);
  }
  await there.close();
  return [
    amountFigure('revocation: next call of another process refuses', median(refused), 'ms', { atMost: 100 }),
    amountFigure('revocation: a listener of another process has heard', median(heard), 'ms', { atMost: 100 }),
    amountFigure('a call of another process, rights cached', median(idle), 'ms'),
  ];
}

/** Another process on the same database: it answers how many organizations it reaches, and tells what it hears. */
async function startProcess(options: DartwingOptions) {
  const code = 'import(process.argv[1]).then(({ watch }) => watch(process.argv[2]))';
  const words = ['--input-type=module', '-e', code, import.meta.url, JSON.stringify(options)];
  const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting: Record<'size' | 'heard' | 'ready', ((value: number) => void)[]> = {
    size: [],
    heard: [],
    ready: [],
  };
  const next = (what: keyof typeof waiting) =>
    new Promise<number>((resolve) => {
      waiting[what].push(resolve);
    });
  const ready = next('ready');
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [what, value] = line.split(' ') as [keyof typeof waiting, string];
    waiting[what].shift()?.(Number(value));
  });
  await ready;
  return {
    told: () => next('heard'),
    ask: () => {
      const size = next('size');
      child.stdin.write('ask\n');
      return size;
    },
    close: async () => {
      const gone = once(child, 'exit');
      child.stdin.end();
      await gone;
    },
  };
}

/** What the other process does. */
export async function watch(text: string): Promise<void> {
  const side = open(JSON.parse(text) as DartwingOptions);
  const say = (line: string) => process.stdout.write(`${line}\n`);
  let attentive = false;
  const listening = side.doorbell.listen(() => {
    if (attentive) say('heard 1');
  });
  await listening.ready;
  attentive = true;
  say('ready 1');
  const call = { principal: { type: 'person' as const, id: person } };
  for await (const _ of createInterface({ input: process.stdin })) {
    const reached = await side.session.run('bench', call, async ({ access }) => access as AccessContext);
    say(`size ${reached.organizations.size}`);
  }
  await listening.close();
  await side.close();
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
  const sources = { contexts: openContexts(clock), doorbell, answers: answerSeal(Buffer.alloc(32, 1)) };
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
