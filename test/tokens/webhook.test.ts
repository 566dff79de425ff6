import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { createDartwing, fakeClock } from '../../src/core/index.js';
import type { WebhookDelivery } from '../../src/core/tokens/index.js';
import { createServer } from '../../src/server/index.js';
import { testOptions } from '../support/database.js';
import { openTokenWorld, type TokenWorld } from './world.js';

type Headers = Record<string, string>;

const start = '2026-11-23T10:00:00.000Z';
const clock = fakeClock(start);
const seconds = () => Math.floor(clock.now().getTime() / 1000);
const hmac = (secret: string, text: string, encoding: 'hex' | 'base64') =>
  createHmac('sha256', secret).update(text).digest(encoding);

/** What each service sends, as its own documents describe it. */
const services = {
  github: (secret: string, body: string): Headers => ({
    'x-hub-signature-256': `sha256=${hmac(secret, body, 'hex')}`,
    'x-github-event': 'push',
  }),
  slack: (secret: string, body: string, at = seconds()): Headers => ({
    'x-slack-request-timestamp': String(at),
    'x-slack-signature': `v0=${hmac(secret, `v0:${at}:${body}`, 'hex')}`,
  }),
  stripe: (secret: string, body: string, at = seconds()): Headers => ({
    'stripe-signature': `t=${at},v1=${hmac('whsec_of_somebody_else', body, 'hex')},v1=${hmac(secret, `${at}.${body}`, 'hex')}`,
  }),
  shopify: (secret: string, body: string): Headers => ({
    'x-shopify-hmac-sha256': hmac(secret, body, 'base64'),
    'x-shopify-topic': 'orders/create',
  }),
  quickbooks: (secret: string, body: string): Headers => ({
    'intuit-signature': hmac(secret, body, 'base64'),
  }),
  docusign: (secret: string, body: string): Headers => ({
    'x-docusign-signature-1': hmac(secret, body, 'base64'),
  }),
  calendly: (secret: string, body: string, at = seconds()): Headers => ({
    'calendly-webhook-signature': `t=${at},v1=${hmac(secret, `${at}.${body}`, 'hex')}`,
  }),
};
type Service = keyof typeof services;

let world: TokenWorld;
let server: ReturnType<typeof createServer>;
const handled: WebhookDelivery[] = [];

beforeAll(async () => {
  world = await openTokenWorld({ clock });
  server = createServer(world.dartwing);
  world.dartwing.tokens.webhooks.on('github', async (delivery) => {
    handled.push(delivery);
  });
});

/** An integration that stands there, whoever connected it: what is sealed in it is bound to its row. */
async function integrate(organization: string, provider: string, account = 'default'): Promise<void> {
  const input = { provider: 'telnyx', account: `${provider}-${account}`, secret: 'key-of-the-service' };
  const { after } = await world.dartwing.tokens.connect.secret(organization, input);
  await world.database.admin.query(
    'update organization_integration set provider = $2, account = $3 where id = $1',
    [after!.id, provider, account],
  );
}

const webhooks = () => world.dartwing.tokens.webhooks;

async function open(organization: 'acme' | 'beech', provider: string, account = 'default', given?: string) {
  await integrate(world[organization], provider, account);
  const { change, secret } = await webhooks().set(organization, `${provider}/${account}`, given);
  return { url: new URL(change.after!.url).pathname, id: change.after!.id, secret: secret ?? given! };
}

