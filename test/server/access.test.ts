import { describe, expect, it } from 'vitest';
import { type Caller, openWorld } from './world.js';

const world = openWorld({ rates: {} });
const keys = '/v1/organizations/acme/api-keys';

async function makeKey(
  permissions: string[],
  organization = 'acme',
): Promise<{ id: string; secret: string; caller: Caller }> {
  const { change, secret } = await world.dartwing.identity.apiKeys.create(organization, {
    name: 'till',
    environment: 'production',
    permissions,
  });
  const id = change.after!.id;
  return { id, secret: secret!, caller: world.withHeader(`token ${id}:${secret}`) };
}

describe('an API key', () => {
  it('may do what its permissions name, in its organization', async () => {
    const { caller } = await makeKey(['Equipment:read', 'Equipment:create']);
    expect((await caller.post('/v1/organizations/acme/equipment', { equipment_name: 'Till' })).status).toBe(
      201,
    );
    expect((await caller.get('/v1/organizations/acme/equipment')).body.total_count).toBe(1);
    expect((await caller.get('/v1/organizations/acme/members')).status).toBe(403);
    expect((await caller.get('/v1/organizations/bolt/equipment')).status).toBe(403);
    expect((await caller.get('/v1/organizations')).body.data).toEqual([]);
    expect((await caller.get('/v1/persons/me')).status).toBe(403);
    expect(
      (await caller.post('/v1/invitations/accept', { token: 'x'.repeat(43) })).status,
    ).toBeGreaterThanOrEqual(400);
  });

  it('leaves no entries of operators in the trail of the installation', async () => {
    const { caller } = await makeKey(['Organization:read']);
    const count = async () =>
      (await world.dartwing.audit.query({ organization: 'SYSTEM', action: 'system.access', limit: 500 }))
        .items.length;
    const before = await count();
    await caller.get('/v1/organizations/acme');
    expect(await count()).toBe(before);
  });

  it('shows its secret once, opens with the new one after a rotation, and is closed at once', async () => {
    const made = await world.ana.post(keys, {
      name: 'scale',
      environment: 'sandbox',
      permissions: ['*:read'],
    });
    const { id } = made.body.data;
    const { secret } = made.body.meta;
    expect(secret).toMatch(/^\S{20,}$/);
    const till = world.withHeader(`token ${id}:${secret}`);
    expect((await till.get('/v1/organizations/acme')).status).toBe(200);
    for (const path of [
      keys,
      `${keys}/${id}`,
      '/v1/organizations/acme/audit',
      '/v1/organizations/acme/export',
    ])
      expect((await world.ana.get(path)).text).not.toContain(secret);
    const turned = await world.ana.post(`${keys}/${id}/rotate`, { grace_ms: 0 });
    expect((await till.get('/v1/organizations/acme')).body.error.code).toBe('API_KEY_INVALID');
    const fresh = world.withHeader(`token ${id}:${turned.body.meta.secret}`);
    expect((await fresh.get('/v1/organizations/acme')).status).toBe(200);
    expect((await world.ana.delete(`${keys}/${id}`)).status).toBe(200);
    const closed = await fresh.get('/v1/organizations/acme');
    expect([closed.status, closed.body.error.code]).toEqual([401, 'API_KEY_REVOKED']);
  });

  it('gives its secret to the first of two calls with one idempotency key only', async () => {
    const input = { name: 'once', environment: 'production', permissions: ['*:read'] };
    const once = { headers: { 'idempotency-key': 'key-once' } };
    const [one, two] = [await world.ana.post(keys, input, once), await world.ana.post(keys, input, once)];
    expect(two.body.data.id).toBe(one.body.data.id);
    expect([typeof one.body.meta.secret, two.body.meta.secret]).toEqual(['string', undefined]);
  });

  it('T-D5 shares the allowance of its organization’s tier, which its headers tell', async () => {
    const bolt = await makeKey(['*:read'], 'bolt');
    const { headers } = await bolt.caller.get('/v1/organizations/bolt');
    expect(headers.get('x-ratelimit-limit')).toBe('60');
    const left = Number(headers.get('x-ratelimit-remaining'));
    const second = await makeKey(['*:read'], 'bolt');
    const more = await second.caller.get('/v1/organizations/bolt');
    expect(Number(more.headers.get('x-ratelimit-remaining'))).toBe(left - 1);
    for (let n = 0; n < left - 1; n++) await bolt.caller.get('/v1/roles');
    const refused = await second.caller.get('/v1/organizations/bolt');
    expect([refused.status, refused.body.error.code]).toEqual([429, 'RATE_LIMITED']);
    expect((await world.ana.get('/v1/organizations/acme')).status).toBe(200);
  });
});

