import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkProof } from '../../src/auditor/check-proof.js';
import { createDartwing } from '../../src/core/index.js';
import { openTestDartwing, type TestDatabase, testOptions } from '../support/database.js';
import { write } from './entries.js';

const { database, dartwing } = await openTestDartwing();
const { id: acme } = await create('acme');
const { id: beta } = await create('beta');

async function create(slug: string): Promise<{ id: string }> {
  await dartwing.tenancy.create({ slug, type: 'company', owner: `ana@${slug}.test` });
  return dartwing.tenancy.show(slug);
}

const sizeOf = async (organization: string) => {
  const { rows } = await database.admin.query('select seq::int from audit_head where organization = $1', [
    organization,
  ]);
  return rows[0]?.seq as number;
};

describe('signing', () => {
  it('signs every trail that grew and the log over them, once', async () => {
    const first = await dartwing.audit.checkpoint();
    expect(first.refused).toEqual([]);
    // acme, beta and SYSTEM.
    expect(first.signed).toBe(3);
    expect(first.note).toMatch(/^dartwing\/[0-9a-f]{16}\n3\n/);
    await write({ dartwing }, acme, 5);
    expect(await dartwing.audit.checkpoint({ organization: acme })).toMatchObject({ signed: 1, refused: [] });
    expect(await dartwing.audit.checkpoint({ organization: acme })).toMatchObject({ signed: 0, refused: [] });
    const { items } = await dartwing.audit.checkpoints({ organization: acme });
    expect(items).toMatchObject([{ organization: acme, epoch: 1, size: await sizeOf(acme) }]);
    expect(await dartwing.audit.verify()).toMatchObject({ ok: true, findings: [] });
  });

  it('by the clock waits for enough entries or time', async () => {
    await dartwing.audit.checkpoint();
    await write({ dartwing }, beta, 3);
    await dartwing.audit.sequence();
    expect((await dartwing.audit.checkpoint({ due: true })).signed).toBe(0);
    await write({ dartwing }, beta, 1_000);
    expect((await dartwing.audit.checkpoint({ due: true, organization: beta })).signed).toBe(1);
  });

  it('gives two signers at once one log without gap or repetition', async () => {
    await using other = await opened(database);
    for (let turn = 0; turn < 5; turn++) {
      await Promise.all([write({ dartwing }, acme, 2), write(other, beta, 2)]);
      await Promise.all([dartwing.audit.checkpoint(), other.dartwing.audit.checkpoint()]);
    }
    expect((await dartwing.audit.verify()).findings).toEqual([]);
    const { rows } = await database.admin.query(
      'select count(*)::int as count, count(distinct place)::int as places, max(place)::int as last from audit_checkpoint where place is not null',
    );
    expect(rows[0].places).toBe(rows[0].count);
    expect(rows[0].last).toBe(rows[0].count);
  });

  it('rehearses without writing', async () => {
    await write({ dartwing }, acme, 1);
    const before = await database.admin.query('select count(*) from audit_checkpoint');
    expect((await dartwing.audit.checkpoint({ organization: acme, dryRun: true })).signed).toBe(1);
    expect((await database.admin.query('select count(*) from audit_checkpoint')).rows).toEqual(before.rows);
  });

  it('announces the next key under the one that it replaces', async () => {
    const { verifiers } = await dartwing.audit.checkpoint();
    const { from, to } = await dartwing.audit.rotateSigner({ reason: 'yearly' });
    expect(from).toBe(verifiers.at(-1));
    const { items } = await dartwing.audit.query({ organization: 'SYSTEM', action: 'audit.signer' });
    expect(items[0]).toMatchObject({ reason: 'yearly', new: { from, to } });
    await write({ dartwing }, acme, 1);
    expect((await dartwing.audit.checkpoint()).verifiers.slice(-2)).toEqual([from, to]);
    expect((await dartwing.audit.verify()).findings).toEqual([]);
    const proof = await dartwing.audit.prove({ organization: acme, seq: 2 });
    expect(proof.verifier).toBe(to);
    expect(checkProof(proof, [to])).toEqual([]);
  });

  it('believes a former secret only where it is told of', async () => {
    const { verifiers } = await dartwing.audit.checkpoint();
    const signingKey = Buffer.alloc(32, 9).toString('base64');
    await using stranger = await opened(database, { audit: { signingKey } });
    expect((await stranger.dartwing.audit.verify({ organizations: [acme] })).findings).toMatchObject([
      { kind: 'forgery', organization: acme },
    ]);
    await using heir = await opened(database, { audit: { signingKey, verifiers } });
    expect((await heir.dartwing.audit.verify()).findings).toEqual([]);
  });
});

