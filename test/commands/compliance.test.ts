import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/cli.js';
import { openTestDartwing } from '../support/database.js';
import { operatorOf } from '../support/operator.js';

const { database, dartwing } = await openTestDartwing();
await dartwing.tenancy.create({ slug: 'acme', type: 'company', owner: 'ana@acme.test' });
const operator = operatorOf(database);
const answers =
  '--acknowledge "audit.worm=Tapes in a safe" --acknowledge "crypt.keys=HSM of the data centre" --acknowledge "crypt.transit=Everything runs on one machine"';

test('hipaa enable says everything that is missing, each with its fix, and ends with 5', async () => {
  const error = await operator.fail('hipaa enable acme --yes');
  expect(error).toMatchObject({ code: 'COMPLIANCE_PREREQUISITES', exit: 5 });
  expect(error.fields.map(({ path }) => path)).toEqual(['audit.worm', 'crypt.keys', 'crypt.transit', 'baa']);
  expect(error.fix).toHaveLength(4);
  const { stderr, stdout } = await operator.run('hipaa enable acme --yes');
  expect(stdout).toBe('');
  expect(stderr).toContain('dartwing compliance baa add --org acme');
});

test('with agreement and answers it is enabled, tried and reported', async () => {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, 'baa.pdf'), 'signed');
  const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
  const added = await operator.ask(
    `compliance baa add --org acme --file baa.pdf --counterparty "Cloud Ltd" --signed ${day(-1)} --expires ${day(300)}`,
    { cwd },
  );
  expect(added.document).toMatchObject({ kind: 'Change', after: { state: 'signed', file: { bytes: 6 } } });

  const refused = await operator.fail(`hipaa enable acme ${answers}`);
  expect(refused).toMatchObject({ code: 'CONFIRMATION_REQUIRED', exit: 2 });
  const enabled = await operator.ask(`hipaa enable acme ${answers} --yes`);
  expect(enabled.document).toMatchObject({ kind: 'Change', op: 'create' });
  expect(enabled.document.switched_on).toContain('sess.idle');

  const status = await operator.ask('hipaa status acme --check');
  expect(status).toMatchObject({ code: 0, document: { enabled: true, controls: { fail: 0 } } });
  const other = await operator.ask('compliance status gdpr --org acme --check');
  expect(other).toMatchObject({ code: 6, document: { enabled: false } });

  const report = await operator.ask('compliance report --org acme --to audit.html --sign', { cwd });
  expect(report.document).toMatchObject({ kind: 'Operation', result: { path: 'audit.html' } });
  expect(readFileSync(join(cwd, 'audit.html'), 'utf8')).toContain('HSM of the data centre');
  expect(JSON.parse(readFileSync(join(cwd, 'audit.html.sig'), 'utf8'))).toMatchObject({
    algorithm: 'Ed25519',
  });

  await database.admin.query('delete from business_associate_agreement');
  const red = await operator.ask('compliance verify --org acme');
  expect(red).toMatchObject({
    code: 6,
    document: { ok: false, findings: [{ id: 'baa', severity: 'fail' }, {}, {}, {}] },
  });
});

test('hipaa disable wants a reason, the typed name and somebody else', async () => {
  expect(await operator.fail('hipaa disable acme --confirm acme')).toMatchObject({ code: 'REASON_REQUIRED' });
  expect(await operator.fail('hipaa disable acme --reason over --yes')).toMatchObject({
    code: 'CONFIRMATION_REQUIRED',
  });
  const disabled = await operator.ask('hipaa disable acme --reason over --confirm acme');
  expect(disabled.document).toMatchObject({ op: 'create', after: { state: 'asked', reason: 'over' } });
  expect(await operator.fail('hipaa approve acme --confirm acme')).toMatchObject({
    code: 'SECOND_APPROVER_REQUIRED',
    exit: 5,
  });
});

test('gdpr export writes a folder about a person, and gdpr erase wants the address typed', async () => {
  const cwd = temporaryFolder();
  await dartwing.people.person.create({
    primary_email: 'leo@acme.test',
    first_name: 'Leo',
    last_name: 'Paz',
    source: 'import',
  });
  const exported = await operator.ask('gdpr export leo@acme.test --to leo', { cwd });
  expect(exported.document).toMatchObject({
    kind: 'Operation',
    verb: 'person.export',
    result: { record_count: { person: 1 } },
  });
  expect(readFileSync(join(cwd, 'leo', 'person.ndjson'), 'utf8')).toContain('leo@acme.test');
  expect(readFileSync(join(cwd, 'leo', 'README.md'), 'utf8')).toContain('manifest.json');

  expect(await operator.fail('gdpr erase leo@acme.test --reason asked --yes')).toMatchObject({
    code: 'CONFIRMATION_REQUIRED',
  });
  const erased = await operator.ask('gdpr erase leo@acme.test --reason asked --confirm leo@acme.test');
  expect(erased.document).toMatchObject({
    kind: 'Change',
    op: 'delete',
    after: { counts: { documents: 0 } },
  });
  const again = await operator.fail('person erase leo@acme.test --reason asked --confirm leo@acme.test');
  expect(again).toMatchObject({ code: 'PERSON_NOT_FOUND' });
  expect(await operator.fail('person erase ana@acme.test --reason asked --dry-run')).toMatchObject({
    code: 'LAST_SUPERVISOR',
    exit: 5,
  });
});
