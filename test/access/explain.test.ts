import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { actWords } from '../../src/core/access/actions.js';
import { judgedKinds } from '../../src/core/access/kinds.js';
import { recordSources } from '../../src/core/access/sources.js';
import { openTestDartwing } from '../support/database.js';
import { as, type World, worldOf } from './world.js';

describe('an explanation about a document', async () => {
  const { dartwing, database } = await openTestDartwing();
  const { documents, permissions } = dartwing;
  let world: World;
  let [boss, bo, a, b]: string[] = [];

  beforeAll(async () => {
    world = worldOf(database.admin);
    [a, b] = [await world.organization('a'), await world.organization('b')];
    [boss, bo] = [await world.person('boss'), await world.person('bo')];
    for (const organization of [a, b]) await world.join(boss, organization, 'Owner');
    await world.join(bo, a, 'Employee');
    await documents.create('a', 'Task', { name: 'TASK-9', data: { title: 'Sweep' } }, as(boss));
    await documents.create('a', 'Task', { name: 'TASK-B', data: { title: 'Mop' } }, as(bo));
    await documents.create('b', 'Task', { name: 'TASK-B', data: { title: 'Mop' } }, as(boss));
  });

  const ask = (ref: string, action: string, organization?: string) =>
    permissions.explain({ person: 'bo@world.test', action, ref, organization });
  const refusing = (layers: { layer: string; result: string }[]) =>
    layers.find(({ result }) => result === 'deny')?.layer;

  it('finds it in whichever organization it is, and says which layer denies', async () => {
    const denied = await ask('Task/TASK-9', 'write');
    expect(denied).toMatchObject({ allowed: false, organization: a });
    expect(refusing(denied.layers)).toBe('role');
    expect((await ask('Task/TASK-9', 'read')).allowed).toBe(true);
  });

  it('knows the owner, and asks for the organization of a name that two of them use', async () => {
    await expect(ask('Task/TASK-B', 'write')).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
      message: expect.stringContaining('--org'),
    });
    expect((await ask('Task/TASK-B', 'write', 'a')).allowed).toBe(true);
    expect(refusing((await ask('Task/TASK-B', 'read', 'b')).layers)).toBe('org_grant');
  });

  it('judges no document that is not there, no kind that nobody knows, and no act that is none', async () => {
    await expect(ask('Task/TASK-9', 'read', 'b')).rejects.toMatchObject({ code: 'RECORD_NOT_FOUND' });
    await expect(ask(`Organization/${a}`, 'read', 'b')).rejects.toMatchObject({ code: 'RECORD_NOT_FOUND' });
    await expect(ask('Zork/1', 'read', 'a')).rejects.toMatchObject({ code: 'DOCTYPE_UNKNOWN' });
    await expect(ask('Task/TASK-9', 'fly')).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
      message: expect.stringContaining('"fly" is not an action'),
    });
  });

  it('judges kinds in general, and those that lie in no table of documents, by their organization', async () => {
    expect((await ask('Task/*', 'create', 'a')).allowed).toBe(true);
    expect((await ask('Audit Entry/*', 'read', 'a')).allowed).toBe(false);
  });
});

describe('what may be asked about', () => {
  const sources = () =>
    readdirSync('src/core', { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFileSync(join('src/core', file), 'utf8'));

  it('is every kind that a decision of the core names', () => {
    const named = sources().flatMap((text) =>
      [...text.matchAll(/doctype: '([A-Z][A-Za-z ]+)'/g)].map(([, kind]) => kind!),
    );
    const known = (kind: string) =>
      judgedKinds.has(kind) || recordSources.has(kind) || ['Person', 'Task'].includes(kind);
    expect(named.length).toBeGreaterThan(50);
    expect([...new Set(named)].filter((kind) => !known(kind))).toEqual([]);
  });

  it('is every act that a verb of the core asks for', () => {
    const asked = sources().flatMap((text) =>
      [...text.matchAll(/(?:uthorize|uthorized|transition)\(\s*scope,\s*(?:ref,\s*)?'([a-z]+)'/g)].map(
        ([, act]) => act!,
      ),
    );
    expect(asked.length).toBeGreaterThan(50);
    expect([...new Set(asked)].filter((act) => !actWords.includes(act))).toEqual(['signup']);
  });
});
