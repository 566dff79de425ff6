import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Dartwing } from '../../src/core/index.js';
import { openTestDartwing, type TestDatabase } from '../support/database.js';

let dartwing: Dartwing;
let database: TestDatabase;
let clock: Awaited<ReturnType<typeof openTestDartwing>>['clock'];
let org = '';
let id = '';
let count = 0;

beforeAll(async () => {
  ({ dartwing, database, clock } = await openTestDartwing());
});

beforeEach(async () => {
  org = `acme-${++count}`;
  const { after } = await dartwing.tenancy.create({ slug: org, type: 'company', owner: 'ana@acme.test' });
  id = after!.id;
});

/** An active member, added the way operators do. */
const addMember = async (email: string, slug = org) => {
  const { link } = await dartwing.invitations.create(slug, { kind: 'link', email, role: 'Employee' });
  const { status } = await dartwing.invitations.accept({ token: link! });
  return status.accepted_by!;
};

const make = async (input: Parameters<Dartwing['equipment']['create']>[1], slug = org) =>
  (await dartwing.equipment.create(slug, input)).after!;

const grantsOf = async (email: string) =>
  (
    await database.admin.query(
      'select allow, for_value from permission_grant where organization = $1 and user_name = $2 order by 1',
      [id, email],
    )
  ).rows;

