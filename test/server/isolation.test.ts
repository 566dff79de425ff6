/** Every route, called by somebody of another organization with the names of this one. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Route } from '../../src/server/route.js';
import { allRoutes } from '../../src/server/routes/index.js';
import { type Caller, openWorld, type Reply } from './world.js';

/** Stands in every text of acme. */
const canary = 'amaranth';

const world = openWorld();
let names: Record<string, string>;
/** A key of bolt that may do everything there. */
let key: Caller;

beforeAll(async () => {
  await world.dartwing.tenancy.update('acme', { name: `${canary} works` });
  const equipment = await world.ana.post('/v1/organizations/acme/equipment', {
    equipment_name: `${canary} crane`,
    serial_number: `${canary}-1`,
  });
  const invitation = await world.ana.post('/v1/organizations/acme/invitations', {
    email: `${canary}@guest.test`,
    role: 'Employee',
  });
  const apiKey = await world.ana.post('/v1/organizations/acme/api-keys', {
    name: canary,
    environment: 'production',
    permissions: ['*:*'],
  });
  const task = await world.ana.post('/v1/organizations/acme/documents/Task', {
    data: { title: canary, status: 'Open' },
  });
  world.dartwing.jobs.define(`${canary}.work`, { handler: () => undefined });
  const job = await world.ana.post('/v1/organizations/acme/jobs', { type: `${canary}.work` });
  const member = await world.ana.get('/v1/organizations/acme/members/emil@acme.test');
  names = {
    org: world.acme,
    member: member.body.data.id,
    person: member.body.data.person,
    equipment: equipment.body.data.id,
    invitation: invitation.body.data.id,
    key: apiKey.body.data.id,
    doctype: 'Task',
    name: task.body.data.name,
    job: job.body.data.id,
    seq: '1000000',
  };
  const { change, secret } = await world.dartwing.identity.apiKeys.create('bolt', {
    name: 'all of bolt',
    environment: 'production',
    permissions: ['*:*'],
  });
  key = world.withHeader(`token ${change.after!.id}:${secret}`);
});

/** A body that is right, so that a refusal is none of the form. */
const bodies: Record<string, unknown> = {
  'org.create': { slug: 'cuckoo', type: 'company' },
  'org.update': { name: 'taken over' },
  'member.add': { person: 'bo@bolt.test', role: 'Owner' },
  'member.update': { role: 'Owner' },
  'person.create': { primary_email: 'new@bolt.test', first_name: 'N', last_name: 'N', source: 'import' },
  'person.update': { first_name: 'Taken' },
  'person.consent': { guardian: 'bo@bolt.test' },
  'person.merge': { source: 'bo@bolt.test' },
  'role.create': { name: 'Cuckoo', applies_to_org_type: 'company' },
  'role.update': { is_supervisor: true },
  'invite.create': { email: 'x@bolt.test', role: 'Owner' },
  'invite.bulk': { csv: 'email,role\nx@bolt.test,Owner\n' },
  'invite.accept': { token: 'x'.repeat(43) },
  'equipment.create': { equipment_name: 'Cuckoo' },
  'equipment.update': { equipment_name: 'Taken' },
  'equipment.assign': { member: 'bo@bolt.test' },
  'document.create': { data: { title: 'Cuckoo', status: 'Open' } },
  'document.update': { data: { title: 'Taken' } },
  'event.publish': { events: [{ event: 'cuckoo', message: 1 }] },
  'job.submit': { type: `${canary}.work` },
  'dlq.resolve': { note: 'taken over' },
  'sync.feed': { org: 'acme', doctype: 'Task' },
  'sync.push': { org: 'acme', device: 'd', operations: [] },
  'apikey.create': { name: 'x', environment: 'production', permissions: ['*:*'] },
  'token.authorize': { provider: 'github' },
  'token.device': { provider: 'github' },
  'token.device_poll': { handle: 'x'.repeat(43) },
  'token.secret': { provider: 'sendgrid', secret: 'cuckoo' },
  call: { args: [] },
  'call.open': { args: [] },
  'apply.diff': { files: [{ name: 'org.yaml', text: orgYaml() }] },
  'apply.apply': { files: [{ name: 'org.yaml', text: orgYaml() }] },
};

const queries: Record<string, string> = {
  'permission.explain': '?person=emil@acme.test&action=read&ref=Organization/acme',
  'audit.query-all': '?organization=acme',
  'sync.feed.read': '?org=acme&doctype=Task',
  'sync.stream': '?doctype=Task',
};

