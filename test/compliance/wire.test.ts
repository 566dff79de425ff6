import { afterAll, expect, test } from 'vitest';
import { createServer } from '../../src/server/index.js';
import { openTestDartwing } from '../support/database.js';

const { database, dartwing } = await openTestDartwing();
for (const slug of ['acme', 'bolt'])
  await dartwing.tenancy.create({ slug, type: 'company', owner: `owner@${slug}.test` });
await database.admin.query(`insert into compliance_policy
  (organization, version, frameworks, settings, exceptions, hash, reason, created_at, created_by)
  select id, 1, '{hipaa}', '{"tls_required": true}', '{}', '', '', now(), '' from organization where slug = 'acme'`);
const listening = await createServer(dartwing, { trustedProxies: ['127.0.0.1', '::1'] }).listen({ port: 0 });
afterAll(() => listening.close());

const keyOf = async (slug: string) => {
  const { change, secret } = await dartwing.identity.apiKeys.create(slug, {
    name: 'wire',
    environment: 'production',
    permissions: ['*:read'],
  });
  return `${change.after!.id}:${secret}`;
};

/** What a call answers that a proxy says came by a protocol. */
async function ask(slug: string, proto: string | undefined): Promise<string> {
  const answer = await fetch(`${listening.url}/v1/organizations/${slug}`, {
    headers: {
      authorization: `token ${await keyOf(slug)}`,
      ...(proto === undefined ? {} : { 'x-forwarded-proto': proto }),
    },
  });
  const body = (await answer.json()) as { error?: { code: string } };
  return body.error?.code ?? String(answer.status);
}

test('a governed organization takes no call that came to a proxy without encryption; another one does', async () => {
  expect(await ask('acme', 'http')).toBe('TLS_REQUIRED');
  expect(await ask('acme', 'https')).toBe('200');
  expect(await ask('bolt', 'http')).toBe('200');
});

test('a call from the machine itself goes over no wire', async () => {
  expect(await ask('acme', undefined)).toBe('200');
});
