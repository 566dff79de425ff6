import { createPublicKey, verify } from 'node:crypto';
import { expect, test } from 'vitest';
import { agreement, because, day, openComplianceWorld } from './world.js';

const world = openComplianceWorld();
const second = { principal: { type: 'operator' as const, id: 'second' } };
const policyOf = async (organization: string) =>
  (
    await world.database.admin.query(
      'select * from compliance_policy where organization = $1 order by version',
      [organization],
    )
  ).rows;

test('T-C1 names every missing thing with its fix, and changes nothing', async () => {
  const { after } = await world.dartwing.tenancy.create({
    slug: 'bare',
    type: 'company',
    owner: 'bo@bare.test',
  });
  const dev = await world.open({
    keys: undefined,
    publicUrl: 'http://localhost:4000',
    lite: undefined,
    audit: undefined,
  });
  const refusal = await dev.compliance.enable('bare', 'hipaa', {}, because).catch((error: unknown) => error);
  await dev.close();
  expect(refusal).toMatchObject({ code: 'COMPLIANCE_PREREQUISITES', kind: 'precondition' });
  const { fields, fix } = refusal as { fields: { path: string }[]; fix: string[] };
  expect(fields.map(({ path }) => path)).toEqual(['audit.worm', 'crypt.keys', 'crypt.transit', 'baa']);
  expect(fix).toHaveLength(fields.length);
  for (const [index, { path }] of fields.entries())
    expect(fix[index]).toMatch(new RegExp(`^${path}: .{20,}`));
  expect(await policyOf(after!.id)).toEqual([]);
  expect(await world.audited('compliance.enable')).toEqual([]);
});

test('T-C1 one prerequisite that is missing is as good as all of them', async () => {
  const { after } = await world.dartwing.tenancy.create({
    slug: 'almost',
    type: 'company',
    owner: 'al@almost.test',
  });
  await expect(world.dartwing.compliance.enable('almost', 'hipaa', {}, because)).rejects.toMatchObject({
    code: 'COMPLIANCE_PREREQUISITES',
    fields: [{ path: 'baa' }],
  });
  expect(await policyOf(after!.id)).toEqual([]);
});

test('TLS 1.2 at the public address is a missing prerequisite', async () => {
  await world.organization('dated');
  const dated = await world.open({ publicUrl: world.outdatedUrl });
  await expect(dated.compliance.enable('dated', 'hipaa', {}, because)).rejects.toMatchObject({
    fields: [{ path: 'crypt.transit', message: expect.stringContaining('still speaks TLS 1.2') }],
  });
  await dated.close();
});

test('T-C1 with everything there each control is tried where it is enforced, and passes', async () => {
  const id = await world.organization('acme');
  const change = await world.dartwing.compliance.enable('acme', 'hipaa', {}, because);
  const { controls, items } = change.after!;
  expect(items.filter(({ result }) => result !== 'pass')).toEqual([]);
  expect(controls.pass).toBe(items.length);
  expect(change).toMatchObject({ op: 'create', switched_on: items.map((item) => item.id) });
  const [policy] = await policyOf(id);
  expect(policy).toMatchObject({
    version: 1,
    frameworks: ['hipaa'],
    session_idle_minutes: 15,
    mfa_required: true,
    superseded_at: null,
  });
  expect(await world.audited('compliance.enable')).toHaveLength(1);
  const again = await world.dartwing.compliance.enable('acme', 'hipaa', {}, because);
  expect(again.op).toBe('none');
  expect(await policyOf(id)).toHaveLength(1);
});

test('a trial leaves no session, no failure and no entry behind', async () => {
  const count = async () =>
    (
      await world.database.admin.query(
        "select (select count(*) from identity_session) + (select count(*) from sign_in_failure) as n, (select count(*) from audit_stage where convert_from(body, 'UTF8') like '%session.start%') as entries",
      )
    ).rows[0];
  const before = await count();
  await world.dartwing.compliance.status('acme', 'hipaa');
  expect(await count()).toEqual(before);
});

test('a rehearsal changes nothing', async () => {
  const id = await world.organization('rehearsed');
  const { dry_run, after } = await world.dartwing.compliance.enable(
    'rehearsed',
    'hipaa',
    {},
    { ...because, dryRun: true },
  );
  expect([dry_run, after?.controls.fail]).toEqual([true, 0]);
  expect(await policyOf(id)).toEqual([]);
});

