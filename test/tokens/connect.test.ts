import { beforeAll, describe, expect, it } from 'vitest';
import { browse } from '../identity/real-provider.js';
import { type AuthorizationServer, callback, openAuthorizationServer } from './authorization-server.js';
import { connectByBrowser, openTokenWorld, secretOf, type TokenWorld, tokenOptions, walk } from './world.js';

let server: AuthorizationServer;
let world: TokenWorld;

beforeAll(async () => {
  server = await openAuthorizationServer();
  world = await openTokenWorld(tokenOptions({ suite: server.entry }, [server.host]));
});

const begin = (organization = 'acme', account = 'default') =>
  world.dartwing.tokens.connect.begin(organization, { provider: 'suite', account, redirectUri: callback });

describe('connecting by authorization code', () => {
  it('sends a person to the provider with PKCE and takes back what works', async () => {
    const { authorization, binding } = await begin();
    const sent = new URL(authorization.authorize_url);
    expect(sent.searchParams.get('code_challenge_method')).toBe('S256');
    expect(sent.searchParams.get('state')).toMatch(/^ORG-\d{4}-\d{5}\.[\w-]{43}$/);
    const landed = await walk(authorization.authorize_url);
    const change = await world.dartwing.tokens.connect.complete(landed.searchParams, binding);
    expect(change).toMatchObject({
      op: 'create',
      after: { provider: 'suite', status: { state: 'connected' } },
    });
    const token = await world.dartwing.tokens.get('acme', 'suite');
    const answer = await fetch(`http://${server.host}/me`, {
      headers: { authorization: `Bearer ${secretOf(token)}` },
    });
    expect(await answer.json()).toEqual({ sub: 'ana' });
    expect(JSON.stringify({ token, change })).not.toContain(secretOf(token));
  });

  it('takes an answer once, in time, and from whoever began', async () => {
    const { authorization, binding } = await begin('acme', 'once');
    const landed = (await walk(authorization.authorize_url)).searchParams;
    const refused = { code: 'CONNECT_STATE_INVALID' };
    const { complete } = world.dartwing.tokens.connect;
    await expect(complete(landed, 'another browser')).rejects.toMatchObject(refused);
    const foreign = new URLSearchParams(landed);
    foreign.set('state', landed.get('state')!.replace(world.acme, world.beech));
    await expect(complete(foreign, binding)).rejects.toMatchObject(refused);
    for (const state of ['', 'x', `${world.acme}.`, `${world.acme}.${'x'.repeat(500)}`])
      await expect(complete(new URLSearchParams({ code: 'x', state }), binding)).rejects.toMatchObject(
        refused,
      );
    const both = await Promise.allSettled([complete(landed, binding), complete(landed, binding)]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const late = await begin('acme', 'late');
    await world.database.admin.query("update connect_attempt set expires_at = now() where account = 'late'");
    const state = late.state;
    await expect(complete(new URLSearchParams({ code: 'x', state }), late.binding)).rejects.toMatchObject(
      refused,
    );
  });

  it('refuses who may not, other places to return to, and providers without an application', async () => {
    const { connect } = world.dartwing.tokens;
    const { people } = world.dartwing;
    const { after: member } = await people.member.add('acme', 'bo@acme.test', 'Employee');
    const bo = { principal: { type: 'person' as const, id: member!.person } };
    await expect(connect.begin('acme', { provider: 'suite' }, bo)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    await expect(
      connect.begin('acme', { provider: 'suite', redirectUri: 'https://evil.test/callback' }),
    ).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
    await expect(connect.begin('acme', { provider: 'google' })).rejects.toMatchObject({
      code: 'PROVIDER_CLIENT_MISSING',
    });
    await expect(connect.begin('acme', { provider: 'gogle' })).rejects.toMatchObject({
      code: 'PROVIDER_NOT_FOUND',
      why: 'Did you mean google?',
    });
    await expect(connect.begin('nowhere', { provider: 'suite' })).rejects.toMatchObject({
      code: 'ORGANIZATION_NOT_FOUND',
    });
  });

  it('asks for the rights of whoever began once more at the end', async () => {
    const { people, tokens } = world.dartwing;
    const added = await people.member.add('beech', 'cy@beech.test', 'Manager');
    const cy = { principal: { type: 'person' as const, id: added.after!.person } };
    const { state, binding } = await tokens.connect.begin(
      'beech',
      { provider: 'suite', redirectUri: callback },
      cy,
    );
    await people.member.remove('beech', 'cy@beech.test');
    await expect(
      tokens.connect.complete(
        new URLSearchParams({ code: 'x', state, iss: `http://${server.host}` }),
        binding,
      ),
    ).rejects.toMatchObject({ code: expect.stringMatching(/PERMISSION_DENIED|INTEGRATION_DECLINED/) });
    await expect(tokens.get('beech', 'suite')).rejects.toMatchObject({ code: 'INTEGRATION_NOT_CONNECTED' });
  });

  it('says who declined, and leaves what was connected before', async () => {
    const id = await connectByBrowser(world, 'acme', 'suite', 'declined');
    const { state, binding } = await begin('acme', 'declined');
    const declined = new URLSearchParams({ error: 'access_denied', state, iss: `http://${server.host}` });
    await expect(world.dartwing.tokens.connect.complete(declined, binding)).rejects.toMatchObject({
      code: 'INTEGRATION_DECLINED',
      message: expect.stringContaining('access_denied'),
    });
    expect((await world.dartwing.tokens.show('acme', id)).status.state).toBe('connected');
  });

  it('refuses an answer of another issuer', async () => {
    const { authorization, binding } = await begin('acme', 'mixed');
    const landed = (await walk(authorization.authorize_url)).searchParams;
    landed.set('iss', 'https://attacker.test');
    await expect(world.dartwing.tokens.connect.complete(landed, binding)).rejects.toMatchObject({
      code: expect.stringMatching(/^INTEGRATION_/),
    });
  });
});

describe('connecting by device', () => {
  it('waits until somebody confirms, for whoever began', async () => {
    const { connect } = world.dartwing.tokens;
    const device = await connect.beginDevice('acme', { provider: 'suite', account: 'tv' });
    expect(await connect.pollDevice('acme', device.handle)).toMatchObject({ change: undefined });
    const other = { principal: { type: 'service' as const, id: 'somebody else' } };
    await expect(connect.pollDevice('acme', device.handle, other)).rejects.toMatchObject({
      code: 'CONNECT_STATE_INVALID',
    });
    // Named beside another organization it is no attempt at all.
    await expect(connect.pollDevice('bolt', device.handle)).rejects.toMatchObject({
      code: expect.stringMatching(/^(CONNECT_STATE_INVALID|ORGANIZATION_NOT_FOUND)$/),
    });
    await browse(device.verification_uri_complete!, 'ana', { user_code: device.user_code });
    const { change } = await connect.pollDevice('acme', device.handle);
    expect(change).toMatchObject({ after: { account: 'tv', status: { state: 'connected' } } });
    await expect(connect.pollDevice('acme', device.handle)).rejects.toMatchObject({
      code: 'CONNECT_STATE_INVALID',
    });
    expect(secretOf(await world.dartwing.tokens.get('acme', 'suite', 'tv'))).not.toBe('');
  });
});

describe('connecting by key or password', () => {
  it('seals what it is given and gives it to programs', async () => {
    const { connect, get } = world.dartwing.tokens;
    await connect.secret('acme', { provider: 'telnyx', secret: 'marker-api-key' });
    await connect.secret('acme', { provider: 'twilio', username: 'AC1', secret: 'marker-password' });
    expect(secretOf(await get('acme', 'telnyx'))).toBe('marker-api-key');
    expect((await get('acme', 'twilio')).username).toBe('AC1');
    await expect(get('beech', 'telnyx')).rejects.toMatchObject({ code: 'INTEGRATION_NOT_CONNECTED' });
  });

  it.each([
    [{ provider: 'telnyx', username: 'x', secret: 'y' }, 'VALIDATION_ERROR'],
    [{ provider: 'twilio', secret: 'y' }, 'VALIDATION_ERROR'],
    [{ provider: 'telnyx', secret: '' }, 'VALIDATION_ERROR'],
    [{ provider: 'telnyx', secret: 'y', account: '../x' }, 'VALIDATION_ERROR'],
    [{ provider: 'telnyx', secret: 'y', settings: { subdomain: 'x' } }, 'VALIDATION_ERROR'],
    [{ provider: 'suite', secret: 'y' }, 'PROVIDER_FLOW_MISSING'],
  ])('refuses %o', async (input, code) => {
    await expect(world.dartwing.tokens.connect.secret('acme', input)).rejects.toMatchObject({ code });
  });
});

describe('disconnecting', () => {
  it('T-K7 T-K10 revokes at the provider, wipes here, and says so', async () => {
    const id = await connectByBrowser(world, 'acme', 'suite', 'leaving');
    const token = await world.dartwing.tokens.get('acme', 'suite', 'leaving');
    const done = await world.dartwing.tokens.revoke('acme', 'suite/leaving', { reason: 'no longer used' });
    expect(done).toMatchObject({
      provider: 'revoked',
      change: { op: 'delete', after: { secret: { sealed: false } } },
    });
    const answer = await fetch(`http://${server.host}/me`, {
      headers: { authorization: `Bearer ${secretOf(token)}` },
    });
    expect(answer.status).toBe(401);
    const { rows } = await world.database.admin.query(
      'select credentials from organization_integration where id = $1',
      [id],
    );
    expect(rows).toEqual([{ credentials: null }]);
    await expect(world.dartwing.tokens.get('acme', 'suite', 'leaving')).rejects.toMatchObject({
      code: 'INTEGRATION_NOT_CONNECTED',
    });
    expect((await world.dartwing.tokens.revoke('acme', id)).change.op).toBe('none');
  });

  it('belongs to its organization', async () => {
    const id = await connectByBrowser(world, 'acme', 'suite', 'mine');
    const { show, revoke, get } = world.dartwing.tokens;
    await expect(show('beech', id)).rejects.toMatchObject({ kind: 'not_found' });
    await expect(revoke('beech', id)).rejects.toMatchObject({ kind: 'not_found' });
    await expect(get('beech', 'suite', 'mine')).rejects.toMatchObject({ kind: 'not_found' });
    expect((await world.dartwing.tokens.list('beech')).items).toEqual([]);
    expect((await world.dartwing.tokens.refresh('beech', [id])).failed).toMatchObject([{ id }]);
  });

  it('T-K11 is in the audit trail without a value', async () => {
    const { rows } = await world.database.admin.query(
      "select convert_from(body, 'utf8') as body from audit_stage union all select convert_from(body, 'utf8') from audit_event",
    );
    const text = rows.map(({ body }) => body as string).filter((body) => body.includes('"token.'));
    expect(text.some((body) => body.includes('token.connect'))).toBe(true);
    expect(text.some((body) => body.includes('token.revoke'))).toBe(true);
    expect(text.join()).not.toMatch(/marker/);
  });
});
