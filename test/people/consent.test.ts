import { beforeAll, describe, expect, it } from 'vitest';
import type { Dartwing } from '../../src/core/index.js';
import { openTestDartwing } from '../support/database.js';

let dartwing: Dartwing;

beforeAll(async () => {
  ({ dartwing } = await openTestDartwing({}, '2026-11-23T10:00:00.000Z'));
});

let turn = 0;
const create = async (more: object = {}) => {
  const input = { first_name: 'Kim', last_name: 'Ro', source: 'import' as const };
  const { after } = await dartwing.people.person.create({
    ...input,
    primary_email: `kim-${++turn}@kids.test`,
    ...more,
  });
  return after!;
};

describe('a minor without consent', () => {
  it('T-P11 is locked against every write until consent is captured, once', async () => {
    const [minor, guardian, other] = [await create({ is_minor: true }), await create(), await create()];
    const { person } = dartwing.people;
    const locked = { code: 'MINOR_LOCKED', kind: 'forbidden' };
    for (const write of [
      () => person.update(minor.id, { first_name: 'K' }),
      () => person.update(minor.id, { status: 'inactive' }),
      () => person.delete(minor.id),
      () => person.merge(other.id, minor.id),
      () => person.merge(minor.id, other.id),
      () => person.signUp({ sub: `kid-${turn}`, email: minor.primary_email, emailVerified: true }),
    ])
      await expect(write()).rejects.toMatchObject(locked);

    const change = await person.consent(minor.id, guardian.primary_email);
    expect(change.after).toMatchObject({
      consent_captured: true,
      consent_timestamp: '2026-11-23T10:00:00.000Z',
      consent_guardian: guardian.id,
    });
    await expect(person.consent(minor.id, guardian.id)).rejects.toMatchObject({
      code: 'CONSENT_CAPTURED',
      kind: 'invalid',
    });
    expect((await person.update(minor.id, { first_name: 'K' })).after?.first_name).toBe('K');
    const { items } = await dartwing.audit.query({ action: 'consent', doctype: 'Person', name: minor.id });
    expect(items).toMatchObject([{ id: change.audit, new: { consent_guardian: guardian.id } }]);
  });

  it('T-P11 needs none as a grown-up', async () => {
    const [adult, guardian] = [await create(), await create()];
    await expect(dartwing.people.person.consent(adult.id, guardian.id)).rejects.toMatchObject({
      code: 'CONSENT_NOT_NEEDED',
      kind: 'invalid',
    });
  });

  it('has a grown-up guardian whom we know, and is not their own', async () => {
    const [minor, sibling] = [await create({ is_minor: true }), await create({ is_minor: true })];
    const { consent } = dartwing.people.person;
    await expect(consent(minor.id, 'nobody@kids.test')).rejects.toMatchObject({ code: 'PERSON_NOT_FOUND' });
    await expect(consent(minor.id, sibling.id)).rejects.toMatchObject({ code: 'MINOR_LOCKED' });
    await expect(consent(minor.id, minor.id)).rejects.toMatchObject({ code: 'MINOR_LOCKED' });
  });

  it('T-P13 cannot be unlocked by whoever has no right to', async () => {
    const [minor, guardian] = [await create({ is_minor: true }), await create()];
    await expect(
      dartwing.people.person.consent(minor.id, guardian.id, {
        principal: { type: 'person', id: guardian.id },
      }),
    ).rejects.toMatchObject({ code: 'PERMISSION_DENIED', kind: 'forbidden' });
  });

  it('may belong to a family meanwhile', async () => {
    const minor = await create({ is_minor: true });
    await dartwing.tenancy.create({ slug: 'rofam', type: 'family', owner: 'parent@kids.test' });
    expect((await dartwing.people.member.add('rofam', minor.id, 'Child')).after?.status.state).toBe('active');
  });
});
