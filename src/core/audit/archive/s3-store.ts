/**
 * The archive in a bucket with Object Lock. Retention is the bucket's default, so that the server's clock and not ours
 * says until when; objects are read back by their version and compared.
 */
import { createHash } from 'node:crypto';
import type { S3Client } from '@aws-sdk/client-s3';
import { DartwingError } from '../../errors.js';
import { auditBounds } from '../bounds.js';
import {
  type ArchiveOptions,
  type ArchiveStore,
  type ListedObject,
  type ObjectVersion,
  type PlaceFinding,
  type Protection,
  retentionYearsMin,
} from './store.js';

type S3 = typeof import('@aws-sdk/client-s3');
interface Parts {
  s3: S3;
  client: S3Client;
}

/** Nothing is loaded or asked before the first object. @throws CONFIG_INVALID */
export function s3Store(options: ArchiveOptions): ArchiveStore {
  const [, bucket, prefix = ''] =
    /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*?))?\/?$/.exec(options.place) ?? [];
  if (bucket === undefined)
    throw new DartwingError('CONFIG_INVALID', {
      where: 'audit_archive',
      message: 'it is not s3://bucket/prefix',
    });
  let opening: Promise<Parts> | undefined;
  const open = () => {
    opening ??= loadS3().then((s3) => ({ s3, client: clientOf(s3, options) }));
    return opening;
  };
  const ask = async <T>(work: (parts: Parts) => Promise<T>): Promise<T> => {
    const parts = await open();
    return work(parts).catch((error: unknown) => {
      throw failureOf(error, options.place);
    });
  };
  const nameOf = (key: string) => (prefix === '' ? key : `${prefix}/${key}`);
  const keyOf = (name: string) => (prefix === '' ? name : name.slice(prefix.length + 1));

  async function* list(start: string, behind?: string): AsyncGenerator<ListedObject> {
    let [keyMarker, versionMarker]: (string | undefined)[] = [behind && nameOf(behind)];
    let held: { key: string; versions: ObjectVersion[] } | undefined;
    for (;;) {
      const page = await ask(({ s3, client }) =>
        client.send(
          new s3.ListObjectVersionsCommand({
            Bucket: bucket,
            Prefix: nameOf(start),
            KeyMarker: keyMarker,
            VersionIdMarker: versionMarker,
          }),
        ),
      );
      for (const { name, ...version } of entriesOf(page)) {
        const key = keyOf(name);
        if (held !== undefined && held.key !== key) yield held;
        if (held?.key !== key) held = { key, versions: [] };
        // The service tells the newest first.
        held.versions.unshift(version);
      }
      if (page.IsTruncated !== true) break;
      [keyMarker, versionMarker] = [page.NextKeyMarker, page.NextVersionIdMarker];
    }
    if (held !== undefined) yield held;
  }

  const read = (key: string, versionId: string | null | undefined) =>
    ask(async ({ s3, client }) => {
      try {
        const answer = await client.send(
          new s3.GetObjectCommand({ Bucket: bucket, Key: nameOf(key), VersionId: versionId ?? undefined }),
        );
        return Buffer.from(await answer.Body!.transformToByteArray());
      } catch (error) {
        if (withoutAnswer.has((error as Error).name)) return undefined;
        throw error;
      }
    });

  async function versionsOf(key: string): Promise<readonly ObjectVersion[]> {
    for await (const listed of list(key)) if (listed.key === key) return listed.versions;
    return [];
  }

  /** The oldest version that has this content. */
  async function adopt(key: string, bytes: Buffer): Promise<string | null | undefined> {
    return oldestEqual(key, bytes, await versionsOf(key));
  }

  async function oldestEqual(
    key: string,
    bytes: Buffer,
    versions: readonly ObjectVersion[],
  ): Promise<string | null | undefined> {
    for (const { versionId, isDeleteMarker } of versions) {
      if (!isDeleteMarker && (await read(key, versionId))?.equals(bytes)) return versionId;
    }
    return undefined;
  }

  return {
    name: options.place,
    isImmutable: true,
    put: async (key, bytes) => {
      const before = await adopt(key, bytes);
      if (before !== undefined) return before;
      let made: string | undefined;
      try {
        made = await ask((parts) =>
          putObject(parts, { bucket, name: nameOf(key), bytes, hold: options.legalHold === true }),
        );
      } catch (error) {
        // Its outcome is unknown: the answer may be all that was lost.
        const kept = await adopt(key, bytes).catch(() => undefined);
        if (kept !== undefined) return kept;
        throw error;
      }
      const versions = await versionsOf(key);
      // Alone it needs no look; beside others the oldest with this content counts.
      if (versions.length === 1 && versions[0]!.versionId === (made ?? null)) return versions[0]!.versionId;
      const kept = await oldestEqual(key, bytes, versions);
      if (kept !== undefined) return kept;
      throw new DartwingError('ARCHIVE_REFUSED', {
        place: options.place,
        message: 'what was written is not there',
      });
    },
    get: async (key, versionId) => {
      if (versionId !== undefined && versionId !== null) return read(key, versionId);
      const oldest = (await versionsOf(key)).find(({ isDeleteMarker }) => !isDeleteMarker);
      return oldest === undefined ? undefined : read(key, oldest.versionId);
    },
    list,
    protection: (key, versionId) =>
      ask(({ s3, client }) =>
        readProtection(
          { s3, client },
          { Bucket: bucket, Key: nameOf(key), VersionId: versionId ?? undefined },
        ),
      ),
    check: () => ask((parts) => checkBucket(parts, bucket, options)),
    close: () => void opening?.then(({ client }) => client.destroy()).catch(() => {}),
  };
}