describe('equipment', () => {
  it('T-E1 is created in an organization and listed there only', async () => {
    const van = await make({
      equipment_name: ' Van ',
      equipment_type: 'Vehicle',
      serial_number: `VAN-${count}`,
    });
    expect(van).toMatchObject({
      kind: 'Equipment',
      id: expect.stringMatching(/^EQ-\d{5}$/),
      owner_organization: id,
      equipment_name: 'Van',
      status: { state: 'active' },
      version: 1,
    });
    await dartwing.tenancy.create({ slug: `b-${count}`, type: 'company' });
    expect((await dartwing.equipment.list(org)).items.map((item) => item.id)).toEqual([van.id]);
    expect((await dartwing.equipment.list(`b-${count}`)).items).toEqual([]);
    await expect(dartwing.equipment.show(`b-${count}`, van.id)).rejects.toMatchObject({
      code: 'EQUIPMENT_NOT_FOUND',
    });
    await expect(
      dartwing.equipment.update(`b-${count}`, van.id, { equipment_name: 'Mine' }),
    ).rejects.toMatchObject({ code: 'EQUIPMENT_NOT_FOUND' });
    const stranger = { principal: { type: 'person', id: 'PERSON-2026-99999' } } as const;
    await expect(dartwing.equipment.create(org, { equipment_name: 'Van' }, stranger)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
  });

  it('T-E2 needs a name', async () => {
    for (const input of [{}, { equipment_name: '' }, { equipment_name: '  ' }]) {
      await expect(dartwing.equipment.create(org, input as never)).rejects.toMatchObject({
        code: 'VALIDATION_ERROR',
        fields: [{ path: 'equipment_name' }],
      });
    }
  });

  it('T-E3 has a serial number that is unique everywhere, and says nothing of the other; blanks repeat', async () => {
    const serial_number = `SN-${count}`;
    const first = await make({ equipment_name: 'Saw', serial_number });
    await dartwing.tenancy.create({ slug: `b-${count}`, type: 'company' });
    const error = await dartwing.equipment
      .create(`b-${count}`, { equipment_name: 'Saw', serial_number: ` ${serial_number} ` })
      .catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'SERIAL_NUMBER_TAKEN' });
    expect(JSON.stringify({ ...error, message: error.message, cause: undefined })).not.toMatch(
      new RegExp(`${org}|${id}|${first.id}`),
    );
    const other = await make({ equipment_name: 'Saw' }, `b-${count}`);
    await expect(dartwing.equipment.update(`b-${count}`, other.id, { serial_number })).rejects.toMatchObject({
      code: 'SERIAL_NUMBER_TAKEN',
    });
    await make({ equipment_name: 'Blank', serial_number: '' });
    await make({ equipment_name: 'Blank', serial_number: '  ' });
    await dartwing.equipment.delete(org, first.id);
    await dartwing.equipment.update(`b-${count}`, other.id, { serial_number });
    await dartwing.equipment.update(`b-${count}`, other.id, { serial_number: `${serial_number}-b` });
    await make({ equipment_name: 'Saw', serial_number });
  });

  it('ends with one owner of a serial number when many claim it at once', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, () => make({ equipment_name: 'Drill', serial_number: `RACE-${count}` })),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('T-E4 is not assigned to somebody who is no active member', async () => {
    const { id: piece } = await make({ equipment_name: 'Phone' });
    await dartwing.invitations.create(org, { email: `pending-${count}@acme.test`, role: 'Employee' });
    const former = await addMember(`former-${count}@acme.test`);
    await database.admin.query(
      "update org_member set status = 'inactive', end_date = start_date where person = $1",
      [former],
    );
    for (const member of [
      'nobody@acme.test',
      `pending-${count}@acme.test`,
      `former-${count}@acme.test`,
      "x' or true --",
      '%',
    ]) {
      await expect(dartwing.equipment.assign(org, piece, member)).rejects.toMatchObject({
        code: 'ASSIGNEE_NOT_MEMBER',
      });
    }
    await expect(
      dartwing.equipment.create(org, { equipment_name: 'Phone', assigned_to: 'nobody@acme.test' }),
    ).rejects.toMatchObject({ code: 'ASSIGNEE_NOT_MEMBER' });
    expect((await dartwing.equipment.list(org)).total_count).toBe(1);
    expect((await dartwing.equipment.custodians(org)).map(({ email }) => email)).toEqual(['ana@acme.test']);
  });

  it.each(['lost', 'stolen', 'retired'] as const)('T-E5 is not assigned while it is %s', async (status) => {
    const { id: piece } = await make({ equipment_name: 'Laptop', status });
    await expect(dartwing.equipment.assign(org, piece, 'ana@acme.test')).rejects.toMatchObject({
      code: 'EQUIPMENT_STATE',
    });
    await dartwing.equipment.update(org, piece, { status: 'in_repair' });
    await dartwing.equipment.assign(org, piece, 'ana@acme.test');
  });

  it('T-E6 logs every handing over, the first included', async () => {
    const bo = await addMember(`bo-${count}@acme.test`);
    const { id: piece, assigned_to: ana } = await make({
      equipment_name: 'Key',
      assigned_to: 'Ana@acme.test',
    });
    clock.advance(1_000);
    await dartwing.equipment.assign(org, piece, bo, { reason: 'holiday' });
    await expect(dartwing.equipment.assign(org, piece, bo)).resolves.toMatchObject({
      op: 'none',
      audit: null,
    });
    await dartwing.equipment.unassign(org, piece);
    const { custody, assigned_to } = await dartwing.equipment.show(org, piece);
    expect(assigned_to).toBeNull();
    expect(custody).toMatchObject([
      { from: null, to: ana, by: 'library', reason: null },
      { from: ana, to: bo, reason: 'holiday' },
      { from: bo, to: null },
    ]);
    const { rows } = await database.admin.query(
      `select convert_from(body, 'UTF8')::json ->> 'action' as action from audit_stage where organization = $1 order by id`,
      [id],
    );
    expect(rows.map(({ action }) => action).filter((action) => action.startsWith('equipment.'))).toEqual([
      'equipment.create',
      'equipment.assign',
      'equipment.unassign',
    ]);
  });

  it('T-E7 stays with the organization it was created in', async () => {
    const { id: piece } = await make({ equipment_name: 'Desk' });
    const { after } = await dartwing.tenancy.create({ slug: `b-${count}`, type: 'company' });
    for (const changes of [{ owner_organization: after!.id }, { organization: after!.id }]) {
      await expect(dartwing.equipment.update(org, piece, changes as never)).rejects.toMatchObject({
        code: 'EQUIPMENT_OWNER_IMMUTABLE',
      });
    }
    await expect(
      database.admin.query('update equipment set organization = $1 where id = $2', [after!.id, piece]),
    ).rejects.toMatchObject({ code: '23514' });
  });

  it('T-E8 of a person is shown to callers of the same organizations only', async () => {
    const bo = await addMember(`bo-${count}@acme.test`);
    await dartwing.tenancy.create({ slug: `b-${count}`, type: 'company', owner: `cy-${count}@b.test` });
    await addMember(`bo-${count}@acme.test`, `b-${count}`);
    const here = await make({ equipment_name: 'Here', assigned_to: bo });
    const there = await make({ equipment_name: 'There', assigned_to: bo }, `b-${count}`);
    const seenBy = async (principal?: { type: 'person'; id: string }) =>
      (await dartwing.equipment.listByPerson(`bo-${count}@acme.test`, principal && { principal })).items.map(
        (item) => item.id,
      );
    expect((await seenBy()).sort()).toEqual([here.id, there.id].sort());
    const dee = await addMember(`dee-${count}@acme.test`);
    expect(await seenBy({ type: 'person', id: dee })).toEqual([here.id]);
    expect(await seenBy({ type: 'person', id: 'PERSON-2026-99999' })).toEqual([]);
  });

  it('T-E9 is not deleted by a member who supervises nothing', async () => {
    const bo = await addMember(`bo-${count}@acme.test`);
    const { id: piece } = await make({ equipment_name: 'Chair' });
    await expect(
      dartwing.equipment.delete(org, piece, { principal: { type: 'person', id: bo } }),
    ).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    expect((await dartwing.equipment.delete(org, piece)).op).toBe('delete');
    await expect(dartwing.equipment.show(org, piece)).rejects.toMatchObject({ code: 'EQUIPMENT_NOT_FOUND' });
  });

  it('T-E10 is listed by status', async () => {
    const { id: lost } = await make({ equipment_name: 'A', status: 'lost' });
    await make({ equipment_name: 'B' });
    expect((await dartwing.equipment.list(org, { status: 'lost' })).items.map((item) => item.id)).toEqual([
      lost,
    ]);
    await expect(dartwing.equipment.list(org, { status: 'gone' })).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
    });
  });

  it('warns of maintenance that is overdue and stores it', async () => {
    const task = { task: 'Oil', frequency: 'Monthly' as const };
    const change = await dartwing.equipment.create(org, {
      equipment_name: 'Mill',
      documents: [{ document_type: 'Manual', file: 'mill.pdf' }],
      maintenance_schedule: [
        { ...task, next_due: '2026-01-01' },
        { ...task, next_due: '2030-01-01' },
      ],
    });
    expect(change.warnings).toEqual(['Maintenance "Oil" was due on 2026-01-01']);
    await expect(
      dartwing.equipment.create(org, {
        equipment_name: 'Mill',
        maintenance_schedule: [{ task: ' ', frequency: 'Hourly' }] as never,
      }),
    ).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
  });

  it('refuses a change of an older version', async () => {
    const { id: piece } = await make({ equipment_name: 'Old' });
    await dartwing.equipment.update(org, piece, { equipment_name: 'New' }, { ifVersion: 1 });
    await expect(
      dartwing.equipment.update(org, piece, { equipment_name: 'Newer' }, { ifVersion: 1 }),
    ).rejects.toMatchObject({ code: 'VERSION_MOVED' });
  });
});