test('of two frameworks the strictest of each counts, and what is left over when one goes', async () => {
  const id = await world.organization('both');
  await world.dartwing.compliance.enable('both', 'soc2', {}, because);
  await world.dartwing.compliance.enable('both', 'hipaa', {}, because);
  await world.dartwing.compliance.disable('both', 'hipaa', { reason: 'contract ended' });
  await world.dartwing.compliance.approve('both', 'hipaa', second);
  world.advance(86_400_000);
  const change = await world.dartwing.compliance.disable('both', 'hipaa');
  world.advance(-86_400_000);
  expect(change.after).toMatchObject({ state: 'disabled', policy: { frameworks: ['soc2'], version: 3 } });
  const rows = await policyOf(id);
  expect(rows.map((row) => row.session_idle_minutes)).toEqual([30, 15, 30]);
  expect(rows.map((row) => row.superseded_at === null)).toEqual([false, false, true]);
  await expect(world.dartwing.compliance.disable('both', 'hipaa', because)).rejects.toMatchObject({
    code: 'FRAMEWORK_NOT_ENABLED',
  });
  await expect(world.dartwing.compliance.disable('both', 'soc2')).rejects.toMatchObject({
    code: 'REASON_REQUIRED',
  });
});

test('a framework goes out of force a day after one person asked, once another has approved, and not before', async () => {
  const { compliance } = world.dartwing;
  const id = await world.organization('ending');
  const inForce = async () => (await compliance.status('ending', 'hipaa')).enabled;
  await compliance.enable('ending', 'hipaa', {}, because);
  await expect(compliance.approve('ending', 'hipaa', second)).rejects.toMatchObject({
    code: 'DISABLING_NOT_FOUND',
  });
  const rehearsed = await compliance.disable('ending', 'hipaa', { reason: 'over', dryRun: true });
  expect(rehearsed).toMatchObject({ op: 'create', dry_run: true });
  const asked = await compliance.disable('ending', 'hipaa', { reason: 'over' });
  expect(asked).toMatchObject({ op: 'create', after: { state: 'asked', reason: 'over', approved_by: null } });
  expect(await compliance.disable('ending', 'hipaa', { reason: 'again' })).toMatchObject({ op: 'none' });
  await expect(compliance.approve('ending', 'hipaa')).rejects.toMatchObject({
    code: 'SECOND_APPROVER_REQUIRED',
  });
  world.advance(86_400_001);
  // A day has passed, and nobody has approved.
  expect(await compliance.disableDue()).toBe(0);
  expect(await compliance.disable('ending', 'hipaa')).toMatchObject({ op: 'none' });
  // Enabling takes the wish back, so that it has to be asked for anew.
  expect(await compliance.enable('ending', 'hipaa', {}, because)).toMatchObject({ op: 'update' });
  expect((await compliance.status('ending', 'hipaa')).disabling).toBeNull();
  await compliance.disable('ending', 'hipaa', { reason: 'over' });
  expect(await compliance.approve('ending', 'hipaa', second)).toMatchObject({
    op: 'update',
    after: { state: 'approved', approved_by: 'second' },
  });
  expect(await compliance.disableDue()).toBe(0);
  expect(await inForce()).toBe(true);
  world.advance(86_400_001);
  const other = await world.open({});
  const rounds = await Promise.all([world.dartwing, other].map((each) => each.compliance.disableDue()));
  await other.close();
  expect([rounds.includes(1), await inForce()]).toEqual([true, false]);
  world.advance(-2 * 86_400_001);
  expect(await policyOf(id)).toMatchObject([{ superseded_at: expect.any(Date) }, { reason: 'over' }]);
  const told = await world.audited('compliance.disable');
  expect(told.filter(({ org }) => org === id)).toMatchObject([
    { new: { asked_by: 'library', approved_by: 'second' } },
  ]);
  for (const [action, count] of Object.entries({ ask: 2, approve: 1, withdraw: 1 }))
    expect(
      (await world.audited(`compliance.disable.${action}`)).filter(({ org }) => org === id),
      action,
    ).toHaveLength(count);
});

test('T-C7 models of others see nothing of it but redacted text, and the trail tells who asked', async () => {
  const { compliance } = world.dartwing;
  await compliance.requireModel('acme', { place: 'local' });
  await compliance.requireModel('acme', { place: 'cloud', redacted: true });
  await expect(compliance.requireModel('acme', { place: 'cloud' })).rejects.toMatchObject({
    code: 'PRIVACY_ERROR',
  });
  expect((await world.audited('residency.refuse')).at(-1)).toMatchObject({ new: { exit: 'model' } });
  await world.organization('open-minded');
  await compliance.requireModel('open-minded', { place: 'cloud' });
});