function clientOf(s3: S3, { endpoint, region }: ArchiveOptions): S3Client {
  return new s3.S3Client({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    maxAttempts: auditBounds.archiveAttemptsMax,
    requestHandler: {
      connectionTimeout: auditBounds.archiveConnectMs,
      requestTimeout: auditBounds.archiveMs,
    },
  });
}

async function putObject(
  { s3, client }: Parts,
  { bucket, name, bytes, hold }: { bucket: string; name: string; bytes: Buffer; hold: boolean },
): Promise<string | undefined> {
  const put = (condition: { IfNoneMatch?: string }) =>
    client.send(
      new s3.PutObjectCommand({
        Bucket: bucket,
        Key: name,
        Body: bytes,
        ContentMD5: createHash('md5').update(bytes).digest('base64'),
        ContentType: name.endsWith('.json') ? 'application/json' : 'application/gzip',
        ...(hold ? { ObjectLockLegalHoldStatus: 'ON' as const } : {}),
        ...condition,
      }),
    );
  // Where it is known, it keeps two processes from making two versions. Nothing relies on it.
  const { VersionId } = await put({ IfNoneMatch: '*' }).catch((error: Error) => {
    if (error.name === 'NotImplemented') return put({});
    throw error;
  });
  return VersionId;
}

interface Named {
  Key?: string | undefined;
  VersionId?: string | undefined;
}

function* entriesOf(page: {
  Versions?: Named[] | undefined;
  DeleteMarkers?: Named[] | undefined;
}): Generator<ObjectVersion & { name: string }> {
  const all = [
    ...(page.Versions ?? []).map((one) => ({ ...one, isDeleteMarker: false })),
    ...(page.DeleteMarkers ?? []).map((one) => ({ ...one, isDeleteMarker: true })),
  ];
  // Two lists, each in the order of keys and newest first: together by key, and a marker is newer than what it hides.
  const byKey = (a: Named, b: Named) => Buffer.compare(Buffer.from(a.Key ?? ''), Buffer.from(b.Key ?? ''));
  const sorted = all.sort((a, b) => byKey(a, b) || Number(b.isDeleteMarker) - Number(a.isDeleteMarker));
  for (const { Key, VersionId, isDeleteMarker } of sorted)
    yield { name: Key ?? '', versionId: VersionId ?? null, isDeleteMarker };
}