describe('what depends on equipment', () => {
  it('T-M10 a member with equipment cannot leave, and keeps the grants; after reassigning they can', async () => {
    const email = `bo-${count}@acme.test`;
    const bo = await addMember(email);
    const { id: piece } = await make({ equipment_name: 'Car', assigned_to: bo });
    const before = await grantsOf(email);
    expect(before).toHaveLength(2);
    await expect(dartwing.people.member.remove(org, email)).rejects.toMatchObject({
      code: 'MEMBER_HAS_EQUIPMENT',
      message: expect.stringContaining('1 piece'),
    });
    expect(await grantsOf(email)).toEqual(before);
    await dartwing.equipment.assign(org, piece, 'ana@acme.test');
    await dartwing.people.member.remove(org, email);
    expect(await grantsOf(email)).toEqual([]);
  });

  it('T-O7 an organization with equipment is neither dissolved nor purged, and the count is told', async () => {
    const pieces = [await make({ equipment_name: 'Safe' }), await make({ equipment_name: 'Safe' })];
    const why = { reason: 'closing' };
    const blocked = { code: 'ORGANIZATION_HAS_DEPENDENTS', message: expect.stringContaining('2 piece') };
    await expect(dartwing.tenancy.dissolve(org, {}, why)).rejects.toMatchObject(blocked);
    expect((await dartwing.tenancy.show(org)).status.state).toBe('active');
    const rows = 'select * from equipment where organization = $1';
    await database.admin.query(`create temp table kept as ${rows.replace('$1', `'${id}'`)}`);
    for (const piece of pieces) await dartwing.equipment.delete(org, piece.id);
    await dartwing.tenancy.dissolve(org, {}, why);
    // As if a writer of another version had brought some back.
    await database.admin.query('insert into equipment select * from kept');
    await expect(dartwing.tenancy.purge(org, why)).rejects.toMatchObject(blocked);
    await database.admin.query('delete from equipment where organization = $1', [id]);
    await dartwing.invitations.list(org);
    await dartwing.tenancy.purge(org, why);
  });

  it('follows a merged person, and the trail says so', async () => {
    const bo = await addMember(`bo-${count}@acme.test`);
    const bob = await addMember(`bob-${count}@acme.test`);
    const { id: piece } = await make({ equipment_name: 'Badge', assigned_to: bo });
    await dartwing.people.person.merge(bob, bo, undefined, { reason: 'same person' });
    expect(await dartwing.equipment.show(org, piece)).toMatchObject({
      assigned_to: bob,
      custody: [{ to: bo }, { from: bo, to: bob, reason: 'persons merged' }],
    });
  });

  it('keeps member and equipment together when both are changed at once', async () => {
    for (let round = 0; round < 5; round++) {
      const email = `race-${round}-${count}@acme.test`;
      await addMember(email);
      const { id: piece } = await make({ equipment_name: 'Race' });
      const [assigned, removed] = await Promise.allSettled([
        dartwing.equipment.assign(org, piece, email),
        dartwing.people.member.remove(org, email),
      ]);
      expect([assigned.status, removed.status].sort()).toEqual(['fulfilled', 'rejected']);
    }
  });
});
