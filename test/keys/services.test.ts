import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createDartwing, type Dartwing } from '../../src/core/index.js';
import type { KeyOptions } from '../../src/core/keys/index.js';
import { kmsProvider } from '../../src/core/keys/kms-provider.js';
import { vaultProvider } from '../../src/core/keys/vault-provider.js';
import { testOptions } from '../support/database.js';
import { credentials, type KmsServer, startKms } from './kms-server.js';
import { startVault, token, type VaultServer } from './vault-server.js';
import { type KeyWorld, openKeyWorld, putPin, readPin } from './world.js';

const reason = { reason: 'test of key services' };
const context = {
  organization: 'ORG-2026-00001',
  purpose: 'fax',
  key: '019ab0c4-7f00-7000-8000-000000000001',
};
let kms: KmsServer;
let vault: VaultServer;
let world: KeyWorld;

beforeAll(async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', credentials.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', credentials.secretAccessKey);
  kms = await startKms(['alias/one', 'alias/two']);
  vault = await startVault('dartwing');
  world = await openKeyWorld();
});
afterAll(async () => {
  await kms.close();
  await vault.close();
  vi.unstubAllEnvs();
});

const kmsKey = (keyId = 'alias/one') => ({ keyId, region: 'eu-central-1', endpoint: kms.url });
const vaultKey = (more = {}) => ({ address: vault.url, token, key: 'dartwing', ...more });
const flipped = (bytes: Buffer, at: number) => {
  const copy = Buffer.from(bytes);
  copy[at]! ^= 1;
  return copy;
};
const refused = { code: 'KEY_SERVICE_REFUSED' };
const unavailable = { code: 'KEY_SERVICE_UNAVAILABLE' };

describe('AWS KMS', () => {
  it('makes, wraps and opens data keys bound to their organization, purpose and id', async () => {
    const provider = kmsProvider(kmsKey());
    const { plain, ...made } = await provider.generate(context);
    expect(await provider.unwrap(made, context)).toEqual(plain);
    expect(await provider.unwrap(await provider.wrap(plain, context), context)).toEqual(plain);
    for (const other of [{ organization: 'ORG-2026-00002' }, { purpose: 'mail' }, { key: 'x' }])
      await expect(provider.unwrap(made, { ...context, ...other })).rejects.toMatchObject(refused);
    await expect(
      provider.unwrap({ ...made, wrapped: flipped(made.wrapped, made.wrapped.length - 1) }, context),
    ).rejects.toMatchObject(refused);
    await expect(provider.unwrap({ ...made, master: 'alias/two' }, context)).rejects.toMatchObject(refused);
    expect(kms.calls[0]).toBe(
      `GenerateDataKey ${JSON.stringify({ app: 'dartwing', organization: context.organization, purpose: 'fax', key: context.key })}`,
    );
  });

  it('is not used with a disabled key, one that is to be deleted or unknown, or wrong credentials', async () => {
    const provider = kmsProvider(kmsKey());
    const { plain: _, ...made } = await provider.generate(context);
    for (const state of ['Disabled', 'PendingDeletion'] as const) {
      kms.setState('alias/one', state);
      for (const act of [
        () => provider.generate(context),
        () => provider.unwrap(made, context),
        () => provider.check(),
      ])
        await expect(act()).rejects.toMatchObject(refused);
    }
    kms.setState('alias/one', 'Enabled');
    await provider.check();
    await expect(kmsProvider(kmsKey('alias/none')).generate(context)).rejects.toMatchObject(refused);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'another');
    await expect(kmsProvider(kmsKey()).generate(context)).rejects.toMatchObject(refused);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', credentials.secretAccessKey);
  });

  it('may come back when it fails or is not there', async () => {
    kms.fail(true);
    await expect(kmsProvider(kmsKey()).generate(context)).rejects.toMatchObject(unavailable);
    kms.fail(false);
    const nobody = kmsProvider({ ...kmsKey(), endpoint: 'http://127.0.0.1:1' });
    await expect(nobody.generate(context)).rejects.toMatchObject(unavailable);
  });
});

describe('Vault', () => {
  it('wraps and opens data keys bound to their organization, purpose and id', async () => {
    const provider = vaultProvider(vaultKey());
    const { plain, ...made } = await provider.generate(context);
    expect(made.wrapped.toString()).toMatch(/^vault:v1:/);
    expect(await provider.unwrap(made, context)).toEqual(plain);
    for (const other of [{ organization: 'ORG-2026-00002' }, { purpose: 'mail' }, { key: 'x' }])
      await expect(provider.unwrap(made, { ...context, ...other })).rejects.toMatchObject(refused);
    await expect(
      provider.unwrap({ ...made, wrapped: Buffer.from('vault:v9:AAAA') }, context),
    ).rejects.toMatchObject(refused);
  });

  it('is refused without its token, and comes back when it is unsealed', async () => {
    await expect(vaultProvider(vaultKey({ token: 'x' })).check()).rejects.toMatchObject(refused);
    await expect(vaultProvider(vaultKey({ key: 'none' })).generate(context)).rejects.toMatchObject(refused);
    vault.seal(true);
    await expect(vaultProvider(vaultKey()).generate(context)).rejects.toMatchObject(unavailable);
    vault.seal(false);
    await vaultProvider(vaultKey()).check();
    await expect(vaultProvider(vaultKey({ address: 'http://127.0.0.1:1' })).check()).rejects.toMatchObject(
      unavailable,
    );
  });
});

describe('a change of the key service', () => {
  const open = (keys: KeyOptions): Promise<Dartwing> => createDartwing(testOptions(world.database, { keys }));

  it('wraps the same keys anew, and every value stays readable', async () => {
    const { acme } = world;
    const id = await putPin(world, acme, 'before');
    const both = { kms: kmsKey(), vault: vaultKey() };
    const inKms = await open({ provider: 'aws-kms', ...both });
    expect((await inKms.keys.status()).findings.map((finding) => finding.id)).toEqual(['key.master']);
    expect(await inKms.keys.rewrap({}, reason)).toEqual({ rewrapped: 1, total: 1 });
    expect((await inKms.keys.status()).findings).toEqual([]);
    const inVault = await open({ provider: 'vault', ...both, keptMs: 0 });
    expect(await readPin({ dartwing: inVault }, acme, id)).toBe('before');
    await inVault.keys.rewrap({ organization: 'acme' }, reason);
    vault.rotate();
    await inVault.keys.rewrap({ organization: 'acme' }, reason);
    vault.setMinDecryptionVersion(2);
    expect(await readPin({ dartwing: inVault }, acme, id)).toBe('before');
    const alone = await open({});
    await expect(readPin({ dartwing: alone }, acme, id)).rejects.toMatchObject({
      code: 'KEY_PROVIDER_MISSING',
    });
    vault.seal(true);
    await expect(readPin({ dartwing: inVault }, acme, id)).rejects.toMatchObject(unavailable);
    expect((await inVault.keys.status()).findings).toMatchObject([{ id: 'key.service', severity: 'fail' }]);
    // Nothing is ever written open because the service is away.
    await expect(putPin({ dartwing: inVault }, acme, 'open')).rejects.toMatchObject(unavailable);
    vault.seal(false);
    for (const dartwing of [inKms, inVault, alone]) await dartwing.close();
  });
});
