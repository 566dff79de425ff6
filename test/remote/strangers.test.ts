/** Every verb by its name, called by somebody of another organization, and with arguments that are none. */
import { beforeAll, describe, expect, it } from 'vitest';
import { farOf, methods } from '../../src/core/remote/index.js';
import { type Caller, openWorld } from '../server/world.js';

/** Stands in every text of acme. */
const canary = 'amaranth';

const world = openWorld();
let key: Caller;
let names: Record<string, string>;

beforeAll(async () => {
  const { dartwing } = world;
  await dartwing.tenancy.update('acme', { name: `${canary} works` });
  const crane = await dartwing.equipment.create('acme', { equipment_name: `${canary} crane` });
  dartwing.jobs.define(`${canary}.work`, { handler: () => undefined });
  const { job } = await dartwing.jobs.submit('acme', `${canary}.work`, {});
  const { invitation } = await dartwing.invitations.create('acme', {
    email: `${canary}@guest.test`,
    role: 'Employee',
  });
  const { change, secret } = await dartwing.identity.apiKeys.create('bolt', {
    name: 'all of bolt',
    environment: 'production',
    permissions: ['*:*'],
  });
  key = world.withHeader(`token ${change.after!.id}:${secret}`);
  names = { crane: crane.after!.id, job: job.id, invitation: invitation.id };
});

const far = Object.keys(methods).flatMap((name) => {
  const found = farOf(name);
  return found === undefined ? [] : [[name, found] as const];
});
const closed = far.filter(([, { open }]) => open !== true);
/** A key is turned away by the organization that it is not of, whatever the verb: some of those are enough. */
const forKeys = closed.filter(
  ([, { takes }], index) => !takes.some((word) => /^org|organization/.test(word)) || index % 10 === 0,
);
const path = (name: string) => `/v1/${farOf(name)?.open ? 'open-calls' : 'calls'}/${name}`;

/** What belongs to nobody or to the caller alone. */
const anybodys = new Set([
  'tenancy.list',
  'people.role.list',
  'people.person.list',
  'people.person.organizations',
  'equipment.listByPerson',
  'documents.doctypes.list',
  'documents.doctypes.show',
  'sync.checkDoctypes',
  'compliance.frameworks',
  'tokens.providers',
  'apply.plan',
  'lite.beginSecondFactor',
]);

/** Arguments that name what acme has. */
function ofAcme(name: string): unknown[] {
  const texts = [names.crane, 'Owner', 'x'];
  if (name.startsWith('jobs')) texts[0] = names.job;
  if (name.startsWith('invitations')) texts[0] = names.invitation;
  if (name.startsWith('people') || name.startsWith('privacy') || name.startsWith('lite'))
    texts[0] = 'emil@acme.test';
  if (name.startsWith('documents') || name.startsWith('sync')) texts[0] = 'Task';
  return farOf(name)!.takes.map((word) => {
    const kind = word.replace('?', '');
    if (kind === 'org') return 'acme';
    if (kind === 'text') return texts.shift();
    if (kind === 'number') return 7;
    if (kind === 'flag') return true;
    if (kind === 'list') return [];
    if (kind === 'hear') return { $hear: 0 };
    if (kind === 'signal') return { $signal: true };
    if (kind === 'call') return { reason: 'because' };
    if (name === 'audit.export') return { organization: 'acme', write: { $hear: 0 } };
    return kind === 'input.organization' ? { organization: 'acme' } : {};
  });
}

const settled = (text: string) => text.trim().split('\n').at(-1) ?? '';

describe.each(['a supervisor', 'a key'] as const)('%s of another organization', (who) => {
  it.each((who === 'a key' ? forKeys : closed).map(([name]) => name))(
    'learns nothing from %s',
    async (name) => {
      const caller = who === 'a key' ? key : world.bo;
      const { status, text } = await caller.post(path(name), { args: ofAcme(name) });
      expect(text).not.toContain(canary);
      expect(status, text).toBeLessThan(500);
      if (!anybodys.has(name)) expect(settled(text)).toContain('"error"');
    },
  );
});

it.each(
  closed
    .filter(([, { takes }]) => takes.some((word) => word.startsWith('input.organization')))
    .map(([name]) => name),
)('cannot ask %s for everybody', async (name) => {
  const args = ofAcme(name).map((arg) =>
    (arg as { organization?: string })?.organization === 'acme' ? {} : arg,
  );
  const { status, text } = await world.bo.post(path(name), { args });
  expect([400, 403], text).toContain(status);
});

it('nobody is let in without a token', async () => {
  for (const [name] of closed) expect((await world.nobody.post(path(name), { args: [] })).status).toBe(401);
});

/** One of each kind that an argument is not. */
const some = [{}];
const wrong = process.env.DARTWING_LONG
  ? [
      ...some,
      null,
      [null],
      7,
      'x'.repeat(300),
      [],
      true,
      { $date: '2026-01-01' },
      { organization: 7 },
      { a: { b: [] } },
    ]
  : some;

it.each(far.map(([name]) => name))('%s refuses what it cannot take', async (name) => {
  const { takes } = farOf(name)!;
  for (const value of wrong) {
    const args = takes.map((word) => (word === 'call' ? { dryRun: true, reason: 'fuzz' } : value));
    const { status, text } = await world.max.post(path(name), { args });
    expect(status, `${JSON.stringify(value)} ${text}`).not.toBe(500);
    expect(text).not.toMatch(/"code":"INTERNAL"|TypeError/);
  }
});

it('takes no principal from whoever calls, and no verb that is none', async () => {
  const forged = { principal: { type: 'operator', id: 'root' } };
  expect((await world.bo.post(path('tenancy.show'), { args: ['acme', forged] })).status).toBe(400);
  for (const name of ['jobs.work', 'asOrg', '__proto__', 'constructor', 'tenancy', 'tenancy.toString'])
    expect((await world.max.post(`/v1/calls/${name}`, { args: [] })).status).toBe(404);
  expect((await world.max.post('/v1/open-calls/tenancy.list', { args: [] })).status).toBe(404);
  expect((await world.max.post(path('tenancy.show'), { args: ['acme', {}, 1] })).status).toBe(400);
});