async function post(url: string, headers: Headers, body: string) {
  const answer = await server.fetch(
    new Request(`http://dartwing.test${url}`, { method: 'POST', headers, body }),
  );
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

const rowsOf = async (webhook: string) =>
  (
    await world.database.admin.query<{ event: string | null; state: string }>(
      'select event, state from webhook_delivery where webhook = $1 order by id',
      [webhook],
    )
  ).rows;
const jobsOf = async (organization: string) =>
  (await world.dartwing.jobs.list({ organization, type: 'webhook.handle' })).items.length;

describe('T-K12 news of a service', () => {
  it.each(Object.keys(services) as Service[])(
    'that %s signed is kept once and handed to one job; changed by a byte, or signed by another, it is refused',
    async (provider) => {
      const { url, id, secret } = await open('acme', provider, 'signed');
      const signed = services[provider];
      const body = JSON.stringify({
        id: `evt-${provider}`,
        event_id: 'Ev1',
        type: 'invoice.paid',
        event: { type: 'x' },
      });
      const before = await jobsOf('acme');
      for (const [headers, text] of [
        [{}, body],
        [signed('another secret of somebody', body), body],
        [signed(secret, body), `${body} `],
        [signed(secret, body), body.replace('evt', 'evv')],
      ] as [Headers, string][]) {
        const refused = await post(url, headers, text);
        expect(refused.status).toBe(401);
        expect(refused.body).toMatchObject({ error: { code: 'WEBHOOK_REFUSED' } });
      }
      expect(await rowsOf(id)).toEqual([]);
      expect(await post(url, signed(secret, body), body)).toMatchObject({
        status: 200,
        body: { received: true, replayed: false },
      });
      expect(await rowsOf(id)).toMatchObject([{ state: 'received' }]);
      // Again, at once and at the same time: acknowledged, and nothing happens.
      const again = await Promise.all([1, 2, 3].map(() => post(url, signed(secret, body), body)));
      expect(again.map(({ body: { replayed } }) => replayed)).toEqual([true, true, true]);
      expect(await rowsOf(id)).toHaveLength(1);
      expect(await jobsOf('acme')).toBe(before + 1);
    },
  );

  it('that Telnyx signed with its key pair is believed, and with another key not', async () => {
    const [mine, other] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')];
    const der = mine.publicKey.export({ format: 'der', type: 'spki' });
    const { url } = await open('acme', 'telnyx', 'fax', der.subarray(-32).toString('base64'));
    const body = JSON.stringify({ data: { id: 'd-1', event_type: 'fax.received' } });
    const headers = (key: typeof mine, at = seconds()): Headers => ({
      'telnyx-timestamp': String(at),
      'telnyx-signature-ed25519': sign(null, Buffer.from(`${at}|${body}`), key.privateKey).toString('base64'),
    });
    expect((await post(url, headers(other), body)).status).toBe(401);
    expect((await post(url, headers(mine, seconds() - 301), body)).status).toBe(401);
    expect((await post(url, headers(mine), body)).body).toMatchObject({ replayed: false });
    await expect(webhooks().set('acme', 'telnyx/fax')).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
    await expect(webhooks().set('acme', 'telnyx/fax', 'no key')).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
    });
  });

  it('that is older than five minutes is refused, and what was kept cannot come again by another time', async () => {
    const { url, secret } = await open('acme', 'stripe', 'old');
    const body = JSON.stringify({ id: 'evt_1', type: 'invoice.paid' });
    for (const at of [seconds() - 301, seconds() + 301, Number.NaN])
      expect((await post(url, services.stripe(secret, body, at), body)).status).toBe(401);
    expect((await post(url, services.stripe(secret, body), body)).body).toMatchObject({ replayed: false });
    // The service tries again with a new time, as services do that saw no answer.
    clock.advance(120_000);
    expect((await post(url, services.stripe(secret, body), body)).body).toMatchObject({ replayed: true });
  });

  it('of one organization is nothing to another, also with the same service and body', async () => {
    const acme = await open('acme', 'github', 'twin');
    const beech = await open('beech', 'github', 'twin');
    const body = JSON.stringify({ ref: 'main' });
    const signed = services.github(acme.secret, body);
    const elsewhere = acme.url.replace(world.acme, world.beech);
    for (const url of [beech.url, elsewhere, acme.url.replace(/.$/, (last) => (last === '0' ? '1' : '0'))])
      expect((await post(url, signed, body)).status).toBe(401);
    for (const url of ['/v1/webhooks/acme/x', `/v1/webhooks/ORG-2026-99999/${acme.id}`])
      expect((await post(url, signed, body)).status).toBe(401);
    expect((await post(acme.url, signed, body)).status).toBe(200);
    expect(await rowsOf(beech.id)).toEqual([]);
    expect((await webhooks().show('acme', 'github/twin')).received).toBe(1);
    await expect(webhooks().show('beech', acme.id)).rejects.toMatchObject({ code: 'INTEGRATION_NOT_FOUND' });
  });

  it('reaches its handlers in the job, after a failure once more, and is then forgotten but not taken again', async () => {
    const { url, id, secret } = await open('acme', 'github', 'handled');
    const body = JSON.stringify({ ref: 'release' });
    await post(url, services.github(secret, body), body);
    const worker = world.dartwing.jobs.work({ queues: ['default'] });
    await expect
      .poll(() => rowsOf(id), { timeout: 15_000 })
      .toMatchObject([{ state: 'handled', event: 'push' }]);
    await worker.stop();
    const mine = handled.filter(({ account }) => account === 'handled');
    expect(mine).toMatchObject([{ organization: world.acme, provider: 'github', event: 'push' }]);
    expect(mine[0]!.body.toString()).toBe(body);
    await world.database.admin.query(
      "update webhook_delivery set received_at = now() - interval '31 days' where webhook = $1",
      [id],
    );
    await world.dartwing.tokens.cleanup();
    // GitHub signs no time, so the row stays without what it held.
    const { rows } = await world.database.admin.query(
      'select content from webhook_delivery where webhook = $1',
      [id],
    );
    expect(rows).toEqual([{ content: null }]);
    expect((await post(url, services.github(secret, body), body)).body).toMatchObject({ replayed: true });
  });

  it('is taken with the former secret for a day after it was changed', async () => {
    const { url, secret } = await open('acme', 'shopify', 'rotated');
    const next = (await webhooks().set('acme', 'shopify/rotated')).secret!;
    expect(next).not.toBe(secret);
    const send = (with_: string, name: string) => post(url, services.shopify(with_, name), name);
    expect((await send(secret, '{"n":1}')).status).toBe(200);
    expect((await send(next, '{"n":2}')).status).toBe(200);
    clock.advance(86_400_001);
    expect((await send(secret, '{"n":3}')).status).toBe(401);
    expect((await send(next, '{"n":4}')).status).toBe(200);
  });

  it('is answered where the service first asks whether somebody is here, and only with a signature', async () => {
    const { url, id, secret } = await open('acme', 'slack', 'challenge');
    const body = JSON.stringify({ type: 'url_verification', challenge: 'c-1' });
    expect((await post(url, {}, body)).status).toBe(401);
    expect(await post(url, services.slack(secret, body), body)).toEqual({
      status: 200,
      body: { challenge: 'c-1' },
    });
    expect(await rowsOf(id)).toEqual([]);
  });

  it('is taken at the name of the first design, too, and refused when it is too large', async () => {
    const { id, secret } = await open('acme', 'docusign', 'method');
    const at = `/api/method/dartwing_core.webhooks.receive?organization=${world.acme}&integration=${id}`;
    const body = '{"event":"envelope-completed"}';
    expect((await post(at, services.docusign(secret, body), body)).status).toBe(200);
    expect(await rowsOf(id)).toMatchObject([{ event: 'envelope-completed' }]);
    expect((await post(at, services.docusign(secret, body), 'x'.repeat(300_000))).status).toBe(413);
  });

  it('is refused after the integration was disconnected or its webhook removed', async () => {
    const removed = await open('acme', 'quickbooks', 'removed');
    expect((await webhooks().remove('acme', 'quickbooks/removed')).op).toBe('delete');
    await expect(webhooks().remove('acme', 'quickbooks/removed')).rejects.toMatchObject({
      code: 'WEBHOOK_NOT_FOUND',
    });
    const gone = await open('acme', 'quickbooks', 'gone');
    await world.dartwing.tokens.revoke('acme', 'quickbooks/gone');
    for (const { url, secret } of [removed, gone])
      expect((await post(url, services.quickbooks(secret, '{}'), '{}')).status).toBe(401);
  });
});

