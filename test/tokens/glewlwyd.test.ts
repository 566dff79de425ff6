import { describe, expect, it } from 'vitest';
import { callback } from './authorization-server.js';
import { hasGlewlwyd, openGlewlwyd } from './glewlwyd-server.js';
import { dropPause, endIn, openTokenWorld, secretOf, tokenOptions } from './world.js';

describe.skipIf(!hasGlewlwyd)('with Glewlwyd, where it and sqlite3 are installed', () => {
  it('an organization connects, calls, renews, is refused, connects again and disconnects', async () => {
    const server = await openGlewlwyd();
    const world = await openTokenWorld(tokenOptions({ glewlwyd: server.entry }, [server.host]));
    const { tokens } = world.dartwing;
    const connect = async () => {
      const input = { provider: 'glewlwyd', redirectUri: callback };
      const { authorization, binding } = await tokens.connect.begin('acme', input);
      const landed = await server.walk(authorization.authorize_url);
      return tokens.connect.complete(landed.searchParams, binding);
    };
    const whoAmI = () => tokens.fetchAs('acme', 'glewlwyd', `http://${server.host}/api/oidc/userinfo`);

    const { after } = await connect();
    expect(after).toMatchObject({ provider: 'glewlwyd', status: { state: 'connected' } });
    const id = after!.id;
    const first = await tokens.get('acme', 'glewlwyd');
    expect((await whoAmI()).status).toBe(200);
    expect((await tokens.health('acme', [id])).findings).toEqual([]);

    // Twice: the second needs the refresh token that the first one brought.
    for (const _ of [1, 2]) {
      await endIn(world, id, -1);
      expect(secretOf(await tokens.get('acme', 'glewlwyd'))).not.toBe(secretOf(first));
    }
    expect((await whoAmI()).status).toBe(200);

    // A refresh token that was used before is refused, in words of its own: 400 and nothing more, which is believed
    // at the third time.
    const { rows } = await world.database.admin.query(
      'select credentials from organization_integration where id = $1',
      [id],
    );
    await endIn(world, id, -1);
    await tokens.get('acme', 'glewlwyd');
    await world.database.admin.query('update organization_integration set credentials = $2 where id = $1', [
      id,
      rows[0]!.credentials,
    ]);
    await endIn(world, id, -1);
    const [unclear, over] = ['INTEGRATION_UNAVAILABLE', 'INTEGRATION_REAUTH_REQUIRED'];
    for (const code of [unclear, unclear, over]) {
      await dropPause(world, id);
      await expect(tokens.get('acme', 'glewlwyd')).rejects.toMatchObject({ code });
    }

    expect((await connect()).after).toMatchObject({ id, status: { state: 'connected' } });
    const { accessToken } = await tokens.get('acme', 'glewlwyd');
    const asIs = () =>
      fetch(`http://${server.host}/api/oidc/userinfo`, {
        headers: { authorization: `Bearer ${accessToken}` },
      });
    expect((await asIs()).status).toBe(200);
    expect(await tokens.revoke('acme', id)).toMatchObject({ provider: 'revoked', reason: undefined });
    await expect(tokens.get('acme', 'glewlwyd')).rejects.toMatchObject({ code: 'INTEGRATION_NOT_CONNECTED' });
  });
});
