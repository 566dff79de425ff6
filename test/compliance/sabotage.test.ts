/** A check that cannot fail is none: each enforcement is taken away, and its control has to turn red. */
import { beforeAll, expect, test, vi } from 'vitest';
import { because, openComplianceWorld } from './world.js';

const broken = vi.hoisted(() => new Set<string>());

vi.mock('../../src/core/identity/session-rules.js', async (original) => {
  const real = await original<typeof import('../../src/core/identity/session-rules.js')>();
  return {
    ...real,
    strictest: (...given: Parameters<typeof real.strictest>) =>
      broken.has('sess.idle') ? given[0] : real.strictest(...given),
  };
});
vi.mock('../../src/core/identity/strong-sign-in.js', async (original) => {
  const real = await original<typeof import('../../src/core/identity/strong-sign-in.js')>();
  return {
    ...real,
    requireStrongSignIn: (...given: Parameters<typeof real.requireStrongSignIn>) =>
      broken.has('auth.mfa') ? undefined : real.requireStrongSignIn(...given),
  };
});
vi.mock('../../src/core/lite/password.js', async (original) => {
  const real = await original<typeof import('../../src/core/lite/password.js')>();
  return {
    ...real,
    requireStrongPassword: (...given: Parameters<typeof real.requireStrongPassword>) =>
      broken.has('auth.password') ? given[0] : real.requireStrongPassword(...given),
  };
});
vi.mock('../../src/core/identity/failure-schedule.js', async (original) => {
  const real = await original<typeof import('../../src/core/identity/failure-schedule.js')>();
  return {
    ...real,
    afterFailure: (...[kind, before, now, lockMs]: Parameters<typeof real.afterFailure>) =>
      real.afterFailure(kind, before, now, broken.has('auth.lockout') ? 0 : lockMs),
  };
});
vi.mock('../../src/core/documents/projector.js', async (original) => {
  const real = await original<typeof import('../../src/core/documents/projector.js')>();
  return {
    ...real,
    recordReads: (...given: Parameters<typeof real.recordReads>) =>
      broken.has('phi.read') ? Promise.resolve() : real.recordReads(...given),
  };
});
vi.mock('../../src/core/documents/vault.js', async (original) => {
  const real = await original<typeof import('../../src/core/documents/vault.js')>();
  return {
    ...real,
    openVault: (...given: Parameters<typeof real.openVault>) => {
      const vault = real.openVault(...given);
      const leave: typeof vault.seal = async (_, __, all) => all.map(({ data }) => data);
      return {
        ...vault,
        seal: (...each: Parameters<typeof vault.seal>) =>
          broken.has('phi.sealed') ? leave(...each) : vault.seal(...each),
      };
    },
  };
});
vi.mock('../../src/core/documents/agreement-queries.js', async (original) => {
  const real = await original<typeof import('../../src/core/documents/agreement-queries.js')>();
  return {
    ...real,
    isAgreementOver: (...given: Parameters<typeof real.isAgreementOver>) =>
      broken.has('baa') ? Promise.resolve(false) : real.isAgreementOver(...given),
  };
});
vi.mock('../../src/core/residency/rule.js', async (original) => {
  const real = await original<typeof import('../../src/core/residency/rule.js')>();
  return {
    ...real,
    refusalOfModel: (...given: Parameters<typeof real.refusalOfModel>) =>
      broken.has('ai.local') ? undefined : real.refusalOfModel(...given),
  };
});
vi.mock('../../src/core/privacy/retention-queries.js', async (original) => {
  const real = await original<typeof import('../../src/core/privacy/retention-queries.js')>();
  return {
    ...real,
    readShortest: (...given: Parameters<typeof real.readShortest>) =>
      broken.has('retention') ? Promise.resolve(0) : real.readShortest(...given),
  };
});
vi.mock('../../src/core/identity/link-queries.js', async (original) => {
  const real = await original<typeof import('../../src/core/identity/link-queries.js')>();
  return {
    ...real,
    findDoor: async (...given: Parameters<typeof real.findDoor>) => {
      const door = await real.findDoor(...given);
      return door && broken.has('crypt.transit') ? { ...door, tls_required: false } : door;
    },
  };
});

