/** One suite for both implementations of the interface: the core beside the database, and the client of a server. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Dartwing } from '../../src/core/index.js';
import { type Far, farOf, methods } from '../../src/core/remote/index.js';
import { openWorld } from '../server/world.js';
import { besideOf, refusalFrom, remoteOf } from './sides.js';

const world = openWorld();
const sides = ['beside', 'remote'] as const;
let of: Record<(typeof sides)[number], Dartwing>;
let names: Record<string, string>;

beforeAll(async () => {
  const { id } = await world.dartwing.people.person.show('max@system.test');
  const caller = await world.dartwing.identity.authenticate({ authorization: world.max.authorization });
  expect(caller.principal.id).toBe(id);
  of = { beside: besideOf(world, caller.principal), remote: remoteOf(world, world.max) };
  const { dartwing } = world;
  dartwing.jobs.define('note.write', { handler: () => undefined });
  const worker = dartwing.jobs.work();
  await worker.ready;
  await worker.stop();
  const crane = await dartwing.equipment.create('acme', { equipment_name: 'Crane' });
  const task = await dartwing.documents.create('acme', 'Task', { data: { title: 'Paint', status: 'Open' } });
  const { invitation } = await dartwing.invitations.create('acme', {
    email: 'guest@acme.test',
    role: 'Employee',
  });
  const key = await dartwing.identity.apiKeys.create('acme', {
    name: 'ci',
    environment: 'production',
    permissions: ['Task:read'],
  });
  const { job } = await dartwing.jobs.submit('acme', 'note.write', {});
  names = {
    crane: crane.after!.id,
    task: task.after!.name,
    invitation: invitation.id,
    key: key.change.after!.id,
    job: job.id,
  };
  await dartwing.audit.sequence();
});

/** Arguments with which a verb that reads has something to say. A verb without a line here is called without any. */
const asked = (): Record<string, readonly unknown[]> => ({
  'tenancy.show': ['acme'],
  'tenancy.links': ['acme'],
  'people.person.show': ['emil@acme.test'],
  'people.person.organizations': ['emil@acme.test'],
  'people.member.list': ['acme', { sort: 'person' }],
  'people.member.show': ['acme', 'emil@acme.test'],
  'people.role.show': ['Employee'],
  'people.members': ['acme'],
  'identity.authenticate': [{ authorization: world.ana.authorization }],
  'identity.apiKeys.list': ['acme'],
  'identity.apiKeys.show': ['acme', names.key],
  'identity.apiKeys.usage': ['acme', names.key, 7],
  'tokens.list': ['acme'],
  'tokens.show': ['acme', 'absent'],
  'tokens.health': ['acme'],
  'tokens.webhooks.show': ['acme', 'absent'],
  'equipment.show': ['acme', names.crane],
  'equipment.list': ['acme'],
  'equipment.listByPerson': ['emil@acme.test'],
  'equipment.custodians': ['acme'],
  'documents.doctypes.show': ['Task'],
  'documents.show': ['acme', 'Task', names.task],
  'documents.list': ['acme', 'Task'],
  'documents.versions': ['acme', 'Task', names.task],
  'sync.feed': ['acme', { doctype: ['Task'] }],
  'sync.feedText': ['acme', { doctype: ['Task'] }],
  'sync.status': ['acme'],
  'sync.lag': ['acme', { by: 'client' }],
  'sync.clients': ['acme'],
  'sync.conflicts.list': ['acme'],
  'sync.conflicts.show': ['acme', 'absent'],
  'sync.rules.list': ['acme'],
  'sync.rules.show': ['acme', 'Task'],
  'invitations.list': ['acme'],
  'invitations.show': ['acme', names.invitation],
  'jobs.show': [names.job, { organization: 'acme' }],
  'jobs.history': [names.job, { organization: 'acme' }],
  'jobs.queues.show': ['default'],
  'jobs.schedules.show': ['absent'],
  'permissions.explain': [
    { person: 'emil@acme.test', action: 'read', ref: `Organization/${world.acme}`, organization: 'acme' },
  ],
  'permissions.locate': [{ doctype: 'Task', name: names.task, organization: 'acme' }],
  'permissions.enter': ['acme'],
  'permissions.require': ['read', { doctype: 'Organization', name: world.acme, organization: 'acme' }],
  'audit.prove': [{ organization: 'acme', seq: 1_000_000 }],
  'privacy.consent.show': ['acme', 'emil@acme.test'],
  'privacy.retention.list': ['acme'],
  'compliance.residency': ['acme'],
  'compliance.requireModel': ['acme', { place: 'cloud' }],
  'compliance.status': ['acme', 'hipaa'],
  'compliance.statuses': ['acme'],
  'compliance.baa.list': ['acme'],
  'compliance.baa.show': ['acme', 'absent'],
  'apply.plan': [
    [
      {
        name: 'org.yaml',
        text: 'api_version: dartwing/v1\nkind: Org\nslug: acme\ntype: company\nname: Acme\n',
      },
    ],
  ],
  'metrics.history': ['dartwing_job_workers'],
  'alerts.rule': ['absent'],
});

