import { FrappeApp } from 'frappe-js-sdk';
import { beforeAll, describe, expect, it } from 'vitest';
import { createServer, type Listening } from '../../src/server/index.js';
import { type Caller, openWorld, type Reply } from './world.js';

const world = openWorld({
  rates: { person: { organization: [{ seconds: 60, calls: 100 }], resource: [], general: [] } },
});
const call = (caller: Caller, name: string, given: Record<string, unknown> = {}): Promise<Reply> =>
  caller.post(`/api/method/dartwing_core.${name}`, given);
const code = ({ status, body }: Reply) => `${status} ${body.error?.code ?? 'ok'}`;

describe('methods of the organization API', () => {
  it('list all memberships with the access that goes with them', async () => {
    const { dartwing } = world;
    await dartwing.tenancy.create({ slug: 'club', type: 'club', owner: 'emil@acme.test' });
    await dartwing.tenancy.create({ slug: 'left', type: 'company', owner: 'bo@bolt.test' });
    await dartwing.people.member.add('left', 'emil@acme.test', 'Employee');
    await dartwing.people.member.remove('left', 'emil@acme.test');
    const { status, body } = await world.emil.get('/api/method/dartwing_core.get_user_organizations');
    expect([status, body.message.total_count]).toEqual([200, 3]);
    const rows = body.message.data.map((row: Record<string, unknown>) => [
      row.org_type,
      row.membership_status,
      row.has_access,
    ]);
    expect(rows).toEqual(
      expect.arrayContaining([
        ['Company', 'Active', true],
        ['Association', 'Active', true],
        ['Company', 'Inactive', false],
      ]),
    );
    const { body: accessible } = await world.emil.get(
      '/api/method/dartwing.permissions.get_user_organizations',
    );
    expect(accessible.message).toHaveLength(2);
  });

  it('give somebody without memberships an empty list, and nobody at all 401', async () => {
    expect((await call(world.max, 'get_user_organizations')).body.message).toEqual({
      data: [],
      total_count: 0,
    });
    expect(code(await call(world.nobody, 'get_user_organizations'))).toBe('401 UNAUTHENTICATED');
  });

  it('tell apart an unknown organization, a foreign one and none', async () => {
    const names = [
      'get_org_members',
      'get_concrete_doc',
      'get_organization_with_details',
      'validate_organization_links',
    ];
    for (const name of names) {
      const answers = [];
      for (const organization of ['ORG-2026-09999', world.bolt, '', null, undefined])
        answers.push(code(await call(world.ana, name, { organization })));
      expect(answers).toEqual([
        '404 ORGANIZATION_NOT_FOUND',
        '403 PERMISSION_DENIED',
        ...Array.from({ length: 3 }, () => '400 ORGANIZATION_REQUIRED'),
      ]);
    }
  });

  it('give an organization with its concrete record', async () => {
    const { body } = await call(world.ana, 'get_organization_with_details', { organization: 'acme' });
    expect(body.message).toMatchObject({
      doctype: 'Organization',
      org_type: 'Company',
      status: 'Active',
      linked_doctype: 'Company',
      concrete_type: { doctype: 'Company', legal_name: 'acme', organization: world.acme },
    });
    const company = body.message.linked_name;
    const { body: details } = await call(world.ana, 'get_company_with_org_details', { company });
    expect(details.message.org_details).toEqual({ org_name: 'acme', status: 'Active', logo: null });
    expect(code(await call(world.bo, 'get_company_with_org_details', { company }))).toBe(
      '404 RECORD_NOT_FOUND',
    );
    expect((await call(world.ana, 'validate_ownership', { company })).body.message.valid).toBe(true);
  });

  it('clamp the page of members, hide addresses from others than supervisors, and filter by state', async () => {
    const people = Array.from({ length: 24 }, (_, n) => `m${n}@acme.test`);
    for (const primary_email of people) {
      await world.dartwing.people.person.create({
        primary_email,
        first_name: 'M',
        last_name: 'M',
        source: 'import',
      });
      await world.dartwing.people.member.add('acme', primary_email, 'Employee');
    }
    const ask = async (caller: Caller, given: object) =>
      (await call(caller, 'get_org_members', { organization: 'acme', ...given })).body.message;
    expect(await ask(world.ana, { limit: 20 })).toMatchObject({ total_count: 26, limit: 20, offset: 0 });
    expect((await ask(world.ana, { limit: 0 })).data).toHaveLength(1);
    expect(await ask(world.ana, { limit: 9999 })).toMatchObject({ limit: 100 });
    expect(await ask(world.ana, { limit: 'many' })).toMatchObject({ limit: 20 });
    const mine = await ask(world.ana, { limit: 100 });
    expect(mine.data.every((row: object) => 'person_email' in row)).toBe(true);
    expect(mine.data[0].start_date).toMatch(/^\d{4}-\d{2}-\d{2}$/);
    const theirs = await ask(world.emil, { limit: 100 });
    expect(theirs.data.some((row: object) => 'person_email' in row)).toBe(false);
    expect((await ask(world.ana, { status: 'Inactive' })).total_count).toBe(0);
    expect(code(await call(world.ana, 'get_org_members', { organization: 'acme', status: 'Gone' }))).toBe(
      '400 VALIDATION_ERROR',
    );
  });

  it('are also there under the other names that documents give them', async () => {
    for (const name of [
      'dartwing.dartwing_core.api.get_concrete_doc',
      'dartwing.dartwing_core.api.organization_api.get_concrete_doc',
    ]) {
      const { body } = await world.ana.get(`/api/method/${name}?organization=acme`);
      expect(body.message.doctype).toBe('Company');
    }
    expect(code(await world.ana.get('/api/method/dartwing_core.no_such_method'))).toBe('404 ROUTE_NOT_FOUND');
    expect((await world.ana.get('/api/method/dartwing_core.deactivate_member?member=x')).status).toBe(405);
  });

  it('T-H9 refuse the 101st call of a minute', async () => {
    const cora = await world.caller('cora', 'm1@acme.test');
    for (let n = 0; n < 100; n++) {
      const { status, headers } = await cora.get('/api/method/dartwing_core.get_user_organizations');
      expect(status).toBe(200);
      if (n === 0) expect(headers.get('x-ratelimit-remaining')).toBe('99');
    }
    const refused = await cora.get('/api/method/dartwing_core.get_user_organizations');
    expect(code(refused)).toBe('429 RATE_LIMITED');
    expect(refused.headers.get('x-ratelimit-limit')).toBe('100');
    expect(refused.headers.get('x-ratelimit-remaining')).toBe('0');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(refused.headers.get('x-ratelimit-reset'))).toBeGreaterThan(Date.now() / 1000);
    expect((await world.ana.get('/api/method/dartwing_core.get_user_organizations')).status).toBe(200);
  });
});

