import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { verifyArchive } from '../../src/core/audit/index.js';
import { archiveSuite, openArchiveWorld } from './archive-suite.js';
import { write } from './entries.js';

const place = mkdtempSync(join(tmpdir(), 'dartwing-archive-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));
const world = await openArchiveWorld({ place });

archiveSuite('a folder', () => world);

describe('the folder', () => {
  it('says that it is not immutable', async () => {
    expect(await world.dartwing.audit.checkArchive()).toMatchObject({
      immutable: false,
      findings: [{ severity: 'warn', what: expect.stringContaining('not immutable') }],
    });
  });

  /** Files of one trail, by their first entry. */
  const filesOf = (trail: string, end: string) =>
    (readdirSync(join(place, 'audit/v1', trail), { recursive: true }) as string[])
      .filter((name) => name.endsWith(end))
      .sort()
      .map((name) => join(place, 'audit/v1', trail, name));

  /** Does something to files, verifies and puts everything back. */
  async function findAfter(files: readonly string[], attack: () => void): Promise<string[]> {
    const kept = files.map((file) => readFileSync(file));
    for (const file of files) chmodSync(file, 0o600);
    attack();
    const { findings } = await verifyArchive(world.store);
    for (const [index, file] of files.entries()) writeFileSync(file, kept[index]!, { mode: 0o400 });
    return findings.map(({ severity, fault }) => `${severity} ${fault.kind}`);
  }

  it('is found to be changed, file by file', async () => {
    for (let turn = 0; turn < 3; turn++) {
      await write(world, world.acme, 3);
      await world.dartwing.audit.seal();
    }
    const segments = filesOf(world.acme, '.jsonl.gz');
    const manifests = filesOf(world.acme, '.manifest.json');
    const logs = filesOf('DEPLOYMENT', '.jsonl.gz');
    const [first, second] = [segments[1]!, segments[2]!];
    const manifest = manifests[1]!;
    const edit = (file: string, from: string, to: string) => {
      const text = gunzipSync(readFileSync(file)).toString();
      expect(text).toContain(from);
      writeFileSync(file, gzipSync(text.replace(from, to)));
    };
    const editText = (file: string, from: RegExp, to: string) => {
      const text = readFileSync(file, 'utf8');
      expect(text).toMatch(from);
      writeFileSync(file, text.replace(from, to));
    };
    const attacks: [string, string[], () => void, string][] = [
      ['an entry is changed', [first], () => edit(first, '\\"n\\":1', '\\"n\\":7'), 'fail change'],
      [
        'a segment is truncated',
        [first],
        () => writeFileSync(first, readFileSync(first).subarray(0, 40)),
        'fail change',
      ],
      ['a segment is deleted', [first], () => rmSync(first), 'fail deletion'],
      [
        'two segments are exchanged',
        [first, second],
        () => {
          const held = readFileSync(first);
          writeFileSync(first, readFileSync(second));
          writeFileSync(second, held);
        },
        'fail change',
      ],
      [
        'a manifest is changed',
        [manifest],
        () => editText(manifest, /"last":\d+/, '"last":999'),
        'fail change',
      ],
      [
        'a manifest names another hash',
        [manifest],
        () => editText(manifest, /"sha256":"[0-9a-f]{4}/, '"sha256":"0000'),
        'fail fork',
      ],
      [
        'a checkpoint in a manifest is forged',
        [manifests.at(-1)!],
        () => editText(manifests.at(-1)!, /— dartwing\/(\w+) [A-Za-z0-9+/]{8}/, '— dartwing/$1 AAAAAAAA'),
        'fail forgery',
      ],
      [
        'a manifest and its segment are deleted',
        [manifest, first],
        () => {
          rmSync(manifest);
          rmSync(first);
        },
        'fail deletion',
      ],
      ['a manifest alone is deleted', [manifest], () => rmSync(manifest), 'warn orphan'],
      [
        'the end of a trail is deleted',
        [manifests.at(-1)!, segments.at(-1)!],
        () => {
          rmSync(manifests.at(-1)!);
          rmSync(segments.at(-1)!);
        },
        'fail truncation',
      ],
      [
        'a whole trail is deleted',
        [...segments, ...manifests],
        () => {
          for (const file of [...segments, ...manifests]) rmSync(file);
        },
        'fail deletion',
      ],
      [
        'an entry of the log is changed',
        [logs[0]!],
        () => edit(logs[0]!, '"seq":1', '"seq":2'),
        'fail change',
      ],
      ['a segment of the log is deleted', [logs[0]!], () => rmSync(logs[0]!), 'fail deletion'],
    ];
    for (const [what, files, attack, kind] of attacks)
      expect(await findAfter(files, attack), what).toContain(kind);
    expect((await verifyArchive(world.store)).findings).toEqual([]);
  });

  it('is found to be cut off by a checkpoint that somebody kept', async () => {
    const { items } = await world.dartwing.audit.checkpoints();
    const anchors = [items.map(({ note }) => note).join('\n')];
    expect((await world.dartwing.audit.verifyArchive({ anchors })).findings).toEqual([]);
    await write(world, world.beta, 2);
    await world.dartwing.audit.checkpoint();
    const later = (await world.dartwing.audit.checkpoints()).items.map(({ note }) => note).join('\n');
    expect((await world.dartwing.audit.verifyArchive({ anchors: [later] })).findings).toEqual(
      expect.arrayContaining([expect.objectContaining({ organization: world.beta, kind: 'truncation' })]),
    );
  });
});