/** What moves between two looks. */
const moving =
  /_at$|^at$|_ts$|^timestamp$|^seconds?$|^value$|cursor|since|hash|^total_count$|age|_ms$|^seq$|^pages?$/;

function still(value: unknown): unknown {
  if (value instanceof Date) return 'a date';
  if (typeof value === 'string')
    return value.replaceAll(/eyJ[\w-]+|[\w-]{60,}|\d{4}-\d\d-\d\dT[\d:.]+Z/g, '…');
  if (Array.isArray(value)) return value.map(still);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, part]) =>
      part === undefined ? [] : [[name, moving.test(name) ? typeof part : still(part)]],
    ),
  );
}

/** Their answers tell what was looked at just now, which looking changes. */
const changing = new Set([
  'audit.query',
  'audit.verify',
  'audit.verifyArchive',
  'metrics.readings',
  'permissions.log',
]);

async function outcome(dartwing: Dartwing, name: string, args: readonly unknown[]) {
  const path = name.split('.');
  const room = path.slice(0, -1).reduce((at, part) => (at as never)[part], dartwing as unknown);
  const method = (room as Record<string, (...given: readonly unknown[]) => Promise<unknown>>)[path.at(-1)!]!;
  return method(...args).then(
    (value) => ({ value: changing.has(name) ? typeof value : still(value) }),
    (error: { code: string; message: string; fix: readonly string[] }) => ({
      code: error.code,
      message: error.message,
      fix: error.fix,
    }),
  );
}

const reading = Object.keys(methods).filter((name) => (farOf(name) as Far | undefined)?.does === 'reads');

it.each(reading)('%s says the same on both ways', async (name) => {
  const args = asked()[name] ?? [];
  const beside = await outcome(of.beside, name, args);
  expect(beside).not.toMatchObject({ code: 'INTERNAL' });
  const remote = await outcome(of.remote, name, args);
  // Words about the installation itself are not for everybody who calls a server.
  if ('message' in remote && remote.message === 'The service is not available now')
    expect(beside).toMatchObject({ code: remote.code });
  else expect(remote).toEqual(beside);
});

