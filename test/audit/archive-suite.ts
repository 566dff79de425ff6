/** What every place of an archive has to do, whether it is a folder or a bucket. */
import { describe, expect, it } from 'vitest';
import { openArchive } from '../../src/core/audit/archive/place.js';
import { sealTrails } from '../../src/core/audit/archive/seal.js';
import type { ArchiveOptions, ArchiveStore } from '../../src/core/audit/archive/store.js';
import { verifyArchive } from '../../src/core/audit/index.js';
import type { Dartwing } from '../../src/core/index.js';
import { describeInstallation } from '../../src/core/options.js';
import { openTestDartwing, type TestDatabase, testOptions } from '../support/database.js';
import { write } from './entries.js';

export interface ArchiveWorld {
  database: TestDatabase;
  dartwing: Dartwing;
  /** Ids of two organizations. */
  acme: string;
  beta: string;
  store: ArchiveStore;
  options: ArchiveOptions;
}

/** Opens a world whose trails go to a place. */
export async function openArchiveWorld(options: ArchiveOptions): Promise<ArchiveWorld> {
  const { database, dartwing } = await openTestDartwing({ audit: { archive: options } });
  const create = async (slug: string) => {
    await dartwing.tenancy.create({ slug, type: 'company', owner: `ana@${slug}.test` });
    return (await dartwing.tenancy.show(slug)).id;
  };
  const [acme, beta] = [await create('acme'), await create('beta')];
  return { database, dartwing, acme, beta, store: openArchive(options), options };
}

/** The superuser with the triggers off. */
export async function sabotage(
  { database }: Pick<ArchiveWorld, 'database'>,
  ...statements: string[]
): Promise<void> {
  const tables = ['audit_event', 'audit_checkpoint', 'audit_segment', 'audit_epoch', 'audit_signer'];
  // One round trip, and one transaction: there are hundreds of attacks.
  await database.admin.query(
    [
      ...tables.map((table) => `alter table ${table} disable trigger user`),
      ...statements,
      ...tables.map((table) => `alter table ${table} enable always trigger ${table}_immutable`),
    ].join(';\n'),
  );
}

export const kindsOf = (report: {
  findings: readonly { organization: string; severity: string; [key: string]: unknown }[];
}) => report.findings.map(({ kind, severity }) => `${severity} ${String(kind)}`);

/** The tests that every place has to pass. */
export function archiveSuite(name: string, world: () => ArchiveWorld): void {
  describe(name, () => {
    it('takes what is signed, and proves it without a database', async () => {
      const { dartwing, acme, store } = world();
      await write(world(), acme, 20);
      const round = await dartwing.audit.seal();
      expect(round.failed).toEqual([]);
      expect(round.trails).toEqual(expect.arrayContaining([acme, 'DEPLOYMENT', 'SYSTEM']));
      const found = await verifyArchive(store, {}, world().options);
      expect(found.findings).toEqual([]);
      expect(found.entries).toBe(round.entries);
      expect((await dartwing.audit.verify()).findings).toEqual([]);
      expect((await dartwing.audit.verifyArchive()).findings).toEqual([]);
      // What was said about that is the next thing to say, once.
      expect((await dartwing.audit.seal()).trails).toEqual(['SYSTEM', 'DEPLOYMENT']);
      expect((await dartwing.audit.seal()).segments).toBe(0);
    });

    it('goes on behind what is sealed, and knows its own objects after a death in between', async () => {
      const { dartwing, beta, database, store, options } = world();
      await write(world(), beta, 5);
      await dartwing.audit.checkpoint();
      const source = {
        database: {
          transaction: <T>(work: (tx: never) => Promise<T>) =>
            dartwing.asSystem('test', work as never) as Promise<T>,
        },
        role: 'dartwing_sequencer',
        secret: describeInstallation(testOptions(database)).signing,
        options,
      };
      const { rows } = await database.admin.query(
        "select current_setting('search_path') as path, (select rolname from pg_roles where rolname like '%sequencer' limit 1) as role",
      );
      for (const dies of [0, 1, 2, 3]) {
        // Each turn it dies one step later: before the segment, behind it, before and behind the manifest.
        let puts = 0;
        const dying: ArchiveStore = {
          ...store,
          put: async (key, bytes) => {
            if (puts++ * 2 === dies) throw new Error('killed');
            const version = await store.put(key, bytes);
            if (puts * 2 - 1 === dies) throw new Error('killed');
            return version;
          },
        };
        const round = await sealTrails(
          { ...source, role: rows[0].role, store: dying },
          { organization: beta },
        );
        expect(round.failed).toHaveLength(1);
      }
      expect((await dartwing.audit.seal()).failed).toEqual([]);
      const segments = await database.admin.query('select 1 from audit_segment where sealed_at is null');
      expect(segments.rows).toEqual([]);
      expect((await dartwing.audit.verifyArchive()).findings).toEqual([]);
    });

    it('takes the same from two processes at once', async () => {
      const { dartwing, acme, beta } = world();
      await Promise.all([write(world(), acme, 4), write(world(), beta, 4)]);
      const rounds = await Promise.all([dartwing.audit.seal(), dartwing.audit.seal()]);
      for (const { failed } of rounds) expect(failed.map(({ error }) => String(error))).toEqual([]);
      await dartwing.audit.seal();
      expect((await dartwing.audit.verifyArchive()).findings).toEqual([]);
    });

    it('gives back what the database lost, and refuses a trail that is another', async () => {
      const { dartwing, acme, beta, database } = world();
      await dartwing.audit.seal();
      const sizes = async () =>
        (
          await database.admin.query(
            "select organization, seq::int from audit_head where organization like 'ORG%' order by 1",
          )
        ).rows;
      const before = await sizes();
      const cut = `organization = '${acme}'`;
      await sabotage(
        world(),
        `delete from audit_event where ${cut} and seq > 3`,
        `update audit_head set seq = 3, (chain, last_at) = (select chain, at from audit_event where ${cut} and seq = 3),
           frontier = array[decode('00', 'hex')] where ${cut}`,
        `delete from audit_event where organization = '${beta}'`,
        `delete from audit_head where organization = '${beta}'`,
        'delete from audit_checkpoint where place > 2',
        "delete from audit_checkpoint where organization = 'DEPLOYMENT' and size > 2",
        'delete from audit_segment',
      );
      expect(kindsOf(await dartwing.audit.verify())).toContain('fail truncation');
      const restored = await dartwing.audit.restore(undefined, { reason: 'test' });
      expect(restored.trails.map(({ organization }) => organization).sort()).toEqual([acme, beta].sort());
      expect(await sizes()).toEqual(before);
      expect((await dartwing.audit.verify()).findings).toEqual([]);
      expect(await dartwing.audit.restore(undefined, { reason: 'again' })).toMatchObject({ entries: 0 });
      expect((await dartwing.audit.seal()).failed).toEqual([]);
      expect((await dartwing.audit.verifyArchive()).findings).toEqual([]);
    });
  });
}