describe('methods of members', () => {
  it('take somebody in, change the role, keep the last supervisor, and let go', async () => {
    const { body: person } = await world.max.post('/api/resource/Person', {
      primary_email: 'nina@acme.test',
      first_name: 'Nina',
      last_name: 'Neu',
      source: 'import',
    });
    const given = { person: person.data.name, organization: 'acme', role: 'Employee' };
    const { body: added } = await call(world.ana, 'add_member_to_organization', given);
    expect(added.message).toMatchObject({ action: 'created', status: 'Active', role: 'Employee' });
    const member = added.message.name;
    expect(code(await call(world.bo, 'change_member_role', { member, new_role: 'Owner' }))).toBe(
      '404 RECORD_NOT_FOUND',
    );
    const { body: changed } = await call(world.ana, 'change_member_role', { member, new_role: 'Manager' });
    expect(changed.message).toEqual({ name: member, previous_role: 'Employee', role: 'Manager' });
    const { body: last } = await call(world.ana, 'check_is_last_supervisor', { member });
    expect(last.message).toEqual({
      is_last_supervisor: false,
      supervisor_count: 2,
      member_role_is_supervisor: true,
    });
    const { body: gone } = await call(world.ana, 'deactivate_member', { member });
    expect(gone.message).toMatchObject({ name: member, status: 'Inactive' });
    const { body: back } = await call(world.ana, 'add_member_to_organization', given);
    expect(back.message).toMatchObject({ action: 'reactivated', previous_status: 'Inactive' });
  });

  it('of permissions answer what one may work in', async () => {
    const access = async (organization: string) =>
      (await world.ana.post('/api/method/dartwing.permissions.check_organization_access', { organization }))
        .body.message;
    expect(await access('acme')).toEqual({ has_access: true, org_type: 'Company', concrete_type: 'Company' });
    expect(await access('bolt')).toEqual({ has_access: false });
    const log = '/api/method/dartwing.permissions.get_permission_audit_log?limit=5';
    expect(code(await world.ana.get(log))).toBe('403 PERMISSION_DENIED');
    expect((await world.max.get(log)).body.message.entries).toHaveLength(5);
  });
});

