import { describe, expect, it } from 'vitest';
import { fillIn, isHostOf, parseSettings } from '../../src/core/tokens/address.js';
import { openCatalogue } from '../../src/core/tokens/catalogue.js';
import { openOutgoing } from '../../src/core/tokens/outgoing.js';
import { addressesOf, type ProviderInput } from '../../src/core/tokens/provider.js';

const catalogue = openCatalogue();
const entry: ProviderInput = {
  title: 'Mine',
  category: 'crm',
  tier: 'pro',
  auth: 'oauth2',
  authorize_url: 'https://{shop}.mine.test/authorize',
  token_url: 'https://{shop}.mine.test/token',
  settings: { shop: { label: 'the shop', pattern: '^[a-z]+$' } },
  hosts: ['{shop}.mine.test'],
  docs: 'https://mine.test/docs',
};

describe('the catalogue', () => {
  it('has the providers that the requirements name first, and at least 45', () => {
    const names = catalogue.all().map(({ name }) => name);
    expect(names.length).toBeGreaterThanOrEqual(45);
    expect(names).toEqual(
      expect.arrayContaining(['google', 'slack', 'quickbooks', 'salesforce', 'zapier', 'microsoft365']),
    );
    expect(names).toEqual(
      expect.arrayContaining([
        'docusign',
        'adobe_sign',
        'box',
        'power_automate',
        'wave',
        'discord',
        'dropbox',
      ]),
    );
  });

  it.each(catalogue.all().map((provider) => [provider.name, provider] as const))(
    '%s is asked by https, at hosts that no setting can change',
    (_, provider) => {
      const hostile = ['evil.test/', 'a@evil.test', 'x#', 'x?y', 'x:443', '..', 'x\\y', ''];
      for (const [field, address] of addressesOf(provider)) {
        expect(address, field).toMatch(/^https:/);
        // What follows the settings ends the host name as the catalogue writes it.
        const host = /^https:\/\/([^/]+)/.exec(address)![1]!;
        expect(host, field).toMatch(/[a-z0-9-]\.[a-z]{2,}$|\.\{domain\}$/);
      }
      for (const key of Object.keys(provider.settings))
        for (const value of hostile)
          expect(() => parseSettings(provider, { [key]: value })).toThrow(/setting/);
      if (provider.health !== undefined) {
        const settings = Object.fromEntries(
          Object.entries(provider.settings).map(([key, { default: value, choices }]) => [
            key,
            value ?? choices?.[0] ?? 'acme',
          ]),
        );
        const url = new URL(fillIn(provider.health.url, settings));
        const isOwn = isHostOf(provider, settings, url);
        // Identity of Google, PayPal's own host and DocuSign's account host are among their hosts as well.
        expect([provider.name, url.host, isOwn]).toEqual([provider.name, url.host, true]);
      }
    },
  );

  it('takes providers of modules and refuses what cannot be right', () => {
    expect(openCatalogue({ mine: entry }).require('mine').title).toBe('Mine');
    for (const [change, message] of [
      [{ token_url: undefined }, 'token_url is missing'],
      [{ token_url: 'https://{other}.mine.test/token' }, 'which is no setting'],
      [{ token_url: 'https://user@mine.test/token' }, 'a user or a fragment'],
      [{ token_url: 'ftp://mine.test' }, 'is an address'],
      [{ hosts: [] }, 'hosts'],
      [{ settings: { shop: { label: 'x', pattern: '[a-z]+' } } }, 'begins with'],
      [{ settings: { shop: { label: 'x', pattern: '^.+$' } } }, 'lets an address be changed'],
      [{ settings: { shop: { label: 'x' } } }, 'either a pattern or choices'],
      [{ surprise: true }, 'surprise'],
    ] as const)
      expect(() => openCatalogue({ mine: { ...entry, ...change } as ProviderInput })).toThrow(message);
    expect(() => openCatalogue({ 'Not so': entry })).toThrow('its name is not written');
  });
});

describe('where a credential may go', () => {
  const provider = openCatalogue({
    mine: { ...entry, hosts: ['{shop}.mine.test', '*.api.mine.test'] },
  }).require('mine');

  it.each([
    ['https://acme.mine.test/x', true],
    ['https://eu.api.mine.test/x', true],
    ['https://api.mine.test/x', false],
    ['https://other.mine.test/x', false],
    ['https://acme.mine.test.evil.test/x', false],
    ['https://acme.mine.test:8443/x', false],
    ['https://evilapi.mine.test/x', false],
  ])('%s: %s', (address, may) => {
    expect(isHostOf(provider, { shop: 'acme' }, new URL(address))).toBe(may);
  });

  it.each([
    'http://example.com/',
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[64:ff9b::7f00:1]/',
    'https://[2002:7f00:1::]/',
    'https://10.0.0.8/',
    'https://169.254.169.254/latest',
    'https://100.64.0.1/',
    'https://user:pass@example.com/',
    'https://example.com:8443/',
    'https://localhost/',
  ])('%s is refused before a connection is made', async (address) => {
    const outgoing = openOutgoing();
    await expect(outgoing.request(address, { timeoutMs: 5_000 })).rejects.toMatchObject({
      code: 'OUTGOING_REFUSED',
    });
    await outgoing.close();
  });
});