function orgYaml(): string {
  return 'api_version: dartwing/v1\nkind: Org\nslug: acme\ntype: company\nname: taken over\n';
}

function ask(caller: Caller, route: Route, given: Record<string, string>): Promise<Reply> {
  const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(given[name] ?? 'Owner'),
  );
  const at = path + (queries[route.id] ?? '');
  const body = bodies[route.id];
  if (route.method === 'get') return caller.get(at);
  const why = { headers: { 'x-reason': 'because' } };
  if (route.method === 'delete') return caller.delete(at, why);
  return caller[route.method](at, route.body === undefined ? undefined : (body ?? {}), why);
}

const inside = allRoutes.filter(({ path }) => path.includes('{org}'));
/** Those in the shape of Frappe have tests of their own. */
const others = allRoutes.filter(
  // What signs people in knows no organization; test/server/lite.test.ts and sign-in.test.ts are about it.
  ({ path }) => !path.includes('{org}') && path.startsWith('/v1/') && !path.startsWith('/v1/auth/'),
);

/** What belongs to nobody or to the caller alone, and may be read by anybody who is signed in. */
const open = new Set([
  'org.list',
  'role.list',
  'role.show',
  'person.equipment',
  'doctype.list',
  'doctype.show',
  'token.providers',
]);

/** A job does not exist for whoever may not read it (T-J7). */
const hidden = new Set(['job.show', 'job.cancel', 'job.retry', 'dlq.resolve', 'dlq.discard']);

/** Those of one record. */
const ofOne = inside.filter(({ path }) => /\{org\}.*\{(?!doctype\}$)/.test(path));

describe.each(['a supervisor', 'a key'] as const)('%s of another organization', (who) => {
  const caller = () => (who === 'a key' ? key : world.bo);

  it.each(inside.map((route) => [route.id, route] as const))('is refused at %s', async (id, route) => {
    const { status, text } = await ask(caller(), route, names);
    expect(text).not.toContain(canary);
    expect(hidden.has(id) ? [403, 404] : [403], `${status} ${text}`).toContain(status);
  });

  it.each(ofOne.map((route) => [route.id, route] as const))(
    'cannot tell at %s what is there from what is not',
    async (_id, route) => {
      const blank = (reply: Reply, own: Record<string, string>) =>
        Object.values(own)
          .reduce((text, name) => text.replaceAll(name, '…'), reply.text)
          .replace(/"request_id":"[^"]*"/, '');
      const missing = {
        ...names,
        member: 'nobody',
        equipment: 'EQ-99999',
        name: 'TASK-99999',
        invitation: 'absent',
        key: 'dw_missing',
        job: 'JOB-2026-99999',
      };
      const there = await ask(caller(), route, names);
      const absent = await ask(caller(), route, missing);
      expect([absent.status, blank(absent, missing)]).toEqual([there.status, blank(there, names)]);
    },
  );

  it.each(ofOne.map((route) => [route.id, route] as const))(
    'finds nothing of the first in its own at %s',
    async (_id, route) => {
      const { status, text } = await ask(caller(), route, { ...names, org: 'bolt' });
      // A key is no person and may lack what a supervisor has; neither finds anything.
      expect([403, 404]).toContain(status);
      expect(text).not.toContain(canary);
    },
  );

  it.each(others.map((route) => [route.id, route] as const))('learns nothing at %s', async (id, route) => {
    const { status, text } = await ask(caller(), route, names);
    expect(text).not.toContain(canary);
    if (!open.has(id)) expect([403, 404], `${status} ${text}`).toContain(status);
  });
});

it('learns of no address whether somebody has it', async () => {
  const bodies = [];
  for (const who of ['emil@acme.test', 'nobody@acme.test'])
    for (const path of ['', '/organizations'])
      bodies.push((await world.bo.get(`/v1/persons/${who}${path}`)).body.error);
  expect(bodies.map(({ message }) => message.replace(/\w+@acme.test/, '…'))).toEqual(
    Array.from({ length: 4 }, () => expect.stringMatching(/may not read Person\/…$/)),
  );
});

it('leaves everything as it was', async () => {
  const { body } = await world.ana.get('/v1/organizations/acme');
  expect(body.data).toMatchObject({ name: `${canary} works`, status: { state: 'active', members: 2 } });
  const { rows } = await world.database.admin.query(
    'select (select count(*) from organization)::int as organizations, (select count(*) from equipment)::int as equipment',
  );
  expect(rows).toEqual([{ organizations: 2, equipment: 1 }]);
});