describe('a proof', () => {
  it('holds for every entry, and for nothing else', async () => {
    const size = await sizeOf(acme);
    for (let seq = 1; seq <= size; seq += 3) {
      const proof = await dartwing.audit.prove({ organization: acme, seq });
      expect(checkProof(proof)).toEqual([]);
      expect(checkProof(proof, [proof.verifier])).toEqual([]);
    }
    const proof = await dartwing.audit.prove({ organization: acme, seq: 4 });
    const other = await dartwing.audit.prove({ organization: beta, seq: 4 });
    const spoiled: [string, typeof proof][] = [
      ['body', { ...proof, body: proof.body.replace('"n":', '"m":') }],
      ['number', { ...proof, seq: 5 }],
      ['time', { ...proof, at: proof.at.replace('2', '3') }],
      ['organization', { ...proof, organization: beta }],
      ['path', { ...proof, path: proof.path.slice(1) }],
      ['size', { ...proof, checkpoint: proof.checkpoint.replace(/\n\d+\n/, '\n4\n') }],
      ['checkpoint of another', { ...proof, checkpoint: other.checkpoint }],
      ['log', { ...proof, log: { ...proof.log, place: proof.log.place + 1 } }],
      ['nonsense', { ...proof, verifier: 'x' }],
    ];
    for (const [name, one] of spoiled) expect(checkProof(one), name).not.toEqual([]);
    const stranger = proof.verifier.replace(/^dartwing/, 'dartwong');
    expect(checkProof(proof, [stranger])).not.toEqual([]);
  });

  it('shows that a trail continues an earlier checkpoint', async () => {
    const { items } = await dartwing.audit.checkpoints({ organization: acme });
    const sinceSize = items[0]!.size;
    await write({ dartwing }, acme, 11);
    const proof = await dartwing.audit.prove({ organization: acme, seq: 1, sinceSize });
    expect(proof.earlier?.path.length).toBeGreaterThan(0);
    expect(checkProof(proof)).toEqual([]);
    const path = [...proof.earlier!.path.slice(1), proof.earlier!.path[0]!];
    expect(checkProof({ ...proof, earlier: { ...proof.earlier!, path } })).toEqual([
      'the trail does not continue the earlier checkpoint',
    ]);
  });

  it('is checked by one file with nothing but Node, offline', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'proof-'));
    const proof = await dartwing.audit.prove({ organization: acme, seq: 2 });
    const build = await import('esbuild');
    await build.build({
      entryPoints: ['src/auditor/check-proof.ts'],
      outfile: join(folder, 'check.mjs'),
      format: 'esm',
      platform: 'node',
    });
    const check = (document: unknown, ...words: string[]) => {
      writeFileSync(join(folder, 'proof.json'), JSON.stringify(document));
      try {
        const line = [join(folder, 'check.mjs'), join(folder, 'proof.json'), ...words];
        return { exit: 0, said: execFileSync(process.execPath, line, { env: {}, cwd: folder }).toString() };
      } catch (error) {
        const { status, stdout } = error as { status: number; stdout: Buffer };
        return { exit: status, said: stdout.toString() };
      }
    };
    expect(check(proof, proof.verifier)).toEqual({ exit: 0, said: 'The proof holds\n' });
    expect(check({ ...proof, seq: 3 }).exit).toBe(6);
    expect(check(proof, 'dartwing/x+00000000+AAAA').exit).toBe(6);
  });

  it('is refused for entries that are not there', async () => {
    const missing = { organization: acme, seq: 1_000_000 };
    await expect(dartwing.audit.prove(missing)).rejects.toMatchObject({ code: 'AUDIT_ENTRY_NOT_FOUND' });
    await expect(
      dartwing.audit.prove({ organization: acme, seq: 1, sinceSize: 1_000_000 }),
    ).rejects.toMatchObject({
      code: 'AUDIT_ENTRY_NOT_FOUND',
    });
  });
});

describe('verification', () => {
  it('reads only what is new, or what lies between two times', async () => {
    await dartwing.audit.checkpoint();
    await write({ dartwing }, beta, 10);
    const all = await dartwing.audit.verify({ organizations: [beta] });
    const since = await dartwing.audit.verify({ organizations: [beta], sinceCheckpoint: true });
    expect(since).toMatchObject({ ok: true, summary: { entries: 10 } });
    expect(all.summary.entries).toBeGreaterThan(1_000);
    const none = await dartwing.audit.verify({ organizations: [beta], to: new Date(0) });
    expect(none).toMatchObject({ ok: true, summary: { entries: 0 } });
    const day = await dartwing.audit.verify({ organizations: [beta], from: new Date(0) });
    expect(day.summary.entries).toBe(all.summary.entries);
  });

  it('takes anchors of this deployment only', async () => {
    const { items } = await dartwing.audit.checkpoints();
    const anchors = [items.map(({ note }) => note).join('\n')];
    expect((await dartwing.audit.verify({ anchors })).findings).toEqual([]);
    for (const wrong of [
      'nonsense',
      anchors[0]!.replace('\n3', '\n4'),
      anchors[0]!.replaceAll('dartwing/', 'other/'),
    ])
      await expect(dartwing.audit.verify({ anchors: [wrong] })).rejects.toMatchObject({
        code: 'AUDIT_ANCHOR_INVALID',
      });
  });
});

/** Another process' view of a database. */
async function opened(on: TestDatabase, more = {}) {
  const other = await createDartwing(testOptions(on, more));
  return { dartwing: other, [Symbol.asyncDispose]: () => other.close() };
}