test('two processes that enable at once leave one policy', async () => {
  const id = await world.organization('twice');
  const other = await world.open({});
  const changes = await Promise.all(
    [world.dartwing, other].map((each) => each.compliance.enable('twice', 'hipaa', {}, because)),
  );
  await other.close();
  expect(changes.map(({ op }) => op).sort()).toEqual(['create', 'none']);
  expect(await policyOf(id)).toHaveLength(1);
});

test('somebody may answer for keys with a reason, and for a session nobody may', async () => {
  await world.organization('excused');
  const local = await world.open({ keys: undefined });
  const enable = (acknowledge: Record<string, string>) =>
    local.compliance.enable('excused', 'hipaa', { acknowledge }, because);
  await expect(enable({})).rejects.toMatchObject({ fields: [{ path: 'crypt.keys' }] });
  await expect(enable({ 'sess.idle': 'no time' })).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
  await expect(enable({ 'crypt.key': 'typing' })).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
  const { after, warnings } = await enable({ 'crypt.keys': 'The master key lies in an HSM of ours' });
  expect(after!.items.find(({ id }) => id === 'crypt.keys')).toMatchObject({
    result: 'warn',
    evidence: expect.stringContaining('HSM of ours'),
  });
  expect(warnings?.join()).toContain('HSM of ours');
  await local.close();
});

test('where an identity provider checks passwords somebody answers for it', async () => {
  await world.organization('delegated');
  const issuer = { issuer: 'https://id.example', audience: 'dartwing' };
  const delegated = await world.open({ lite: undefined, identity: { issuers: [issuer] } });
  await expect(delegated.compliance.enable('delegated', 'hipaa', {}, because)).rejects.toMatchObject({
    fields: [{ path: 'auth.password' }, { path: 'auth.lockout' }],
  });
  await delegated.close();
});

test('without a key service a governed organization gets no key', async () => {
  const local = await world.open({ keys: undefined });
  const [row] = (await world.database.admin.query("select id from organization where slug = 'acme'")).rows;
  const seal = local.asOrg(row.id, (tx) =>
    local.keys.seal(tx, 'fax', { organization: row.id, table: 't', column: 'c', row: ['1'] }, 'x'),
  );
  await expect(seal).rejects.toMatchObject({ code: 'KEY_SERVICE_REQUIRED' });
  await local.close();
});

test('an agreement that has run out turns red, nothing is enabled on it, and no health information comes in', async () => {
  const { compliance } = world.dartwing;
  await world.organization('lapsed');
  await compliance.enable('lapsed', 'hipaa', {}, because);
  const { documents, sync } = world.dartwing;
  const chart = (name: string) => documents.create('lapsed', 'Chart', { name, data: { finding: 'F-1' } });
  await chart('in-time');
  await chart('gone');
  await documents.delete('lapsed', 'Chart', 'gone');
  await chart('contested');
  const edit = async (device: string, finding: string) => {
    const data = { finding };
    const operation = {
      id: device,
      op: 'update',
      doctype: 'Chart',
      name: 'contested',
      base_version: 1,
      data,
    };
    return (await sync.push('lapsed', { device, operations: [operation] } as never)).results[0]!.conflict;
  };
  await edit('desk', 'B');
  const conflict = (await edit('phone', 'C'))!;
  expect(conflict).toBeTruthy();
  world.advance(320 * 86_400_000);
  const baa = async () =>
    (await compliance.status('lapsed', 'hipaa')).items.find(({ id }) => id === 'baa')?.result;
  expect(await baa()).toBe('warn');
  world.advance(46 * 86_400_000);
  expect(await baa()).toBe('fail');
  const { findings, worse } = await compliance.verify('lapsed');
  expect([findings.map(({ id }) => id), worse]).toEqual([['baa'], ['baa']]);
  expect((await compliance.verify('lapsed')).worse).toEqual([]);
  expect(await world.audited('compliance.drift')).toHaveLength(1);

  const refused = { code: 'BAA_EXPIRED', kind: 'precondition' };
  await expect(chart('late')).rejects.toMatchObject(refused);
  await expect(documents.update('lapsed', 'Chart', 'in-time', { finding: 'x' })).rejects.toMatchObject(
    refused,
  );
  await expect(documents.undelete('lapsed', 'Chart', 'gone')).rejects.toMatchObject(refused);
  const push = async (op: 'insert' | 'update' | 'undelete', name: string, base_version: number) => {
    const data = op === 'undelete' ? {} : { finding: 'x' };
    const operation = { id: `${op}-${name}`, op, doctype: 'Chart', name, base_version, data };
    const { results } = await sync.push('lapsed', { device: 'tablet', operations: [operation] });
    return results[0];
  };
  expect(await push('insert', 'late', 0)).toMatchObject({
    outcome: 'rejected',
    error: { code: 'BAA_EXPIRED' },
  });
  expect(await push('update', 'in-time', 1)).toMatchObject({ error: { code: 'BAA_EXPIRED' } });
  expect(await push('undelete', 'gone', 2)).toMatchObject({ error: { code: 'BAA_EXPIRED' } });
  const decide = (take: 'client' | 'server') => sync.conflicts.resolve('lapsed', conflict, { take }, because);
  await expect(decide('client')).rejects.toMatchObject(refused);
  await expect(decide('client')).rejects.toMatchObject(refused);
  expect((await documents.show('lapsed', 'Chart', 'contested')).data).toMatchObject({ finding: 'B' });
  // What takes nothing in goes on, and so does reading.
  expect((await decide('server')).after!.status).toMatchObject({ state: 'resolved' });
  expect((await documents.show('lapsed', 'Chart', 'in-time')).data).toMatchObject({ finding: 'F-1' });
  await documents.update('lapsed', 'Chart', 'in-time', { finding: null });
  await documents.delete('lapsed', 'Chart', 'in-time');
  await compliance.baa.add('lapsed', agreement(world.now()));
  await chart('late');
  world.advance(-366 * 86_400_000);
});

