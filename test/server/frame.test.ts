import { describe, expect, it } from 'vitest';
import { isDartwingError } from '../../src/core/index.js';
import { openWorld } from './world.js';

const world = openWorld({ server: { allowedOrigins: ['https://app.acme.test'] } });

describe('a call', () => {
  it('is answered with the document, what the caller may do with it, and the id of the request', async () => {
    const { status, body, headers } = await world.ana.get('/v1/organizations/acme');
    expect(status).toBe(200);
    expect(body.data).toMatchObject({ kind: 'Org', slug: 'acme', company: { legal_name: 'acme' } });
    expect(body.meta).toEqual({
      doctype: 'Organization',
      permissions: { read: true, write: true, delete: false },
    });
    expect(headers.get('x-request-id')).toMatch(/^req_[0-9a-f-]{36}$/);
    const { body: seen } = await world.emil.get('/v1/organizations/acme');
    expect(seen.meta.permissions).toEqual({ read: true, write: false, delete: false });
    expect(seen.data.company).not.toHaveProperty('tax_id');
  });

  it('keeps the id that a proxy gave it, and makes one where that is no id', async () => {
    const given = await world.ana.get('/v1/roles', { headers: { 'x-request-id': 'req_from-proxy.1' } });
    expect(given.headers.get('x-request-id')).toBe('req_from-proxy.1');
    const forged = await world.ana.get('/v1/roles', { headers: { 'x-request-id': 'a" onload="b' } });
    expect(forged.headers.get('x-request-id')).toMatch(/^req_/);
  });

  it('is refused in one form, with the id of the request', async () => {
    const { status, body, headers } = await world.ana.post('/v1/organizations/acme/equipment', {
      equipment_name: '',
      colour: 'red',
    });
    expect(status).toBe(400);
    expect(body).toEqual({
      error: {
        code: 'VALIDATION_ERROR',
        message: expect.any(String),
        details: [{ field: 'colour', message: expect.stringContaining('is not a field') }],
      },
      request_id: headers.get('x-request-id'),
    });
  });

  it('is asked who, then what, then whether it is there, then whether it may', async () => {
    const answers = [
      await world.nobody.get('/v1/organizations/nowhere/members?limit=x'),
      await world.ana.get('/v1/organizations/nowhere/members?limit=x'),
      await world.ana.get('/v1/organizations/nowhere/members'),
      await world.ana.get('/v1/organizations/bolt/members'),
      await world.ana.get(`/v1/organizations/${world.bolt}/equipment`),
      await world.ana.get('/v1/organizations/ORG-2026-09999/equipment'),
      await world.ana.get('/v1/organizations/%20/members'),
    ];
    expect(answers.map(({ status, body }) => `${status} ${body.error.code}`)).toEqual([
      '401 UNAUTHENTICATED',
      '400 VALIDATION_ERROR',
      '404 ORGANIZATION_NOT_FOUND',
      '403 PERMISSION_DENIED',
      '403 PERMISSION_DENIED',
      '404 ORGANIZATION_NOT_FOUND',
      '400 ORGANIZATION_REQUIRED',
    ]);
    expect(answers[0]!.headers.get('www-authenticate')).toBe('Bearer');
  });

  it('never names an organization that is not the caller’s as a likely one', async () => {
    for (const path of ['/v1/organizations/bolts', '/v1/organizations/bolts/equipment'])
      expect((await world.ana.get(path)).text).not.toContain('bolt?');
    expect((await world.ana.get('/v1/organizations/acmee')).text).toContain('acme?');
  });

  it('finds nothing at unknown paths and says which methods a known one has', async () => {
    expect((await world.nobody.get('/v1/nothing')).body.error.code).toBe('ROUTE_NOT_FOUND');
    const { status, headers, body } = await world.nobody.put('/v1/organizations', {});
    expect([status, headers.get('allow'), body.error.code]).toEqual([
      405,
      'GET, HEAD, POST',
      'METHOD_NOT_ALLOWED',
    ]);
  });

  it('with a body that is too large, no JSON, or cannot be kept is refused before anything happens', async () => {
    const path = '/v1/organizations/acme/equipment';
    const answers = [
      await world.ana.post(path, `{"equipment_name":"${'x'.repeat(2_100_000)}"}`),
      await world.ana.post(path, '{"equipment_name":'),
      await world.ana.post(path, '{"equipment_name":"a\\u0000b"}'),
      await world.ana.post(path, '{"equipment_name":"\\ud800"}'),
      await world.ana.post(path, '{"__proto__":{"equipment_name":"x"}}'),
      await world.ana.post(path, `${'['.repeat(40)}${']'.repeat(40)}`),
      await world.ana.post(path, 'equipment_name=x', { headers: { 'content-type': 'text/plain' } }),
      await world.ana.post(path),
    ];
    expect(answers.map(({ status, body }) => `${status} ${body.error.code}`)).toEqual([
      '413 BODY_TOO_LARGE',
      ...Array.from({ length: 5 }, () => '400 BODY_INVALID'),
      '415 MEDIA_TYPE_UNSUPPORTED',
      '400 BODY_INVALID',
    ]);
    expect((await world.ana.get(path)).body.total_count).toBe(0);
  });

  it('can be carried out once, tried without effect, and bound to what was read', async () => {
    const path = '/v1/organizations/acme/equipment';
    const tried = await world.ana.post(`${path}?dry_run=true`, { equipment_name: 'Ladder' });
    expect([tried.status, tried.body.meta.dry_run]).toEqual([201, true]);
    const once = { headers: { 'idempotency-key': 'ladder' } };
    const [one, two] = await Promise.all([
      world.ana.post(path, { equipment_name: 'Ladder' }, once),
      world.ana.post(path, { equipment_name: 'Ladder' }, once),
    ]);
    expect(two!.body.data.id).toBe(one!.body.data.id);
    expect((await world.ana.get(path)).body.total_count).toBe(1);
    // The same key of another caller is another key.
    const other = await world.emil.post(path, { equipment_name: 'Lamp' }, once);
    expect([other.status, other.body.data.equipment_name]).toEqual([201, 'Lamp']);

    const item = `${path}/${one!.body.data.id}`;
    const read = await world.ana.get(item);
    const etag = read.headers.get('etag')!;
    expect((await world.ana.get(item, { headers: { 'if-none-match': etag } })).status).toBe(304);
    const bound = { headers: { 'if-match': etag } };
    expect((await world.ana.patch(item, { status: 'in_repair' }, bound)).status).toBe(200);
    const late = await world.ana.patch(item, { status: 'active' }, bound);
    expect([late.status, late.body.error.code]).toEqual([412, 'VERSION_MOVED']);
    expect((await world.ana.get(item, { headers: { 'if-none-match': etag } })).status).toBe(200);
    const vague = await world.ana.patch(item, { status: 'active' }, { headers: { 'if-match': '"abc"' } });
    expect(vague.status).toBe(400);
  });

  it('leaves who, why and the request in the trail', async () => {
    const reason = encodeURIComponent('Größe geprüft');
    const { headers } = await world.ana.post(
      '/v1/organizations/acme/equipment',
      { equipment_name: 'Scale' },
      { headers: { 'x-reason': reason } },
    );
    const { body } = await world.ana.get('/v1/organizations/acme/audit?doctype=Equipment&limit=1');
    expect(body.data[0]).toMatchObject({
      via: 'http',
      reason: 'Größe geprüft',
      request_id: headers.get('x-request-id'),
      actor_type: 'person',
    });
  });

  it('of a page is accepted from origins on the list only', async () => {
    const preflight = (origin: string) =>
      world.server.fetch(
        new Request('http://dartwing.test/v1/organizations', {
          method: 'OPTIONS',
          headers: { origin, 'access-control-request-method': 'POST' },
        }),
      );
    const allowed = await preflight('https://app.acme.test');
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://app.acme.test');
    expect((await preflight('https://evil.test')).headers.get('access-control-allow-origin')).toBeNull();
  });

  it('is answered with headers that leave a browser nothing to do with it', async () => {
    const { headers } = await world.ana.get('/v1/roles');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('private, no-cache');
  });
});

it('hides everything but the code of a fault of its own', async () => {
  await world.database.admin.query('alter table role_template rename to role_template_away');
  const { status, body } = await world.ana.get('/v1/roles');
  await world.database.admin.query('alter table role_template_away rename to role_template');
  expect(status).toBeGreaterThanOrEqual(500);
  expect(JSON.stringify(body)).not.toMatch(/relation|role_template|postgres|at .*\.ts/);
  expect(isDartwingError(body)).toBe(false);
});