const world = openComplianceWorld();
let organization = '';

beforeAll(async () => {
  organization = await world.organization('acme');
  await world.dartwing.compliance.enable('acme', 'hipaa', {}, because);
});

const red = async () => {
  const { findings, worse } = await world.dartwing.compliance.verify('acme');
  return { red: findings.filter(({ severity }) => severity === 'fail').map(({ id }) => id), worse };
};

test.each([
  'sess.idle',
  'auth.mfa',
  'auth.password',
  'auth.lockout',
  'crypt.transit',
  'phi.read',
  'phi.sealed',
  'ai.local',
  'retention',
  'baa',
])('%s turns red when its code no longer enforces it, and nothing else does', async (control) => {
  broken.add(control);
  expect(await red()).toEqual({ red: [control], worse: [control] });
  broken.clear();
  expect(await red()).toEqual({ red: [], worse: [] });
});

/** What a superuser can do behind our back, and how it is undone. */
const detours: Record<string, [control: string, harm: string, undo: string]> = {
  'a role that may change the trail': [
    'audit.immutable',
    'grant update on audit_event to public',
    'revoke update on audit_event from public',
  ],
  'a trail without its guard': [
    'audit.immutable',
    'alter table audit_event disable trigger all',
    'alter table audit_event enable trigger all',
  ],
  'an agreement that was deleted': [
    'baa',
    'create temp table kept as table business_associate_agreement; delete from business_associate_agreement',
    'insert into business_associate_agreement select * from kept; drop table kept',
  ],
  'a policy that was softened': [
    'auth.mfa',
    `update compliance_policy set settings = settings - 'mfa_required'`,
    `update compliance_policy set settings = settings || '{"mfa_required": true}'`,
  ],
  'health information that stands open': [
    'phi.sealed',
    `insert into document (organization, doctype, name, version, data, created_at, created_by, modified_at, modified_by)
     select id, 'Chart', 'open', 1, '{"finding": "flu"}', now(), 'test', now(), 'test' from organization where slug = 'acme'`,
    "delete from document where doctype = 'Chart' and name = 'open'",
  ],
  'a rule that disposes of health information too early': [
    'retention',
    `insert into retention_rule (organization, doctype, keep_days, basis, set_at, set_by)
     select id, 'Chart', 30, 'none', now(), 'test' from organization where slug = 'acme'`,
    'delete from retention_rule',
  ],
  'a key that no key service holds': [
    'crypt.keys',
    `insert into data_key (organization, id, purpose, version, state, provider, master, wrapped, created_at)
     select id, gen_random_uuid(), 'stray', 1, 'active', 'local', 'x', 'x', now() from organization where slug = 'acme'`,
    `delete from data_key where purpose = 'stray'`,
  ],
};

test.each(Object.keys(detours))('%s is found', async (name) => {
  const [control, harm, undo] = detours[name]!;
  await world.database.admin.query(harm);
  expect((await red()).red).toEqual([control]);
  await world.database.admin.query(undo);
  expect((await red()).red).toEqual([]);
});

test('a bucket whose lock can be bypassed turns audit.worm red', async () => {
  world.bucket.mode = 'GOVERNANCE';
  expect((await red()).red).toEqual(['audit.worm']);
  world.bucket.mode = 'COMPLIANCE';
  expect((await red()).red).toEqual([]);
});

test('what turned red stands in the trail of the organization, once for each time', async () => {
  const entries = await world.audited('compliance.drift');
  expect(entries).toHaveLength(18);
  expect(entries.every(({ org }) => org === organization)).toBe(true);
});
