/** While a control fails that has to prove who saw health information, none is shown. */
import { afterEach, beforeAll, expect, it } from 'vitest';
import { createServer } from '../../src/server/index.js';
import { because, openComplianceWorld } from './world.js';

const world = openComplianceWorld();
const refused = { code: 'CONTROL_FAILED', kind: 'unavailable' };
const harm = (statement: string) => world.database.admin.query(statement);
const repair = () => harm('revoke update on audit_event from public');
let owner = '';

beforeAll(async () => {
  for (const slug of ['acme', 'bolt', 'free']) await world.organization(slug);
  for (const slug of ['acme', 'bolt']) await world.dartwing.compliance.enable(slug, 'hipaa', {}, because);
  for (const slug of ['acme', 'bolt', 'free'])
    await world.dartwing.documents.create(slug, 'Chart', { name: 'one', data: { finding: 'flu' } });
  const { rows } = await world.database.admin.query<{ person: string }>(
    "select m.person from org_member m join organization o on o.id = m.organization where o.slug = 'acme'",
  );
  owner = rows[0]!.person;
});
afterEach(async () => {
  await repair();
  await world.dartwing.compliance.verifyAll();
});

it('refuses every way to health information, until a check passes again', async () => {
  const { documents, sync, compliance } = world.dartwing;
  await harm('grant update on audit_event to public');
  // Nothing is refused by a fault that no check has seen.
  expect((await documents.show('acme', 'Chart', 'one')).data).toMatchObject({ finding: 'flu' });
  await compliance.verify('acme');
  const call = { principal: { type: 'person' as const, id: owner } };
  for (const look of [
    () => documents.show('acme', 'Chart', 'one'),
    () => documents.show('acme', 'Chart', 'one', call),
    () => documents.list('acme', 'Chart', {}, call),
    () => sync.feed('acme', { doctype: 'Chart' }, call),
    () => documents.create('acme', 'Chart', { name: 'two', data: { finding: 'cold' } }),
  ])
    await expect(look()).rejects.toMatchObject(refused);
  const status = await compliance.status('acme', 'hipaa');
  expect(status).toMatchObject({ restricted_by: 'audit.immutable' });

  await repair();
  await expect(documents.show('acme', 'Chart', 'one')).rejects.toMatchObject(refused);
  await compliance.verify('acme');
  expect((await documents.show('acme', 'Chart', 'one', call)).data).toMatchObject({ finding: 'flu' });
  expect(await compliance.status('acme', 'hipaa')).toMatchObject({ restricted_by: null });
});

it('concerns the organizations that a framework is in force for, each by its own check', async () => {
  const { documents, compliance } = world.dartwing;
  await harm('grant update on audit_event to public');
  await compliance.verify('acme');
  expect((await documents.show('bolt', 'Chart', 'one')).data).toMatchObject({ finding: 'flu' });
  await compliance.verifyAll();
  await expect(documents.show('bolt', 'Chart', 'one')).rejects.toMatchObject(refused);
  expect((await documents.show('free', 'Chart', 'one')).data).toMatchObject({ finding: 'flu' });
  // What holds no health information is read as ever.
  await documents.create('acme', 'Note', { name: 'shift', data: { title: 'Shift' } });
  expect((await documents.show('acme', 'Note', 'shift')).data).toMatchObject({ title: 'Shift' });
});

it('leaves no entry of a read that it refused, and another failed control shows as before', async () => {
  const { documents, compliance } = world.dartwing;
  await harm('grant update on audit_event to public');
  await compliance.verify('acme');
  const before = (await world.audited('phi.read')).length;
  await expect(documents.show('acme', 'Chart', 'one')).rejects.toMatchObject(refused);
  expect(await world.audited('phi.read')).toHaveLength(before);
  await repair();
  await compliance.verifyAll();
  await harm(`update compliance_policy set settings = settings - 'mfa_required'`);
  await compliance.verify('acme');
  expect((await documents.show('acme', 'Chart', 'one')).data).toMatchObject({ finding: 'flu' });
  await harm(`update compliance_policy set settings = settings || '{"mfa_required": true}'`);
});

it('is 503 over HTTP, with its code', async () => {
  const { compliance, identity } = world.dartwing;
  const { change, secret } = await identity.apiKeys.create('bolt', {
    name: 'reader',
    environment: 'production',
    permissions: ['Chart:read'],
  });
  await harm('grant update on audit_event to public');
  await compliance.verifyAll();
  const server = createServer(world.dartwing);
  const answer = await server.fetch(
    new Request('https://acme.test/api/resource/Chart/one', {
      headers: { authorization: `token ${change.after!.id}:${secret}` },
    }),
  );
  const body = await answer.text();
  expect([answer.status, body]).toEqual([503, expect.stringContaining('CONTROL_FAILED')]);
  expect(body).not.toContain('flu');
});
