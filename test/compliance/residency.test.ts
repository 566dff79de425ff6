import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test, vi } from 'vitest';
import type { Dartwing } from '../../src/core/index.js';
import { silentLog } from '../../src/core/log.js';
import { memoryBus } from '../../src/core/realtime/bus.js';
import { redisBus } from '../../src/core/realtime/redis-bus.js';
import { openRouter } from '../../src/core/residency/router.js';
import { readRegions, refusalOfExit } from '../../src/core/residency/rule.js';
import { agreement, because, openComplianceWorld } from './world.js';

const broken = vi.hoisted(() => new Set<string>());
vi.mock('../../src/core/residency/rule.js', async (original) => {
  const real = await original<typeof import('../../src/core/residency/rule.js')>();
  return {
    ...real,
    refusalOfExit: (...given: Parameters<typeof real.refusalOfExit>) =>
      broken.has('residency') ? undefined : real.refusalOfExit(...given),
  };
});

const world = openComplianceWorld();
const home = 'eu-central-1';
const everywhere = { database: home, archive: home, export: home, keys: home };
let inside: Dartwing;
let outside: Dartwing;

const refused = { code: 'RESIDENCY_REFUSED' };
const create = (dartwing: Dartwing, slug: string, region: string) =>
  dartwing.tenancy.create({ slug, type: 'company', region, owner: `owner@${slug}.test` });

beforeAll(async () => {
  inside = await world.open({ regions: everywhere });
  const place = mkdtempSync(join(tmpdir(), 'dartwing-residency-'));
  outside = await world.open({
    regions: 'database=eu-central-1, archive=us-east-1,export=us-east-1',
    audit: { archive: { place } },
  });
  await create(inside, 'acme', home);
  await inside.compliance.baa.add('acme', agreement(world.now()));
  return async () => {
    await inside.close();
    await outside.close();
    rmSync(place, { recursive: true });
  };
});

test.each([
  [{ target: home, pinned: true }, undefined],
  [{ target: 'us-east-1', pinned: false }, 'exports are in us-east-1'],
  [{ target: undefined, pinned: false }, undefined],
  [{ target: undefined, pinned: true }, 'nobody has said where exports are (setting regions)'],
])('an exit like %j is refused with: %s', (given, why) => {
  expect(refusalOfExit({ region: home, exit: 'export', ...given })).toBe(why);
});

