import { beforeAll, describe, expect, it } from 'vitest';
import { createDartwing } from '../../src/core/index.js';
import { testOptions } from '../support/database.js';
import { type KeyWorld, openKeyWorld, putPin, putPins, readPin } from './world.js';

const reason = { reason: 'test of rotation' };
let world: KeyWorld;
let other: KeyWorld['dartwing'];

beforeAll(async () => {
  world = await openKeyWorld();
  other = await createDartwing(testOptions(world.database));
  return () => other.close();
});

const keysOf = async (organization: string) =>
  (await world.dartwing.keys.list({ organization })).items.filter(({ purpose }) => purpose === 'fax');

describe('a rotation', () => {
  it('makes a new version; the former one opens what it sealed and seals nothing more', async () => {
    const { acme } = world;
    const before = await putPin(world, acme, '4711');
    const { done } = await world.dartwing.keys.rotate({ organization: 'acme', purpose: 'fax' }, reason);
    expect(done).toMatchObject([{ organization: acme, purpose: 'fax', state: 'switched', resealed: 0 }]);
    const after = await putPin(world, acme, '4712');
    const keys = await keysOf(acme);
    expect(keys.map(({ version, state, sealed }) => ({ version, state, sealed }))).toEqual([
      { version: 1, state: 'decrypt_only', sealed: 1 },
      { version: 2, state: 'active', sealed: 1 },
    ]);
    for (const dartwing of [world.dartwing, other]) {
      expect(await readPin({ dartwing }, acme, before)).toBe('4711');
      expect(await readPin({ dartwing }, acme, after)).toBe('4712');
    }
  });

  it('seals everything again and proves it, over every sealed column, and leaves an entry with the proof', async () => {
    const { acme, dartwing } = world;
    const seen: number[] = [];
    const { done } = await dartwing.keys.rotate(
      {
        organization: acme,
        purpose: 'fax',
        reseal: true,
        onProgress: ({ done: count }) => seen.push(count),
      },
      reason,
    );
    const [{ new_key: newKey, old_keys: oldKeys, proof, ...rest }] = done as [(typeof done)[0]];
    expect(rest).toMatchObject({ state: 'done', resealed: 2, total: 2, failures: [] });
    const { rows: sealed } = await world.database.admin.query<{ name: string }>(
      `select format('%s.%s', c.relname, a.attname) as name from pg_attribute a join pg_class c on c.oid = a.attrelid
         where a.atttypid = 'dartwing.sealed'::regtype and c.relkind in ('r', 'p') and not c.relispartition
           and exists (select from pg_attribute o where o.attrelid = c.oid and o.attname = 'organization')`,
    );
    const columns = new Set(proof!.map(({ table, column }) => `${table}.${column}`));
    expect(columns).toEqual(new Set(sealed.map(({ name }) => name)));
    expect([...columns]).toEqual(expect.arrayContaining(['fax_line.pin', 'outgoing_mail.letter']));
    expect(proof).toHaveLength(oldKeys.length * columns.size);
    expect(proof!.every(({ count }) => count === 0)).toBe(true);
    expect(seen.at(-1)).toBe(2);
    const counted = await world.database.admin.query(
      'select distinct sealed_key(pin) as key from fax_line where organization = $1',
      [acme],
    );
    expect(counted.rows).toEqual([{ key: newKey }]);
    await dartwing.audit.sequence();
    const { items } = await dartwing.audit.query({ organization: acme, action: 'key.reseal' });
    expect(items[0]).toMatchObject({ reason: reason.reason, new: { state: 'done', resealed: 2, failed: 0 } });
    expect(await dartwing.keys.verify({ organization: acme })).toEqual({ findings: [], pass: 2 });
  });

  it('does not touch another organization', async () => {
    const { beech } = world;
    const id = await putPin(world, beech, '0815');
    const [before] = await keysOf(beech);
    await world.dartwing.keys.rotate({ organization: 'acme', reseal: true }, reason);
    expect(await keysOf(beech)).toEqual([before]);
    expect(await readPin(world, beech, id)).toBe('0815');
  });

  it('says what it would do and does nothing in a dry run', async () => {
    const { acme } = world;
    const before = await keysOf(acme);
    const { done } = await world.dartwing.keys.rotate(
      { organization: acme, purpose: 'fax', reseal: true },
      { ...reason, dryRun: true },
    );
    expect(done).toMatchObject([{ state: 'planned', new_key: null, total: 2 }]);
    expect(await keysOf(acme)).toEqual(before);
  });

  it('waits for whoever still seals with the former key, so that no value is left behind', async () => {
    const { acme, dartwing } = world;
    const id = '11111111-0000-4000-8000-000000000000';
    const place = { organization: acme, table: 'fax_line', column: 'pin', row: [id, '1'] };
    let rotated: ReturnType<typeof dartwing.keys.rotate> | undefined;
    await other.asOrg(acme, async (tx) => {
      const sealed = await other.keys.seal(tx, 'fax', place, 'late');
      rotated = dartwing.keys.rotate({ organization: acme, purpose: 'fax', reseal: true }, reason);
      await expect
        .poll(
          async () =>
            (
              await world.database.admin.query(
                "select from pg_locks where locktype in ('tuple', 'transactionid') and not granted",
              )
            ).rowCount,
        )
        .toBeGreaterThan(0);
      await tx.query('insert into fax_line values ($1, $2, 1, $3)', [acme, id, sealed]);
    });
    expect((await rotated!).done).toMatchObject([{ state: 'done' }]);
    expect(await readPin(world, acme, id)).toBe('late');
    expect((await keysOf(acme)).filter(({ sealed }) => sealed! > 0)).toHaveLength(1);
  });

  it('names values that do not open, goes on with the others and keeps their key', async () => {
    const { beech, dartwing, database } = world;
    const [first, second] = [await putPin(world, beech, 'one'), await putPin(world, beech, 'two')];
    await database.admin.query(
      'update fax_line set pin = (select pin from fax_line where id = $2) where id = $1',
      [first, second],
    );
    const { done } = await dartwing.keys.rotate(
      { organization: beech, purpose: 'fax', reseal: true },
      reason,
    );
    expect(done).toMatchObject([
      { state: 'incomplete', failures: [{ table: 'fax_line', row: [first, '1'], code: 'SEAL_BROKEN' }] },
    ]);
    const [old] = done[0]!.old_keys;
    await expect(dartwing.keys.retire(old!, reason)).rejects.toMatchObject({ code: 'KEY_IN_USE' });
    expect((await dartwing.keys.verify({ organization: beech })).findings).toMatchObject([
      { id: 'key.seal', severity: 'fail', key: old },
    ]);
    await database.admin.query('delete from fax_line where id = $1', [first]);
    expect((await dartwing.keys.retire(old!, reason)).after).toMatchObject({ state: 'retired', sealed: 0 });
  });

  it('is under way while others read and write, two processes at once, and loses nothing', {
    timeout: 60_000,
  }, async () => {
    const { beech, dartwing } = world;
    const count = 1_500;
    const ids = await putPins(world, beech, count);
    let over = false;
    const failures: unknown[] = [];
    const written = new Map<string, string>();
    const pace = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    const pick = (index: number) => ids[(index * 7919) % count]!;
    const reader = async () => {
      for (let index = 0; !over; index += 1) {
        const id = pick(index);
        const pin = await readPin({ dartwing: index % 2 === 0 ? other : dartwing }, beech, id);
        if (pin !== `pin of ${id}` && !pin.startsWith('new ')) failures.push([id, pin]);
        await pace(20);
      }
    };
    const writer = async () => {
      for (let index = 1; !over; index += 1) {
        const id = pick(index * 31);
        await putPin({ dartwing: other }, beech, `new ${index}`, id);
        written.set(id, `new ${index}`);
        await pace(50);
      }
    };
    const watched = [reader(), writer()].map((work) => work.catch((error) => failures.push(error)));
    const work = { organization: beech, purpose: 'fax', reseal: true };
    const first = dartwing.keys.rotate({ ...work, perSecond: 3_000 }, reason);
    await expect
      .poll(async () => (await other.keys.status({ organization: beech })).findings.length)
      .toBeGreaterThan(0);
    const both = await Promise.all([first, other.keys.rotate(work, reason)]);
    over = true;
    await Promise.all(watched);
    expect(failures).toEqual([]);
    for (const { done } of both) expect(done).toMatchObject([{ state: 'done' }]);
    expect(both[1].done[0]!.proof!.every(({ count: left }) => left === 0)).toBe(true);
    for (const [id, pin] of written) expect(await readPin(world, beech, id)).toBe(pin);
    expect(await dartwing.keys.verify({ organization: beech, samples: count + 10 })).toMatchObject({
      findings: [],
    });
  });

  it('stops when it is told to, and the next run goes on without another key', async () => {
    const { beech, dartwing } = world;
    const stop = new AbortController();
    const work = { organization: beech, purpose: 'fax', reseal: true };
    const stopped = dartwing.keys.rotate(
      { ...work, perSecond: 500, signal: stop.signal, onProgress: ({ done }) => done > 0 && stop.abort() },
      reason,
    );
    await expect(stopped).rejects.toMatchObject({ code: 'CANCELED' });
    const versions = (await keysOf(beech)).length;
    const { done } = await other.keys.rotate(work, reason);
    expect(done).toMatchObject([{ state: 'done', resumed: true }]);
    expect(done[0]!.resealed).toBe(done[0]!.total);
    expect(await keysOf(beech)).toHaveLength(versions);
  });

  it('of what is a month old makes new keys for every organization', async () => {
    const { acme, beech, dartwing, clock } = world;
    expect((await dartwing.keys.rotateDue(reason)).done).toEqual([]);
    clock.advance(31 * 86_400_000);
    expect((await dartwing.keys.status()).findings.map(({ id }) => id)).toContain('key.overdue');
    const { done } = await dartwing.keys.rotateDue(reason);
    expect(new Set(done.map(({ organization }) => organization))).toEqual(new Set([acme, beech]));
    expect((await dartwing.keys.rotateDue(reason)).done).toEqual([]);
  });
});
