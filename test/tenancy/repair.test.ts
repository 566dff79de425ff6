import { expect, test } from 'vitest';
import { openTestDartwing } from '../support/database.js';

const { database, dartwing } = await openTestDartwing();

test('repair gives an organization that lost its concrete record a new one, and takes no organization number', async () => {
  const { after } = await dartwing.tenancy.create({ slug: 'lost', type: 'company', owner: 'ana@lost.test' });
  const id = String(after?.id);
  await database.admin.query('delete from company where organization = $1', [id]);
  await database.admin.query(
    'update organization set linked_name = null, linked_doctype = null where id = $1',
    [id],
  );
  const series = async () =>
    (await database.admin.query('select last_value from organization_series')).rows[0];
  const before = await series();
  await dartwing.tenancy.repair('lost');
  expect(await series()).toEqual(before);
  const { rows } = await database.admin.query(
    'select o.linked_doctype, o.linked_name = c.name as linked, c.name from organization o join company c on c.organization = o.id',
  );
  expect(rows).toEqual([
    { linked_doctype: 'Company', linked: true, name: expect.stringMatching(/^CO-\d{5}$/) },
  ]);
});