test('takes no agreement that was never good', async () => {
  const add = (more: object) =>
    world.dartwing.compliance.baa.add('acme', {
      counterparty: 'Cloud Ltd',
      signed_on: day(world.now(), -1),
      expires_on: day(world.now(), 365),
      file: { name: 'baa.pdf', sha256: 'ab'.repeat(32), bytes: 1 },
      ...more,
    });
  for (const wrong of [
    { expires_on: day(world.now(), -1) },
    { signed_on: day(world.now(), 3) },
    { signed_on: 'soon' },
    { counterparty: ' ' },
    { file: { name: 'baa.pdf', sha256: 'no', bytes: 1 } },
  ])
    await expect(add(wrong)).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
  await expect(world.dartwing.compliance.baa.show('acme', 'BAA-0')).rejects.toMatchObject({
    code: 'BAA_NOT_FOUND',
  });
});

test('a report is signed, escapes what people wrote, and says what it is not', async () => {
  const { compliance } = world.dartwing;
  await compliance.enable('excused', 'soc2', { acknowledge: { 'crypt.transit': '<script>|x' } }, because);
  for (const format of ['json', 'md', 'html'] as const) {
    const { text, signature } = await compliance.report('excused', { format });
    const key = createPublicKey({
      key: {
        kty: 'OKP',
        crv: 'Ed25519',
        x: Buffer.from(signature.public_key, 'base64').toString('base64url'),
      },
      format: 'jwk',
    });
    const isSigned = (bytes: string) =>
      verify(null, Buffer.from(bytes), key, Buffer.from(signature.signature, 'base64'));
    expect([isSigned(text), isSigned(`${text} `)]).toEqual([true, false]);
    expect(text).toContain('certifies nothing');
    if (format === 'html') expect(text).not.toContain('<script>');
    if (format === 'md') expect(text).toContain('\\<script\\>\\|x');
  }
});

test('another organization neither sees nor is governed by it', async () => {
  await world.dartwing.tenancy.create({ slug: 'free', type: 'company', owner: 'fr@free.test' });
  expect(await world.dartwing.compliance.statuses('free')).toEqual([]);
  const seen = await world.dartwing.asOrg(
    'free',
    async (tx) =>
      (await tx.query('select 1 from compliance_policy union all select 1 from compliance_evidence'))
        .rowCount,
  );
  expect(seen).toBe(0);
  expect(await world.dartwing.compliance.report('free', {})).toMatchObject({ report: { frameworks: [] } });
});

test('unknown frameworks and controls are told with what is known', async () => {
  await expect(world.dartwing.compliance.enable('acme', 'hippa')).rejects.toMatchObject({
    code: 'FRAMEWORK_UNKNOWN',
    why: 'Did you mean hipaa?',
  });
  await expect(world.dartwing.compliance.verify('acme', { control: 'x' })).rejects.toMatchObject({
    code: 'CONTROL_UNKNOWN',
  });
});

test('the drift check goes over every governed organization', async () => {
  const { organizations } = await world.dartwing.compliance.verifyAll();
  const governed = await world.database.admin.query(
    'select count(*)::int as n from compliance_policy where superseded_at is null and cardinality(frameworks) > 0',
  );
  expect(organizations).toBe(governed.rows[0].n);
});
