import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createDartwing, type Dartwing } from '../../src/core/index.js';
import type { KeyOptions } from '../../src/core/keys/index.js';
import { kmsProvider } from '../../src/core/keys/kms-provider.js';
import { type Pkcs11Options, pkcs11Provider } from '../../src/core/keys/pkcs11-provider.js';
import { vaultProvider } from '../../src/core/keys/vault-provider.js';
import { testOptions } from '../support/database.js';
import { credentials, type KmsServer, startKms } from './kms-server.js';
import { startVault, token, type VaultServer } from './vault-server.js';
import { type KeyWorld, openKeyWorld, putPin, readPin } from './world.js';

const reason = { reason: 'test of key services' };
/** A software token, as Debian installs it. */
const softhsm = '/usr/lib/softhsm/libsofthsm2.so';

const addon = 'pkcs11js';

/** An AES key that never leaves its token, made as an operator would with pkcs11-tool. */
async function makeTokenKey({ module, token, pin, key }: Pkcs11Options): Promise<void> {
  const p = (await import(addon)).default;
  const pkcs11 = new p.PKCS11();
  pkcs11.load(module);
  pkcs11.C_Initialize();
  const labelOf = (slot: Buffer): string => pkcs11.C_GetTokenInfo(slot).label.trim();
  const slot = pkcs11.C_GetSlotList(true).find((each: Buffer) => labelOf(each) === token);
  const session = pkcs11.C_OpenSession(slot, p.CKF_SERIAL_SESSION | p.CKF_RW_SESSION);
  pkcs11.C_Login(session, p.CKU_USER, pin);
  const flags = {
    TOKEN: true,
    PRIVATE: true,
    SENSITIVE: true,
    EXTRACTABLE: false,
    ENCRYPT: true,
    DECRYPT: true,
  };
  pkcs11.C_GenerateKey(session, { mechanism: p.CKM_AES_KEY_GEN }, [
    ...Object.entries(flags).map(([name, value]) => ({ type: p[`CKA_${name}`], value })),
    { type: p.CKA_VALUE_LEN, value: 32 },
    { type: p.CKA_LABEL, value: key },
  ]);
  pkcs11.C_Finalize();
}

async function whyNoToken(): Promise<string | undefined> {
  if (!existsSync(softhsm)) return 'softhsm2 is not installed';
  return import(addon).then(
    () => undefined,
    () => 'pkcs11js is not installed',
  );
}

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

const noToken = await whyNoToken();
if (noToken !== undefined) process.stderr.write(`PKCS #11 was not tested: ${noToken}\n`);

describe.skipIf(noToken !== undefined)('a token of PKCS #11', () => {
  const place = mkdtempSync(join(tmpdir(), 'dartwing-token-'));
  const token = { module: softhsm, token: 'dartwing', pin: '4711', key: 'master' };
  beforeAll(async () => {
    mkdirSync(join(place, 'tokens'));
    writeFileSync(join(place, 'softhsm2.conf'), `directories.tokendir = ${join(place, 'tokens')}\n`);
    vi.stubEnv('SOFTHSM2_CONF', join(place, 'softhsm2.conf'));
    const words = '--init-token --free --label dartwing --pin 4711 --so-pin 4711';
    execFileSync('softhsm2-util', words.split(' '), { stdio: 'ignore' });
    await makeTokenKey(token);
  });
  afterAll(() => rmSync(place, { recursive: true, force: true }));

  it('wraps and opens data keys bound to their organization, purpose and id, also many at once', async () => {
    const provider = pkcs11Provider(token);
    const { plain, ...made } = await provider.generate(context);
    expect(made.wrapped.includes(plain)).toBe(false);
    expect(await provider.unwrap(made, context)).toEqual(plain);
    for (const other of [{ organization: 'ORG-2026-00002' }, { purpose: 'mail' }, { key: 'x' }])
      await expect(provider.unwrap(made, { ...context, ...other })).rejects.toMatchObject(refused);
    for (const at of [0, 5, 20, made.wrapped.length - 1])
      await expect(
        provider.unwrap({ ...made, wrapped: flipped(made.wrapped, at) }, context),
      ).rejects.toMatchObject(refused);
    await expect(provider.unwrap({ ...made, master: 'dartwing/other' }, context)).rejects.toMatchObject(
      refused,
    );
    const many = await Promise.all(Array.from({ length: 20 }, () => provider.generate(context)));
    const opened = await Promise.all(many.map((each) => provider.unwrap(each, context)));
    expect(opened).toEqual(many.map((each) => each.plain));
  });

  it('says what is wrong with the token, and works again once it is right', async () => {
    const check = (more: Partial<typeof token>) => pkcs11Provider({ ...token, ...more }).check();
    await expect(check({ token: 'gone' })).rejects.toMatchObject(unavailable);
    await expect(check({ key: 'gone' })).rejects.toMatchObject(refused);
    await expect(check({ module: '/nowhere/libhsm.so' })).rejects.toMatchObject(unavailable);
    await check({});
  });

  it('holds the keys of an installation, which take over from the local one', async () => {
    const { beech } = world;
    const id = await putPin(world, beech, '4711');
    const other = await createDartwing(
      testOptions(world.database, { keys: { provider: 'pkcs11', pkcs11: token, keptMs: 0 } }),
    );
    await other.keys.rewrap({ organization: beech }, reason);
    const { rows } = await world.database.admin.query(
      'select distinct provider, master from data_key where organization = $1',
      [beech],
    );
    expect(rows).toEqual([{ provider: 'pkcs11', master: 'dartwing/master' }]);
    expect(await readPin({ dartwing: other }, beech, id)).toBe('4711');
    await other.close();
  });
});
