import { beforeAll, describe, expect, it } from 'vitest';
import { testIsolation } from '../../src/core/index.js';
import { tableAttempts } from './table-attempts.js';
import { attempt, failuresOf, type Place, placesOf, printTrials, type Trial } from './trial.js';
import { createWorld, type World } from './world.js';

let world: World;
let places: ReturnType<typeof placesOf>;

beforeAll(async () => {
  world = await createWorld();
  places = placesOf(world);
});

async function attackFrom(place: Place): Promise<Trial[]> {
  const trials: Trial[] = [];
  for (const [how, attempts] of tableAttempts(world)) {
    const before = await world.fingerprint();
    for (const attack of attempts) trials.push(await attempt(world, attack, place));
    expect(await world.fingerprint(), `what ${how} left behind`).toBe(before);
  }
  printTrials('Attacks on tables', trials);
  return trials;
}

describe('every tenant table', () => {
  it('is under attack: those with an organization, the organizations, the persons and each partition', () => {
    const names = world.tables.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        'organization',
        'person',
        'user_account',
        'org_member',
        'permission_grant',
        'company',
      ]),
    );
    expect(names).toEqual(expect.arrayContaining(['audit_stage', 'audit_event', 'audit_head']));
    expect(world.tables.filter(({ partition }) => partition).length).toBeGreaterThan(0);
  });

  it('shows organization B its own rows', async () => {
    const hidden = ['audit_stage', 'person', 'user_account'];
    for (const table of world.tables.filter(({ name, partition }) => !partition && !hidden.includes(name))) {
      const { rows } = await world.dartwing.asOrg(world.b.organization, (tx) =>
        tx.query(`select * from ${table.name}`),
      );
      expect(rows.length, table.name).toBe(world.countOfB(table));
    }
  });

  it('yields nothing of A to a transaction of organization B', async () => {
    const trials = await attackFrom(places.orgB);
    expect(failuresOf(trials)).toEqual([]);
    expect(trials.length).toBeGreaterThan(1_000);
  });

  it('yields nothing to a connection without an organization', async () => {
    const trials = await attackFrom(places.nobody);
    expect(failuresOf(trials)).toEqual([]);
    expect(trials.length).toBeGreaterThan(1_000);
  });

  it('yields nothing of A to the cross-organization read of a person of B', async () => {
    const trials = await attackFrom(places.personOfB);
    expect(failuresOf(trials)).toEqual([]);
    expect(trials.length).toBeGreaterThan(1_000);
  });

  it('is still sound after all of it', async () => {
    expect((await testIsolation(world.options)).findings).toEqual([]);
  });
});

describe('the attacks themselves', () => {
  it('succeed, and are seen to succeed, once row security is gone', async () => {
    const { admin } = world.database;
    await admin.query('alter table company disable row level security');
    const breached: string[] = [];
    for (const attack of [...tableAttempts(world).values()].flat().filter(({ on }) => on === 'company')) {
      if (/^(truncate|drop it)/.test(attack.how)) continue;
      const trial = await attempt(world, attack, places.orgB);
      if (trial.outcome.startsWith('breach')) breached.push(attack.how);
    }
    await admin.query('alter table company enable row level security');
    expect(breached).toEqual(
      expect.arrayContaining([
        'select everything',
        'count what is not mine',
        'error that quotes a row',
        'leaky function in a predicate',
        'cursor with hold',
        'planner statistics',
        'query_to_xml',
        'copy to the client',
        'temporary definer function',
        'block that raises what it read',
        'update rows of A',
        'delete rows of A',
      ]),
    );
  });
});