async function readProtection(
  { s3, client }: Parts,
  object: { Bucket: string; Key: string; VersionId: string | undefined },
): Promise<Protection> {
  const absent = (error: Error) => {
    if (withoutAnswer.has(error.name)) return undefined;
    throw error;
  };
  const [retention, hold] = await Promise.all([
    client.send(new s3.GetObjectRetentionCommand(object)).catch(absent),
    client.send(new s3.GetObjectLegalHoldCommand(object)).catch(absent),
  ]);
  const mode = retention?.Retention?.Mode?.toLowerCase();
  return {
    mode: mode === 'compliance' || mode === 'governance' ? mode : 'none',
    retainUntil: retention?.Retention?.RetainUntilDate,
    legalHold: hold?.LegalHold?.Status === 'ON',
  };
}

/** Whether a bucket is fit to keep the trail. */
async function checkBucket(
  { s3, client }: Parts,
  bucket: string,
  options: ArchiveOptions,
): Promise<PlaceFinding[]> {
  const findings: PlaceFinding[] = [];
  const fail = (what: string, fix: string) =>
    findings.push({ severity: 'fail', what: `${bucket}: ${what}`, fix });
  const years = Math.max(options.retentionYears ?? 0, retentionYearsMin);
  const versioning = await client.send(new s3.GetBucketVersioningCommand({ Bucket: bucket }));
  if (versioning.Status !== 'Enabled')
    fail('it keeps no versions', 'Make a bucket with Object Lock; it has versions');
  const lock = await client
    .send(new s3.GetObjectLockConfigurationCommand({ Bucket: bucket }))
    .catch((error: Error) => {
      if (error.name === 'ObjectLockConfigurationNotFoundError') return undefined;
      throw error;
    });
  const { ObjectLockEnabled: isLocked, Rule: rule } = lock?.ObjectLockConfiguration ?? {};
  if (isLocked !== 'Enabled')
    fail('it has no Object Lock', 'Object Lock is chosen when a bucket is made: make another');
  const { Mode: mode, Years: inYears = 0, Days: inDays = 0 } = rule?.DefaultRetention ?? {};
  if (isLocked === 'Enabled' && mode === undefined)
    fail('it has no default retention', `Set one of ${years} years in mode COMPLIANCE`);
  if (mode === 'GOVERNANCE') {
    const what = `${bucket}: its mode is GOVERNANCE, which privileged users may bypass`;
    const severity = options.mode === 'governance' ? 'warn' : 'fail';
    findings.push({ severity, what, fix: 'Set the default retention to mode COMPLIANCE' });
  }
  if (mode !== undefined && inYears * 365 + inDays < years * 365)
    fail(`it keeps objects for less than ${years} years`, `Set the default retention to ${years} years`);
  const { LocationConstraint: found } = await client.send(
    new s3.GetBucketLocationCommand({ Bucket: bucket }),
  );
  const region = options.region ?? (await client.config.region());
  if (options.endpoint === undefined && (found || 'us-east-1') !== region)
    fail(`it is in ${found || 'us-east-1'}, not in ${region}`, 'Choose a bucket in the region of the data');
  return findings;
}

async function loadS3(): Promise<S3> {
  try {
    return await import('@aws-sdk/client-s3');
  } catch (error) {
    const fix = 'npm install @aws-sdk/client-s3';
    throw new DartwingError('ARCHIVE_CLIENT_MISSING', { fix }, { cause: error });
  }
}

/** An object, a version or a lock that is not there, or only a delete marker. */
const withoutAnswer = new Set([
  'MethodNotAllowed',
  'NoSuchKey',
  'NoSuchObjectLockConfiguration',
  'NoSuchVersion',
  'ObjectLockConfigurationNotFoundError',
]);

/** Refusals that another attempt does not change. */
const refusals = new Set([
  'AccessDenied',
  'InvalidAccessKeyId',
  'InvalidBucketState',
  'InvalidRequest',
  'NoSuchBucket',
  'SignatureDoesNotMatch',
]);

function failureOf(error: unknown, place: string): DartwingError {
  if (error instanceof DartwingError) return error;
  const { name = 'Error' } = error as Error;
  const code = refusals.has(name) ? 'ARCHIVE_REFUSED' : 'ARCHIVE_UNAVAILABLE';
  return new DartwingError(code, { place, message: name }, { cause: error });
}