describe('a client that others wrote', () => {
  let listening: Listening;
  let db: ReturnType<FrappeApp['db']>;
  let app: FrappeApp;

  beforeAll(async () => {
    listening = await createServer(world.dartwing).listen({ port: 0 });
    const token = world.ana.authorization.replace('Bearer ', '');
    app = new FrappeApp(listening.url, { useToken: true, token: () => token, type: 'Bearer' });
    db = app.db();
    return () => listening.close();
  });

  it('creates, reads, lists, changes and deletes records', async () => {
    const made = await db.createDoc('Equipment', { equipment_name: 'Forklift', owner_organization: 'acme' });
    expect(made).toMatchObject({ doctype: 'Equipment', status: 'Active', owner_organization: world.acme });
    await db.createDoc('Equipment', {
      equipment_name: 'Drill',
      owner_organization: 'acme',
      status: 'In Repair',
    });
    expect(await db.getDoc('Equipment', made.name)).toMatchObject({ equipment_name: 'Forklift' });
    const found = await db.getDocList('Equipment', {
      fields: ['name', 'equipment_name'],
      filters: [
        ['owner_organization', '=', 'acme'],
        ['status', '=', 'In Repair'],
      ],
      limit: 10,
    });
    expect(found).toEqual([{ name: expect.stringMatching(/^EQ-/), equipment_name: 'Drill' }]);
    expect(await db.updateDoc('Equipment', made.name, { status: 'Retired' })).toMatchObject({
      status: 'Retired',
    });
    await expect(db.deleteDoc('Equipment', made.name)).resolves.toMatchObject({ message: 'ok' });
    await expect(db.getDoc('Equipment', made.name)).rejects.toMatchObject({ httpStatus: 404 });
  });

  it('calls methods and sees organizations that are its own', async () => {
    const answer = await app.call().get('dartwing_core.get_org_members', { organization: 'acme', limit: 1 });
    expect(answer.message.data).toHaveLength(1);
    const organizations = await db.getDocList('Organization', { fields: ['name', 'org_name', 'org_type'] });
    expect(organizations).toEqual([{ name: world.acme, org_name: 'acme', org_type: 'Company' }]);
    await expect(db.getDoc('Organization', world.bolt)).rejects.toMatchObject({ httpStatus: 403 });
  });
});

describe('resources', () => {
  it('keep the type of an organization and make a slug where none is given', async () => {
    const make = () =>
      world.max.post('/api/resource/Organization', { org_name: 'Smith & Söhne', org_type: 'Family' });
    const [one, two] = [await make(), await make()];
    expect([one.status, one.body.data.slug]).toEqual([201, expect.stringMatching(/^smith-s/)]);
    expect(two.body.data.slug).toBe(`${one.body.data.slug}-2`);
    const at = `/api/resource/Organization/${one.body.data.name}`;
    expect(code(await world.max.put(at, { org_type: 'Company' }))).toBe('409 ORGANIZATION_TYPE_IMMUTABLE');
    expect((await world.max.put(at, { org_type: 'Family', org_name: 'Smith' })).body.data.org_name).toBe(
      'Smith',
    );
    expect(
      code(await world.max.post('/api/resource/Organization', { org_name: 'X', org_type: 'Club of clubs' })),
    ).toBe('400 ORGANIZATION_TYPE_INVALID');
  });

  it('of an organization are for its own people, however they are named', async () => {
    const { body } = await world.ana.post('/api/resource/Equipment', {
      equipment_name: 'Secret crane',
      owner_organization: 'acme',
    });
    const { name } = body.data;
    const strangers = [
      await world.bo.get(`/api/resource/Equipment/${name}`),
      await world.bo.get('/api/resource/Equipment/EQ-99999'),
      await world.bo.put(`/api/resource/Equipment/${name}`, { equipment_name: 'Mine' }),
      await world.bo.delete(`/api/resource/Equipment/${name}`),
      await world.bo.get('/api/resource/Equipment?organization=acme'),
      await world.bo.get('/api/resource/Org Member?organization=acme'),
      await world.bo.post('/api/resource/Equipment', { equipment_name: 'x', owner_organization: 'acme' }),
      await world.bo.get(`/api/resource/Task?organization=acme`),
      await world.bo.get(`/api/resource/Task/TASK-1?organization=acme`),
      await world.bo.post('/api/resource/Task', { organization: 'acme', title: 'x' }),
    ];
    for (const { status, text } of strangers) {
      expect([403, 404], text).toContain(status);
      expect(text).not.toContain('Secret');
    }
    expect(strangers[0]!.text.replace(name, '')).toEqual(
      expect.stringContaining(strangers[1]!.body.error.message.replace('EQ-99999', '')),
    );
  });

  it('of a doctype that is data are made, found, changed and deleted', async () => {
    const { body: meta } = await world.ana.get('/api/resource/Task/meta');
    expect(meta.data).toMatchObject({ kind: 'Doctype', doctype: 'Task' });
    const made = await world.ana.post('/api/resource/Task', {
      organization: 'acme',
      title: 'Call Bo',
      status: 'Open',
    });
    expect([made.status, made.body.meta.permissions]).toEqual([
      201,
      { read: true, write: true, delete: true },
    ]);
    const at = `/api/resource/Task/${made.body.data.name}`;
    const filters = encodeURIComponent('[["status","=","Open"]]');
    const list = await world.ana.get(`/api/resource/Task?filters=${filters}&fields=["name","title"]`);
    expect(list.body.data).toEqual([{ name: made.body.data.name, title: 'Call Bo' }]);
    expect((await world.ana.put(at, { title: 'Call Bo twice' })).body.data.title).toBe('Call Bo twice');
    expect((await world.ana.delete(at)).status).toBe(202);
    expect((await world.ana.get(at)).status).toBe(404);
    expect(code(await world.ana.get('/api/resource/Nothing'))).toBe('404 DOCTYPE_UNKNOWN');
  });
});