describe('a webhook', () => {
  it('is made by whoever may write integrations, for services that sign; every act is on record and shows no secret', async () => {
    const { people, audit } = world.dartwing;
    await integrate(world.acme, 'github', 'rights');
    const { after } = await people.member.add('acme', 'bo@acme.test', 'Employee');
    const bo = { principal: { type: 'person' as const, id: after!.person } };
    for (const act of [
      () => webhooks().set('acme', 'github/rights', undefined, bo),
      () => webhooks().show('acme', 'github/rights', bo),
      () => webhooks().remove('acme', 'github/rights', bo),
    ])
      await expect(act()).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    const dry = await webhooks().set('acme', 'github/rights', undefined, { dryRun: true });
    expect(dry).toMatchObject({ secret: undefined, change: { dry_run: true } });
    await expect(webhooks().show('acme', 'github/rights')).rejects.toMatchObject({
      code: 'WEBHOOK_NOT_FOUND',
    });
    await integrate(world.acme, 'twilio', 'rights');
    await expect(webhooks().set('acme', 'twilio/rights')).rejects.toMatchObject({
      code: 'WEBHOOK_UNSUPPORTED',
    });
    await expect(webhooks().set('acme', 'github/rights', 'short')).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
    });
    const { secret } = await webhooks().set('acme', 'github/rights');
    await audit.sequence();
    const { items } = await audit.query({ organization: world.acme, action: 'token.webhook' });
    expect(items.length).toBeGreaterThan(0);
    const { rows } = await world.database.admin.query<{ text: string }>(
      'select w::text as text from incoming_webhook w',
    );
    expect(JSON.stringify([items, rows])).not.toContain(secret);
  });

  it('is sealed: another process with the same master key believes the same deliveries', async () => {
    const { id, secret } = await open('acme', 'github', 'other');
    const other = await createDartwing(testOptions(world.database, { clock }));
    const body = Buffer.from('{"ref":"x"}');
    const headers = services.github(secret, body.toString());
    const { receive } = other.tokens.webhooks;
    const both = await Promise.all([
      receive(world.acme, id, { headers, body }),
      webhooks().receive(world.acme, id, { headers, body }),
    ]);
    expect(both.map(({ replayed }) => replayed).sort()).toEqual([false, true]);
    await other.close();
    expect((await world.dartwing.keys.verify({ organization: 'acme' })).findings).toEqual([]);
  });
});
