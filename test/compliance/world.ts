/** An installation that could be HIPAA's: a public address with TLS 1.3, keys in a key service, passwords of its own. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, vi } from 'vitest';
import { createDartwing, type Dartwing, type DartwingOptions } from '../../src/core/index.js';
import { credentials, startKms } from '../keys/kms-server.js';
import { cheap } from '../lite/world.js';
import { createTestDatabase, type TestDatabase, testOptions } from '../support/database.js';

export interface ComplianceWorld {
  database: TestDatabase;
  dartwing: Dartwing;
  options: DartwingOptions;
  now: () => Date;
  advance(ms: number): void;
  /** Takes TLS 1.2 too, at `outdatedUrl`. */
  outdatedUrl: string;
  /** The bucket of the archive says that its lock is of this mode. */
  bucket: { mode: 'COMPLIANCE' | 'GOVERNANCE' };
  /** A new organization with an agreement. */
  organization(slug: string): Promise<string>;
  /** Actions of staged entries of a trail, with their bodies. */
  audited(action: string): Promise<Record<string, unknown>[]>;
  /** Another process with other options. */
  open(more: Partial<DartwingOptions>): Promise<Dartwing>;
}

export const because = { reason: 'test of compliance' };

/** A day of the world's clock. */
export function day(at: Date, days = 0): string {
  return new Date(at.getTime() + days * 86_400_000).toISOString().slice(0, 10);
}

export function openComplianceWorld(): ComplianceWorld {
  const world = {} as ComplianceWorld;
  const database = createTestDatabase();
  let passedMs = 0;
  world.advance = (ms) => {
    passedMs += ms;
  };
  world.now = () => new Date(Date.now() + passedMs);
  beforeAll(async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', credentials.accessKeyId);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', credentials.secretAccessKey);
    const kms = await startKms(['alias/one']);
    const tls = makeCertificate();
    const modern = await serve({ ...tls, minVersion: 'TLSv1.3' });
    const outdated = await serve({ ...tls, minVersion: 'TLSv1.2' });
    world.bucket = { mode: 'COMPLIANCE' };
    const s3 = await describeBucket(world.bucket);
    world.database = await database;
    world.options = testOptions(world.database, {
      clock: { now: world.now, monotonicMs: () => performance.now() + passedMs },
      lite: cheap,
      doctypes: [
        {
          doctype: 'Chart',
          naming: { rule: 'client' },
          fields: [{ name: 'finding', type: 'Text', phi: true }],
        },
      ],
      publicUrl: modern.url,
      audit: { archive: { place: 's3://trail', endpoint: s3.url, region: 'us-east-1' } },
      keys: { provider: 'aws-kms', kms: { keyId: 'alias/one', region: 'us-east-1', endpoint: kms.url } },
    });
    world.outdatedUrl = outdated.url;
    world.dartwing = await createDartwing(world.options);
    return async () => {
      await world.dartwing.close();
      await kms.close();
      for (const { server } of [modern, outdated, s3]) server.close();
      vi.unstubAllEnvs();
    };
  });
  world.open = (more) => createDartwing({ ...world.options, ...more });
  world.organization = async (slug) => {
    const { after } = await world.dartwing.tenancy.create({
      slug,
      type: 'company',
      owner: `owner@${slug}.test`,
    });
    await world.dartwing.compliance.baa.add(slug, agreement(world.now()));
    return after!.id;
  };
  world.audited = async (action) => {
    const { rows } = await world.database.admin.query<{ entry: Record<string, unknown> }>(
      "select convert_from(body, 'UTF8')::jsonb as entry from audit_stage",
    );
    return rows.map(({ entry }) => entry).filter((entry) => entry.action === action);
  };
  return world;
}

/** What is asked of a contract, good for a year. */
export function agreement(now: Date) {
  return {
    counterparty: 'Cloud Ltd',
    signed_on: day(now, -1),
    expires_on: day(now, 365),
    file: { name: 'baa.pdf', sha256: 'ab'.repeat(32), bytes: 4711 },
  };
}

function makeCertificate(): { cert: Buffer; key: Buffer } {
  const place = mkdtempSync(join(tmpdir(), 'dartwing-tls-'));
  const [key, cert] = [join(place, 'key.pem'), join(place, 'cert.pem')];
  const words =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost';
  execFileSync('openssl', [...words.split(' '), '-keyout', key, '-out', cert], { stdio: 'ignore' });
  const made = { cert: readFileSync(cert), key: readFileSync(key) };
  rmSync(place, { recursive: true });
  return made;
}

/** A bucket as it describes itself; nothing is put into it. test/audit/object-lock.test.ts has a real one. */
async function describeBucket(bucket: { mode: string }): Promise<{ url: string; server: HttpServer }> {
  const server = createHttpServer(({ url = '' }, response) => {
    const { searchParams: asked } = new URL(url, 'http://bucket');
    response.setHeader('content-type', 'application/xml');
    const rule = `<Rule><DefaultRetention><Mode>${bucket.mode}</Mode><Years>7</Years></DefaultRetention></Rule>`;
    if (asked.has('versioning'))
      return response.end('<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>');
    if (asked.has('object-lock'))
      return response.end(
        `<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>${rule}</ObjectLockConfiguration>`,
      );
    return response.end('<LocationConstraint/>');
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

async function serve(options: Parameters<typeof createServer>[0]): Promise<{ url: string; server: Server }> {
  const server = createServer(options, (_, response) => response.end());
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}
