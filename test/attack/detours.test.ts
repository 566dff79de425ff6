import { beforeAll, describe, expect, it } from 'vitest';
import { testIsolation } from '../../src/core/index.js';
import { detourAttempts } from './detour-attempts.js';
import { type Attempt, attempt, failuresOf, type Place, placesOf, printTrials, type Trial } from './trial.js';
import { createWorld, type World } from './world.js';

let world: World;
let detours: Map<string, Attempt[]>;

beforeAll(async () => {
  world = await createWorld();
  // Not the roles of other test files: they come and go.
  const { rows } = await world.database.admin.query<{ rolname: string }>(
    `select rolname from pg_roles where rolsuper or rolname ~ '^(pg_|dartwing_)' or starts_with(rolname, $1) order by rolname`,
    [`${world.rolePrefix}_`],
  );
  const all = detourAttempts(
    world,
    rows.map(({ rolname }) => rolname),
  );
  detours = new Map(all.map(({ how }) => [how, all.filter((other) => other.how === how)]));
});

async function attackFrom(
  place: Place,
  isKnownLimit: (attack: Attempt) => boolean = () => false,
): Promise<Trial[]> {
  const trials: Trial[] = [];
  for (const [how, attempts] of detours) {
    const before = await world.fingerprint();
    for (const detour of attempts.filter((one) => !isKnownLimit(one)))
      trials.push(await attempt(world, detour, place));
    expect(await world.fingerprint(), `what attempts to ${how} left behind`).toBe(before);
  }
  printTrials('Detours', trials);
  return trials;
}

describe('ways around the tables', () => {
  it('lead from organization B to nothing of A', async () => {
    const trials = await attackFrom(placesOf(world).orgB);
    expect(failuresOf(trials)).toEqual([]);
    expect(trials.length).toBeGreaterThan(150);
  });

  it('lead from no organization to nothing of A', async () => {
    const trials = await attackFrom(placesOf(world).nobody);
    expect(failuresOf(trials)).toEqual([]);
    expect(trials.length).toBeGreaterThan(150);
  });

  it('lead from a person of B to nothing of A, but for the setting that the plain context believes', async () => {
    const believed = (attack: Attempt) => attack.on === 'organizations of a person as the app';
    const trials = await attackFrom(placesOf(world).personOfB, believed);
    expect(failuresOf(trials)).toEqual([]);
    expect(trials.length).toBeGreaterThan(150);
  });

  it('leave the installation sound', async () => {
    expect((await testIsolation(world.options)).findings).toEqual([]);
  });
});