describe('an organization that wants a second factor', () => {
  it('is closed to weak sign-ins on every way into it', async () => {
    const { dartwing } = world;
    await dartwing.people.member.add('acme', 'bo@bolt.test', 'Employee');
    await dartwing.equipment.create('acme', { equipment_name: 'Safe', assigned_to: 'bo@bolt.test' });
    await dartwing.tenancy.update('acme', { mfa_required: true });
    const weak = [
      await world.bo.get('/v1/organizations/acme/equipment'),
      await world.bo.get('/api/method/dartwing_core.get_org_members?organization=acme'),
      await world.bo.get('/api/resource/Equipment?organization=acme'),
      await world.bo.get(`/api/resource/Equipment?filters=[["owner_organization","=","${world.acme}"]]`),
      await world.bo.get(`/api/resource/Organization/${world.acme}`),
      await world.bo.post('/api/resource/Equipment', { equipment_name: 'x', owner_organization: 'acme' }),
    ];
    for (const { status, body, headers } of weak) {
      expect([status, body.error.code]).toEqual([401, 'MFA_REQUIRED']);
      expect(headers.get('www-authenticate')).toContain('insufficient_user_authentication');
    }
    expect((await world.bo.get('/v1/persons/me/equipment')).body.data).toEqual([]);
    const strong = await world.caller('bo', 'bo@bolt.test', { acr: '2', sid: 'strong' });
    expect((await strong.get('/v1/organizations/acme/equipment')).status).toBe(200);
    expect((await strong.get('/v1/persons/me/equipment')).body.data).toHaveLength(1);
    await dartwing.tenancy.update('acme', { mfa_required: false });
  });
});

describe('rights', () => {
  it('that are taken away are gone with the next call', async () => {
    const { dartwing } = world;
    expect((await world.emil.get('/v1/organizations/acme/equipment')).status).toBe(200);
    await dartwing.people.member.remove('acme', 'emil@acme.test');
    expect((await world.emil.get('/v1/organizations/acme/equipment')).status).toBe(403);
    await dartwing.people.member.add('acme', 'emil@acme.test', 'Employee');
    expect((await world.emil.get('/v1/organizations/acme/equipment')).status).toBe(200);
    const { body } = await world.ana.get('/v1/organizations/acme/members/emil@acme.test');
    await dartwing.identity.revokeSessions(body.data.person);
    expect((await world.emil.get('/v1/organizations/acme/equipment')).body.error.code).toBe('SESSION_ENDED');
  });

  it('T-D3 decide who may export: supervisors, and no line of another organization is in it', async () => {
    const { status, text, headers } = await world.ana.get('/v1/organizations/acme/export?counts=true');
    expect([status, headers.get('content-type')]).toEqual([200, 'application/x-ndjson; charset=utf-8']);
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.at(-1).kind).toBe('ExportCounts');
    expect(new Set(lines.slice(0, -1).map(({ row }) => row.organization ?? row.id))).toEqual(
      new Set([world.acme]),
    );
    const { caller } = await makeKey(['*:read', 'Equipment:*']);
    expect((await caller.get('/v1/organizations/acme/export')).status).toBe(403);
  });
});

it('guessing tokens costs the allowance of the address', async () => {
  const reply = await world.withHeader('Bearer nothing').get('/v1/roles');
  expect([reply.status, reply.headers.get('www-authenticate')]).toEqual([
    401,
    'Bearer error="invalid_token"',
  ]);
});
