import { beforeAll, expect, it } from 'vitest';
import { openQuirkyServer, type QuirkyServer, rotatingTokens } from '../tokens/quirky-server.js';
import { openWorld, type Reply } from './world.js';

const client = { clientId: 'dartwing', clientSecret: 'marker-client' };
const world = openWorld({ dartwing: { tokens: { clients: { quirky: client, plain: client } } } });
let quirky: QuirkyServer;
const at = '/v1/organizations/acme/integrations';

beforeAll(async () => {
  quirky = await openQuirkyServer();
  quirky.answer = rotatingTokens().answer;
  world.dartwing.tokens.define('quirky', quirky.entry());
});

const cookieOf = ({ headers }: Reply) => /^[^;]+/.exec(headers.get('set-cookie') ?? '')?.[0] ?? '';

it('sends a supervisor to the provider and takes the browser back that began, once', async () => {
  const begun = await world.ana.post(`${at}/authorizations`, { provider: 'quirky' });
  expect(begun.status).toBe(201);
  const url = new URL(begun.body.data.authorize_url);
  expect(begun.headers.get('set-cookie')).toMatch(/HttpOnly; Secure; SameSite=Lax$/);
  expect(url.searchParams.get('redirect_uri')).toBe('http://localhost:4000/v1/integrations/callback');
  const state = url.searchParams.get('state')!;
  const back = `/v1/integrations/callback?code=marker-code&state=${state}`;
  const stranger = await world.nobody.get(back);
  expect(stranger.status).toBe(400);
  expect(stranger.text).not.toContain('marker-code');
  // The provider lies on loopback, which nobody allowed.
  const refused = await world.nobody.get(back, { headers: { cookie: cookieOf(begun) } });
  expect(refused.status).toBe(412);
  expect(refused.text).toContain('address_refused');
  expect(quirky.requests).toEqual([]);
  expect(refused.headers.get('referrer-policy')).toBe('no-referrer');
  expect(refused.headers.get('cache-control')).toBe('no-store');
  expect((await world.nobody.get(back, { headers: { cookie: cookieOf(begun) } })).status).toBe(400);
});

it('shows integrations to supervisors only, and never a credential', async () => {
  const made = await world.ana.post(`${at}/credentials`, { provider: 'telnyx', secret: 'marker-key' });
  expect(made.status).toBe(201);
  expect(made.text).not.toContain('marker-key');
  expect(made.body.data).toMatchObject({ provider: 'telnyx', status: { state: 'connected' } });
  const { id } = made.body.data;
  expect((await world.ana.get(at)).body).toMatchObject({ data: [{ id }], total_count: 1 });
  expect((await world.ana.get(`${at}/telnyx`)).body.data.id).toBe(id);
  for (const path of [at, `${at}/${id}`, `${at}/health`]) {
    expect((await world.emil.get(path)).status).toBe(403);
    expect((await world.bo.get(path)).status).toBe(403);
    expect((await world.nobody.get(path)).status).toBe(401);
  }
  expect((await world.bo.get(`/v1/organizations/bolt/integrations/${id}`)).status).toBe(404);
  expect((await world.emil.post(`${at}/authorizations`, { provider: 'quirky' })).status).toBe(403);
  expect((await world.emil.delete(`${at}/${id}`)).status).toBe(403);
  const renewed = await world.ana.post(`${at}/${id}/refresh`);
  expect(renewed.status).toBe(412);
  const gone = await world.ana.delete(`${at}/${id}`);
  expect(gone.body).toMatchObject({
    data: { status: { state: 'disconnected' } },
    meta: { provider: 'not_supported' },
  });
});

it('lists providers to whoever signed in, and says what is wrong with a wish', async () => {
  const { items } = (await world.emil.get('/v1/integration-providers')).body;
  expect(items.length).toBeGreaterThan(45);
  for (const [body, status] of [
    [{ provider: 'gogle' }, 404],
    [{ provider: 'google' }, 412],
    [{ provider: 'quirky', account: 'A B' }, 400],
    [{ provider: 'quirky', scopes: ['a b'] }, 400],
    [{ provider: 'telnyx' }, 400],
    [{}, 400],
  ] as const)
    expect([body, (await world.ana.post(`${at}/authorizations`, body)).status]).toEqual([body, status]);
  expect((await world.ana.post(`${at}/devices`, { provider: 'quirky' })).status).toBe(400);
  expect((await world.ana.post(`${at}/devices/poll`, { handle: 'x' })).status).toBe(400);
});