describe.each(sides)('%s', (side) => {
  const dartwing = () => of[side];

  it('creates, changes, suspends, restores and dissolves an organization', async () => {
    const { tenancy } = dartwing();
    const slug = `life-${side}`;
    const made = await tenancy.create(
      { slug, type: 'company', owner: 'max@system.test' },
      { reason: 'a trial' },
    );
    expect(made).toMatchObject({
      kind: 'Change',
      op: 'create',
      after: { slug, status: { state: 'active' } },
    });
    const { version } = made.after!;
    await tenancy.update(slug, { name: 'New' }, { ifVersion: version });
    expect(await refusalFrom(tenancy.update(slug, { name: 'Newer' }, { ifVersion: version }))).toMatchObject({
      code: 'VERSION_MOVED',
      fix: [expect.any(String)],
    });
    const until = new Date('2027-01-01T00:00:00.000Z');
    const suspended = await tenancy.suspend(slug, { until }, { reason: 'a trial' });
    expect(JSON.stringify(suspended.after)).toContain('2027-01-01T00:00:00.000Z');
    await tenancy.restore(slug, { reason: 'a trial' });
    expect(await tenancy.dissolve(slug, {}, { reason: 'a trial' })).toMatchObject({ op: 'delete' });
  });

  it('changes nothing in a dry run, and once with a key', async () => {
    const { equipment } = dartwing();
    const rehearsed = await equipment.create('acme', { equipment_name: `Dry ${side}` }, { dryRun: true });
    expect(rehearsed).toMatchObject({ dry_run: true });
    const call = { idempotencyKey: `once-${side}` };
    const first = await equipment.create('acme', { equipment_name: `Once ${side}` }, call);
    const again = await equipment.create('acme', { equipment_name: `Once ${side}` }, call);
    expect(again.after!.id).toBe(first.after!.id);
    const { items } = await equipment.list('acme');
    expect(items.filter((item) => item.equipment_name.endsWith(side))).toHaveLength(1);
  });

  it('tells the places of mistakes', async () => {
    const files = [
      { name: 'org.yaml', text: 'api_version: dartwing/v1\nkind: Org\nslug: acme\ntyp: company\n' },
    ];
    const { code, fields } = await refusalFrom(dartwing().apply.plan(files));
    expect({ code, fields }).toMatchObject({
      code: 'APPLY_INVALID',
      fields: expect.arrayContaining([expect.objectContaining({ file: 'org.yaml', line: 4 })]),
    });
  });

  it('tells what failed beside what was done', async () => {
    const { failed } = await dartwing().jobs.deadLetters.replayMany(['JOB-2026-99999']);
    expect(failed).toEqual([
      { id: 'JOB-2026-99999', error: expect.objectContaining({ code: 'JOB_NOT_FOUND' }) },
    ]);
    expect(failed[0]!.error).toBeInstanceOf(Error);
  });

  it('streams what was written, and the cursor after it', async () => {
    const lines: string[] = [];
    for await (const text of dartwing().sync.stream('acme', { doctype: ['Task'] })) lines.push(text);
    const rows = lines
      .join('')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(rows[0]).toMatchObject({ doctype: 'Task', name: names.task });
    expect(rows.at(-1)).toHaveProperty('next_since');
  });

  it('follows the trail until it is told to end', async () => {
    const end = new AbortController();
    const seen: string[] = [];
    const follow = { organization: 'acme', since: new Date(0), follow: true, signal: end.signal };
    for await (const { action } of dartwing().audit.tail(follow)) {
      seen.push(String(action));
      if (seen.length === 3) end.abort();
    }
    expect(seen.length).toBeGreaterThanOrEqual(3);
  });

  it('hands over row after row, and what the listener throws ends it', async () => {
    const tables = new Set<string>();
    const counts = await dartwing().export.organization('acme', async ({ table }) => void tables.add(table));
    expect(tables).toContain('equipment');
    expect(counts.equipment).toBeGreaterThan(0);
    const full = new Error('the disk is full');
    await expect(
      dartwing().export.organization('acme', () => {
        throw full;
      }),
    ).rejects.toBe(full);
  });

  it('shows how far it is', async () => {
    const { members } = dartwing().people;
    expect((await members('acme')).length).toBeGreaterThan(1);
    const { done } = await dartwing().keys.rotate({ onProgress: () => undefined });
    expect(Array.isArray(done)).toBe(true);
  });
});