test.each([
  '',
  'database',
  'database=',
  'moon=eu-central-1',
  'database=somewhere',
  'database=eu-central-1=x',
])('regions are not "%s"', async (text) => {
  expect(readRegions(text)).toBeUndefined();
  await expect(world.open({ regions: text })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});

test('T-C4 an organization is created where the database is, and nowhere else', async () => {
  await expect(create(inside, 'bolt', 'us-east-1')).rejects.toMatchObject(refused);
  await expect(inside.tenancy.show('bolt')).rejects.toMatchObject({ code: 'ORGANIZATION_NOT_FOUND' });
});

test('T-C4 an export and a segment of the archive do not leave the region, and the trail says who was refused', async () => {
  const rows: unknown[] = [];
  const give = (row: unknown) => void rows.push(row);
  await expect(outside.export.organization('acme', give)).rejects.toMatchObject(refused);
  await expect(outside.export.organization('acme', give)).rejects.toMatchObject(refused);
  expect(rows).toEqual([]);
  const acme = (await inside.tenancy.show('acme')).id;
  await outside.audit.sequence();
  const before = (await outside.audit.query({ organization: acme, action: 'residency.*' })).items;
  const { failed, trails } = await outside.audit.seal();
  expect(failed).toMatchObject([{ organization: acme, error: refused }]);
  expect(trails).not.toContain(acme);
  await outside.audit.sequence();
  const told = (await outside.audit.query({ organization: acme, action: 'residency.*' })).items;
  expect([before.length, told.length]).toEqual([1, 2]);
  expect(told.map((entry) => (entry as { new?: unknown }).new)).toEqual([
    { exit: 'archive', region: home, target: 'us-east-1', why: 'the archive is in us-east-1' },
    { exit: 'export', region: home, target: 'us-east-1', why: 'exports are in us-east-1' },
  ]);
  await inside.export.organization('acme', give);
  expect(rows.length).toBeGreaterThan(0);
});

test('letters and calls to integrations do not leave the region, and events go around Redis', async () => {
  const regions = 'database=eu-central-1,mail=us-east-1,integrations=us-east-1,redis=us-east-1';
  const elsewhere = await world.open({
    regions,
    background: false,
    mail: { smtpUrl: 'smtp://127.0.0.1:9', from: 'no-reply@acme.test' },
    tokens: { clients: { hubspot: { clientId: 'x', clientSecret: 'y' } } },
    realtime: { redisUrl: 'redis://127.0.0.1:9' },
  });
  const { exits } = await elsewhere.compliance.residency('acme');
  expect(exits.filter(({ refusal }) => refusal !== null).map(({ exit }) => exit)).toEqual([
    'keys',
    'mail',
    'integrations',
    'redis',
  ]);
  await elsewhere.invitations.create('acme', { email: 'bo@acme.test', role: 'Employee' });
  // Whoever wrote it down may be trying to send it already.
  await vi.waitFor(async () => {
    expect(await elsewhere.mail.sendDue()).toMatchObject({ sent: 0 });
    const { rows } = await world.database.admin.query('select last_error from outgoing_mail');
    expect(rows).toEqual([{ last_error: expect.stringContaining('the mail server is in us-east-1') }]);
  }, 10_000);
  await world.database.admin.query('delete from outgoing_mail');
  const acme = (await inside.tenancy.show('acme')).id;
  await expect(elsewhere.tokens.fetchAs(acme, 'hubspot', 'https://api.hubapi.com/crm')).rejects.toMatchObject(
    refused,
  );
  await elsewhere.close();

  const taken: number[] = [];
  const router = openRouter({ session: {} as never, regions: readRegions(regions)! });
  const bus = await redisBus({
    url: 'redis://127.0.0.1:9',
    installation: 'test',
    key: Buffer.alloc(32),
    detour: { ...memoryBus(), publish: async (_, { number }) => void taken.push(number) },
    log: silentLog,
    admits: (tx, organizations) => router.admits(tx, organizations, 'redis'),
    onExternal: undefined,
  });
  const events = [{ id: 'e', organization: acme, event: 'x', to: { all: true as const }, message: null }];
  await inside.asSystem('test', (tx) => bus.publish(tx, { number: 7, moved: [], events }));
  await bus.close();
  expect(taken).toEqual([7]);
});

test('what is looked at tells every exit', async () => {
  const found = await outside.compliance.residency('acme');
  expect(found.exits).toMatchObject([
    { exit: 'database', refusal: null },
    { exit: 'archive', refusal: 'the archive is in us-east-1' },
    { exit: 'export', refusal: 'exports are in us-east-1' },
    { exit: 'keys', region: 'us-east-1', refusal: 'keys are in us-east-1' },
  ]);
  expect(found.findings.map(({ id, severity }) => [id, severity])).toEqual([
    ['archive', 'fail'],
    ['export', 'fail'],
    ['keys', 'fail'],
  ]);
  expect(await inside.compliance.residency('acme')).toMatchObject({ findings: [], pass: 4 });
});

test('gdpr wants every exit in the region, and its control turns red alone when the router lets everything out', async () => {
  await expect(world.dartwing.compliance.enable('acme', 'gdpr', {}, because)).rejects.toMatchObject({
    code: 'COMPLIANCE_PREREQUISITES',
    fields: [{ path: 'residency' }],
  });
  await inside.compliance.enable('acme', 'gdpr', {}, because);
  const red = async (dartwing: Dartwing) =>
    (await dartwing.compliance.verify('acme')).findings
      .filter(({ severity }) => severity === 'fail')
      .map(({ id }) => id);
  expect(await red(inside)).toEqual([]);
  broken.add('residency');
  expect(await red(inside)).toEqual(['residency']);
  broken.clear();
  expect(await red(outside)).toEqual(['residency']);
  expect(await red(inside)).toEqual([]);
  // Pinned: where nobody has said it, nothing leaves.
  await expect(world.dartwing.export.organization('acme', () => {})).rejects.toMatchObject(refused);
});
