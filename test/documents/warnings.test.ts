import { beforeAll, expect, test } from 'vitest';
import { openTestDartwing } from '../support/database.js';

const { dartwing } = await openTestDartwing({
  doctypes: [
    {
      doctype: 'Ward Note',
      naming: { rule: 'client' },
      fields: [
        { name: 'remark', type: 'Text' },
        { name: 'secret', type: 'Text', phi: true },
      ],
    },
  ],
});

beforeAll(() => dartwing.tenancy.create({ slug: 'acme', type: 'company', owner: 'ana@acme.test' }));

test('whoever writes a number of a patient into an open field is warned, without the number, when it is written', async () => {
  const { documents } = dartwing;
  const warningsOf = async (work: Promise<object>) => (await work) as { warnings?: string[] };
  const remark = 'MRN 471234, SSN 123-45-6789';
  const made = await warningsOf(
    documents.create('acme', 'Ward Note', { name: 'n1', data: { remark, secret: remark } }),
  );
  expect(made.warnings).toEqual([
    'remark looks as if it held sensitive data (mrn, ssn), and is not marked as such',
  ]);
  expect(
    (await warningsOf(documents.update('acme', 'Ward Note', 'n1', { secret: 'x' }))).warnings ?? [],
  ).toEqual([]);
  expect(
    (await warningsOf(documents.update('acme', 'Ward Note', 'n1', { remark: 'moved' }))).warnings ?? [],
  ).toEqual([]);
});
