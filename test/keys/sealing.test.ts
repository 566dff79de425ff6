import { randomBytes, randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { createDartwing } from '../../src/core/index.js';
import { testOptions } from '../support/database.js';
import { masterKey } from '../support/server.js';
import { type KeyWorld, openKeyWorld, placeOfPin, putPin, readPin } from './world.js';

const reason = { reason: 'test of keys' };
let world: KeyWorld;

beforeAll(async () => {
  world = await openKeyWorld();
});

describe('a sealed value', () => {
  it('comes back as it was in every process, and nothing of it lies open (T-K8)', async () => {
    const { acme, database } = world;
    const marks = Array.from(
      { length: 20 },
      (_, index) => `marker-${index}-${randomBytes(6).toString('hex')}`,
    );
    const ids: string[] = [];
    for (const mark of marks) ids.push(await putPin(world, acme, mark));
    const other = await createDartwing(testOptions(database));
    for (const [index, id] of ids.entries())
      expect(await readPin(index % 2 === 0 ? world : { dartwing: other }, acme, id)).toBe(marks[index]);
    await other.close();
    const tables = await database.admin.query<{ name: string }>(
      "select c.oid::regclass::text as name from pg_class c where relnamespace = 'dartwing'::regnamespace and relkind in ('r', 'p') and not relispartition",
    );
    for (const { name } of tables.rows) {
      const dump =
        (await database.admin.query(`select string_agg(t::text, ' ') as all from ${name} t`)).rows[0]!.all ??
        '';
      for (const mark of [...marks, masterKey]) {
        expect(dump.includes(mark), `${mark} in ${name}`).toBe(false);
        expect(dump.includes(Buffer.from(mark).toString('hex')), `${mark} in ${name}, as bytes`).toBe(false);
      }
    }
  });

  it('is refused when two rows change places, or it is put into another organization', async () => {
    const { acme, beech, dartwing, database } = world;
    const [one, two] = [await putPin(world, acme, 'one'), await putPin(world, acme, 'two')];
    await database.admin.query(
      `update fax_line f set pin = (select pin from fax_line o where o.id <> f.id and o.id in ($1, $2)) where f.id in ($1, $2)`,
      [one, two],
    );
    for (const id of [one, two])
      await expect(readPin(world, acme, id)).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
    const { rows } = await database.admin.query<{ pin: Buffer }>('select pin from fax_line where id = $1', [
      one,
    ]);
    const theirs = placeOfPin(beech, two, 1);
    const inBeech = (place: typeof theirs) =>
      dartwing.asOrg(beech, (tx) => dartwing.keys.open(tx, place, rows[0]!.pin));
    await expect(inBeech(theirs)).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
    // Not even with its own place: the memory of the process knows the key, the transaction may not use it.
    await expect(inBeech(placeOfPin(acme, two, 1))).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await database.admin.query('delete from fax_line where id in ($1, $2)', [one, two]);
  });

  it('is the only thing that its column takes', async () => {
    const { acme, database } = world;
    const insert = (pin: Buffer) =>
      database.admin.query('insert into fax_line values ($1, $2, 1, $3)', [acme, randomUUID(), pin]);
    for (const pin of [
      Buffer.from('4711'),
      randomBytes(200),
      Buffer.concat([Buffer.from('DW'), randomBytes(200)]),
    ])
      await expect(insert(pin)).rejects.toMatchObject({ constraint: 'sealed_form' });
  });

  it('has an index by key behind every column', async () => {
    const { rows } = await world.database.admin.query<{ column: string; indexed: boolean }>(
      `select format('%s.%s', c.relname, a.attname) as column, exists (
          select from pg_index i where i.indrelid = c.oid and pg_get_indexdef(i.indexrelid) ~ format('\\(%ssealed_key\\(\\(?%s', case when exists (
              select from pg_attribute o where o.attrelid = c.oid and o.attname = 'organization') then 'organization, ' else '' end, a.attname)
        ) as indexed
       from pg_attribute a join pg_class c on c.oid = a.attrelid where a.atttypid = 'sealed'::regtype and c.relkind in ('r', 'p')`,
    );
    expect(rows.length).toBeGreaterThanOrEqual(2);
    expect(rows.filter(({ indexed }) => !indexed)).toEqual([]);
  });
});

describe('the first key of a purpose', () => {
  it('is one, also when many begin at once', async () => {
    const { beech, dartwing } = world;
    await Promise.all(Array.from({ length: 12 }, (_, index) => putPin(world, beech, `pin ${index}`)));
    const { items } = await dartwing.keys.list({ organization: 'beech' });
    expect(items).toMatchObject([
      { purpose: 'fax', version: 1, state: 'active', sealed: 12, provider: 'local' },
    ]);
  });

  it('is not used any more when its transaction is rolled back', async () => {
    const { acme, dartwing } = world;
    const place = placeOfPin(acme, randomUUID(), 1);
    const failing = dartwing.asOrg(acme, async (tx) => {
      await dartwing.keys.seal(tx, 'other', place, 'lost');
      throw new Error('rolled back');
    });
    await expect(failing).rejects.toThrow('rolled back');
    const sealed = await dartwing.asOrg(acme, (tx) => dartwing.keys.seal(tx, 'other', place, 'kept'));
    const fresh = await createDartwing(testOptions(world.database));
    const opened = await fresh.asOrg(acme, (tx) => fresh.keys.open(tx, place, sealed));
    await fresh.close();
    expect(opened.toString()).toBe('kept');
  });

  it('is shown to a tenant wrapped only, and cannot be changed or read whole by it', async () => {
    const { acme, beech, dartwing } = world;
    const inAcme = (text: string) => dartwing.asOrg(acme, (tx) => tx.query(text));
    const foreign = await dartwing.asOrg(acme, (tx) =>
      tx.query('select id from data_key where organization = $1', [beech]),
    );
    expect(foreign.rows).toEqual([]);
    for (const text of [
      "update data_key set state = 'retired'",
      'delete from data_key',
      'update data_key set wrapped = null',
      'select * from data_key',
      'select * from key_rotation',
    ])
      await expect(inAcme(text), text).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  });
});

describe('a key', () => {
  it('is not retired while it is active, nor destroyed while it seals; erasing says so on record', async () => {
    const { beech, dartwing } = world;
    const { id } = (await dartwing.keys.list({ organization: beech })).items[0]!;
    await expect(dartwing.keys.retire(id, reason)).rejects.toMatchObject({ code: 'KEY_STATE' });
    await expect(dartwing.keys.destroy(id, {}, reason)).rejects.toMatchObject({ code: 'KEY_STATE' });
    await dartwing.keys.rotate({ organization: beech }, reason);
    await expect(dartwing.keys.retire(id, reason)).rejects.toMatchObject({ code: 'KEY_IN_USE' });
    await expect(dartwing.keys.destroy(id, {}, reason)).rejects.toMatchObject({ code: 'KEY_IN_USE' });
    for (const none of [randomUUID(), 'x'])
      await expect(dartwing.keys.retire(none, reason)).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' });
  });

  it('takes everything with it when it is erased, in every process that does not know it yet', async () => {
    const { beech, dartwing, database } = world;
    const before = await database.admin.query<{ id: string }>(
      'select id from fax_line where organization = $1',
      [beech],
    );
    await dartwing.tenancy.update('beech', { legal_hold: true }, reason);
    const held = dartwing.keys.eraseOrganization('beech', { erase: true }, reason);
    await expect(held).rejects.toMatchObject({ code: 'LEGAL_HOLD' });
    await dartwing.tenancy.update('beech', { legal_hold: false }, reason);
    const changes = await dartwing.keys.eraseOrganization('beech', { erase: true }, reason);
    expect(changes.map(({ after }) => after?.state)).toEqual(['destroyed', 'destroyed']);
    for (const { id } of before.rows)
      await expect(readPin(world, beech, id)).rejects.toMatchObject({ code: 'KEY_DESTROYED' });
    const left = await database.admin.query('select wrapped from data_key where organization = $1', [beech]);
    expect(left.rows).toEqual([{ wrapped: null }, { wrapped: null }]);
    const id = await putPin(world, beech, 'after');
    expect(await readPin(world, beech, id)).toBe('after');
    await dartwing.audit.sequence();
    const { items } = await dartwing.audit.query({ organization: beech, action: 'key.destroy' });
    expect(items).toHaveLength(2);
    expect(items.map((entry) => (entry.new as { unreadable_values: number }).unreadable_values)).toContain(
      12,
    );
  });
});

describe('without a master key', () => {
  it('nothing starts, and the error says how to have one (T-K9)', async () => {
    for (const given of [undefined, '', '  ']) {
      const opening = createDartwing({ ...testOptions(world.database), masterKey: given });
      await expect(opening).rejects.toMatchObject({ code: 'MASTER_KEY_MISSING' });
    }
    const other = createDartwing({
      ...testOptions(world.database),
      masterKey: randomBytes(32).toString('base64'),
    });
    await expect(other).rejects.toMatchObject({
      code: expect.stringMatching(/MASTER_KEY_CHANGED|DATABASE_AUTHENTICATION/),
    });
  });

  it('nor with a key service that is chosen and not set up', async () => {
    const opening = createDartwing({ ...testOptions(world.database), keys: { provider: 'vault' } });
    await expect(opening).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
