/** The archive in a real bucket with Object Lock. */

import { randomBytes } from 'node:crypto';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { openArchive } from '../../src/core/audit/archive/place.js';
import type { ArchiveOptions } from '../../src/core/audit/archive/store.js';
import { atEnd } from '../support/ending.js';
import { type ObjectStore, openObjectStore, whyNoObjectStore } from '../support/object-store.js';
import { type ArchiveWorld, archiveSuite, openArchiveWorld } from './archive-suite.js';
import { write } from './entries.js';

const why = whyNoObjectStore();
if (why !== undefined) process.stderr.write(`The archive in a bucket was not tested: ${why}\n`);

describe.skipIf(why !== undefined)('a bucket with Object Lock', { timeout: 120_000 }, () => {
  let server: ObjectStore;
  let client: S3Client;
  let world: ArchiveWorld;
  const bucketOf = (name: string) => `dartwing-${name}-${randomBytes(4).toString('hex')}`;
  const locked = bucketOf('locked');
  const at = (bucket: string, more: Partial<ArchiveOptions> = {}): ArchiveOptions => ({
    place: `s3://${bucket}/trail`,
    endpoint: server.endpoint,
    region: 'us-east-1',
    ...more,
  });

  async function makeBucket(
    name: string,
    rule?: { Mode: 'COMPLIANCE' | 'GOVERNANCE'; Years: number },
  ): Promise<void> {
    await client.send(new CreateBucketCommand({ Bucket: name, ObjectLockEnabledForBucket: true }));
    if (rule === undefined) return;
    const configuration = { ObjectLockEnabled: 'Enabled' as const, Rule: { DefaultRetention: rule } };
    await client.send(
      new PutObjectLockConfigurationCommand({ Bucket: name, ObjectLockConfiguration: configuration }),
    );
  }

  beforeAll(async () => {
    server = await openObjectStore();
    vi.stubEnv('AWS_ACCESS_KEY_ID', server.accessKeyId);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', server.secretAccessKey);
    client = new S3Client({ endpoint: server.endpoint, region: 'us-east-1', forcePathStyle: true });
    await makeBucket(locked, { Mode: 'COMPLIANCE', Years: 7 });
    world = await openArchiveWorld(at(locked, { legalHold: true }));
  }, 120_000);
  atEnd(async () => {
    vi.unstubAllEnvs();
    client?.destroy();
    world?.store.close();
    await server?.close();
  });

  archiveSuite('keeps a trail: it', () => world);

  it('locks every object for seven years in mode compliance, with a legal hold when that is wanted', async () => {
    const { rows } = await world.database.admin.query(
      'select key, version_id, mode, retain_until from audit_segment where sealed_at is not null',
    );
    expect(rows.length).toBeGreaterThan(3);
    const { items } = await world.dartwing.compliance.status('acme', 'hipaa');
    expect(items.find(({ id }) => id === 'audit.worm')).toMatchObject({
      result: 'pass',
      evidence: expect.stringContaining(locked),
    });
    for (const { key, version_id: version, mode, retain_until: until } of rows) {
      expect(mode).toBe('compliance');
      expect(until.getUTCFullYear()).toBeGreaterThanOrEqual(new Date().getUTCFullYear() + 7);
      expect(await world.store.protection(key, version)).toMatchObject({
        mode: 'compliance',
        legalHold: true,
      });
    }
  });

  it('refuses to delete, to shorten, to weaken and to stop keeping versions', async () => {
    const { rows } = await world.database.admin.query('select key, version_id from audit_segment limit 1');
    const object = { Bucket: locked, Key: `trail/${rows[0].key}`, VersionId: rows[0].version_id };
    const soon = new Date(Date.now() + 60_000);
    const attempts = {
      delete: new DeleteObjectCommand(object),
      'delete around governance': new DeleteObjectCommand({ ...object, BypassGovernanceRetention: true }),
      shorten: new PutObjectRetentionCommand({
        ...object,
        Retention: { Mode: 'COMPLIANCE', RetainUntilDate: soon },
      }),
      weaken: new PutObjectRetentionCommand({
        ...object,
        Retention: { Mode: 'GOVERNANCE', RetainUntilDate: soon },
        BypassGovernanceRetention: true,
      }),
      'keep no versions': new PutBucketVersioningCommand({
        Bucket: locked,
        VersioningConfiguration: { Status: 'Suspended' },
      }),
    };
    for (const [name, command] of Object.entries(attempts))
      await expect(client.send(command as never), name).rejects.toThrow();
    expect((await world.dartwing.audit.verifyArchive()).findings).toEqual([]);
  });

  it('keeps the ledger of erasures, which a delete marker does not hide', async () => {
    const { dartwing, database, store } = world;
    const { after } = await dartwing.people.person.create({
      primary_email: 'mara@acme.test',
      first_name: 'Mara',
      last_name: 'Lo',
      source: 'import',
    });
    await dartwing.privacy.erase(after!.id, { reason: 'asked for' });
    const kept = async () => {
      const found = [];
      for await (const one of store.list('erasures/')) found.push(one);
      return found;
    };
    const [line, ...others] = await kept();
    expect(others).toEqual([]);
    expect(line!.key).toContain(after!.id);
    expect(await store.protection(line!.key, line!.versions[0]!.versionId)).toMatchObject({
      mode: 'compliance',
      legalHold: true,
    });
    await client.send(new DeleteObjectCommand({ Bucket: locked, Key: `trail/${line!.key}` }));
    expect((await kept())[0]!.versions).toMatchObject([{ isDeleteMarker: false }, { isDeleteMarker: true }]);
    expect((await dartwing.privacy.ledger.status()).pending).toEqual([]);
    // As in a copy of the database from before.
    await database.admin.query('delete from erasure');
    const { pending } = await dartwing.privacy.ledger.status();
    expect(pending.map(({ person }) => person)).toEqual([after!.id]);
    await dartwing.privacy.ledger.replay(pending[0]!, { reason: 'put back' });
    expect(await dartwing.privacy.ledger.write()).toEqual({ written: 1, refused: [] });
    expect((await dartwing.privacy.ledger.status()).pending).toEqual([]);
  });

  it('is not deceived by a version over an object, nor by a delete marker', async () => {
    const { rows } = await world.database.admin.query(
      'select key from audit_segment where organization = $1 order by first_seq limit 2',
      [world.acme],
    );
    const name = (key: string) => ({ Bucket: locked, Key: `trail/${key}` });
    await client.send(
      new PutObjectCommand({ ...name(rows[0].key), Body: 'another', ChecksumAlgorithm: 'CRC32' }),
    );
    await client.send(new DeleteObjectCommand(name(rows[1].key)));
    const report = await world.dartwing.audit.verifyArchive();
    expect(report.ok).toBe(true);
    expect(report.findings.map(({ kind, severity }) => `${severity} ${kind}`)).toEqual([
      'warn shadow',
      'warn shadow',
    ]);
    await write(world, world.acme, 2);
    expect((await world.dartwing.audit.seal()).failed).toEqual([]);
  });

  it('must have a lock, the right mode and seven years, or nothing is sealed', async () => {
    const [plain, open, short, governed] = ['plain', 'open', 'short', 'governed'].map(bucketOf) as [
      string,
      string,
      string,
      string,
    ];
    await client.send(new CreateBucketCommand({ Bucket: plain }));
    await makeBucket(open);
    await makeBucket(short, { Mode: 'COMPLIANCE', Years: 6 });
    await makeBucket(governed, { Mode: 'GOVERNANCE', Years: 8 });
    const findingsOf = async (options: ArchiveOptions) =>
      (await openArchive(options).check()).map(({ severity, what }) => `${severity} ${what.split(': ')[1]}`);
    expect(await findingsOf(at(locked))).toEqual([]);
    expect(await findingsOf(at(plain))).toEqual(['fail it keeps no versions', 'fail it has no Object Lock']);
    expect(await findingsOf(at(open))).toEqual(['fail it has no default retention']);
    expect(await findingsOf(at(short))).toEqual(['fail it keeps objects for less than 7 years']);
    expect(await findingsOf(at(governed))).toEqual([expect.stringContaining('fail its mode is GOVERNANCE')]);
    expect(await findingsOf(at(governed, { mode: 'governance' }))).toEqual([expect.stringContaining('warn')]);
    expect(await findingsOf(at(locked, { retentionYears: 10 }))).toEqual([
      'fail it keeps objects for less than 10 years',
    ]);
    for (const options of [at(bucketOf('nowhere')), at(locked, { endpoint: 'http://127.0.0.1:9' })])
      await expect(openArchive(options).check()).rejects.toMatchObject({
        code: /ARCHIVE_(REFUSED|UNAVAILABLE)/,
      });
  });
});
