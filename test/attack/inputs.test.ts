/** SQL in every text that callers may give: refused in our words or kept as the text it is, and carried out never. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type Dartwing, type DartwingError, isDartwingError, type Plan } from '../../src/core/index.js';
import { leakIn, sqlstateOf } from './trial.js';
import { canary, createWorld, type World } from './world.js';

let world: World;
let dartwing: Dartwing;

beforeAll(async () => {
  world = await createWorld();
  dartwing = world.dartwing;
  // Queries of the audit trail would do so and count as a change of A's rows.
  await dartwing.audit.sequence();
});

const payloads: Record<string, string> = {
  'a second statement': "x'; drop table organization; --",
  'a condition that always holds': "' or '1'='1",
  'a condition in a number': '1 or 1=1',
  'another organization': "x'||set_config('dartwing.org','ORG-2026-77777',false)||'",
  'a union': "' union select id, slug, org_name from organization --",
  'a quoted identifier': '"; drop schema dartwing cascade; --',
  'a column of another table': 'slug; update company set tax_id = null',
  'a dollar quote': '$$; delete from company; $$',
  'a parameter': '$1',
  'a backslash': "\\'; delete from company; --",
  'a pattern': '%',
  'a pattern and a quote': "%' or slug like '%",
  'a placeholder of migrations': '{{schema}}',
  'a comment': '/* */ -- ',
  NUL: "x\u0000'; drop table company; --",
  'a quote that is none': 'ʼ; drop table company; --',
  'a text read from right to left': "\u202e'; --",
  'a property of every object': '__proto__',
  'a function of every object': 'constructor',
  'a long text': `'${'a'.repeat(100_000)}`,
  'more than an identifier holds': `a${'b'.repeat(63)}; drop table company`,
};

/** Each input: a call with the payload in one of its texts. `free` texts are kept as they are. */
const inputs: Record<string, (payload: string, slug: string) => Promise<unknown>> = {
  'create slug': (slug) => dartwing.tenancy.create({ slug, type: 'company' }),
  'create type': (type, slug) => dartwing.tenancy.create({ slug, type }),
  'create name': (name, slug) => dartwing.tenancy.create({ slug, type: 'company', name }),
  'create region': (region, slug) => dartwing.tenancy.create({ slug, type: 'company', region }),
  'create tier': (tier, slug) => dartwing.tenancy.create({ slug, type: 'company', tier }),
  'create logo': (logo, slug) => dartwing.tenancy.create({ slug, type: 'company', logo }),
  'create owner': (owner, slug) => dartwing.tenancy.create({ slug, type: 'company', owner }),
  'create owner role': (ownerRole, slug) =>
    dartwing.tenancy.create({ slug, type: 'company', owner: `${slug}@test.test`, ownerRole }),
  'create field of the record': (tax_id, slug) =>
    dartwing.tenancy.create({ slug, type: 'company', concrete: { tax_id } }),
  'create name of a field': (key, slug) =>
    dartwing.tenancy.create({ slug, type: 'company', concrete: { [key]: 'x' } }),
  'create choice of the record': (entity_type, slug) =>
    dartwing.tenancy.create({ slug, type: 'company', concrete: { entity_type } }),
  'create date': (formation_date, slug) =>
    dartwing.tenancy.create({ slug, type: 'company', concrete: { formation_date } }),
  'create person of an officer': (person, slug) =>
    dartwing.tenancy.create({ slug, type: 'company', concrete: { officers: [{ person, title: 'x' }] } }),
  'create idempotency key': (idempotencyKey, slug) =>
    dartwing.tenancy.create({ slug, type: 'company' }, { idempotencyKey }),
  reason: (reason) => dartwing.tenancy.show('beech', { reason }),
  'request id': (requestId) => dartwing.tenancy.show('beech', { requestId }),
  principal: (id) => dartwing.tenancy.show('beech', { principal: { type: 'service', id } }),
  'show reference': (ref) => dartwing.tenancy.show(ref),
  'update reference': (ref) => dartwing.tenancy.update(ref, { name: 'x' }),
  'update name': (name) => dartwing.tenancy.update('beech', { name }),
  'update logo': (logo) => dartwing.tenancy.update('beech', { logo }),
  'update name of a setting': (key) => dartwing.tenancy.update('beech', { [key]: 'x' }),
  'update text of the record': (registered_address) =>
    dartwing.tenancy.update('beech', { concrete: { registered_address } }),
  'list state': (state) => dartwing.tenancy.list({ state }),
  'list type': (type) => dartwing.tenancy.list({ type }),
  'list tier': (tier) => dartwing.tenancy.list({ tier }),
  'list region': (region) => dartwing.tenancy.list({ region }),
  'list search': (search) => dartwing.tenancy.list({ search: `beech${search}` }),
  'list sort': (sort) => dartwing.tenancy.list({ sort }),
  'list sort descending': (sort) => dartwing.tenancy.list({ sort: `-${sort}` }),
  'suspend reference': (ref) => dartwing.tenancy.suspend(ref, {}, { reason: 'x' }),
  'dissolve reference': (ref) => dartwing.tenancy.dissolve(ref, {}, { reason: 'x' }),
  'purge reference': (ref) => dartwing.tenancy.purge(ref, { reason: 'x' }),
  'verify reference': (ref) => dartwing.tenancy.verify(ref),
  'repair reference': (ref) => dartwing.tenancy.repair(ref),
  'members reference': (ref) => dartwing.people.members(ref),
  'audit organization': (organization) => dartwing.audit.query({ organization }),
  'audit actor': (actor) => dartwing.audit.query({ organization: world.b.organization, actor }),
  'audit action': (action) => dartwing.audit.query({ organization: world.b.organization, action }),
  'audit doctype': (doctype) => dartwing.audit.query({ organization: world.b.organization, doctype }),
  'audit name': (name) =>
    dartwing.audit.query({ organization: world.b.organization, doctype: 'Organization', name }),
  'audit cursor': (cursor) => dartwing.audit.query({ cursor }),
  'audit cursor of our form': (text) =>
    dartwing.audit.query({
      organization: world.b.organization,
      cursor: Buffer.from(`2026-01-01T00:00:00.000000Z 1 ${text}`).toString('base64url'),
    }),
  'apply slug': (slug) => plan({ slug }),
  'apply name': (name, slug) => apply({ slug, name }),
  'apply region': (region, slug) => apply({ slug, region }),
  'apply member': (email, slug) => apply({ slug, members: [{ email, role: 'Owner' }] }),
  'apply role': (role, slug) => apply({ slug, members: [{ email: `${slug}@test.test`, role }] }),
  'apply text of the record': (tax_id, slug) => apply({ slug, company: { tax_id } }),
  'apply name of a key': (key, slug) => plan({ slug, [key]: 'x' }),
  'apply raw file': (text) => dartwing.apply.plan([{ name: 'org.yaml', text }]),
  'asOrg organization': (ref) => dartwing.asOrg(ref, (tx) => tx.query('select * from company')),
  'asOrg id': (text) => dartwing.asOrg(`ORG-2026-00002${text}`, (tx) => tx.query('select * from company')),
  'asPerson person': (person) => dartwing.asPerson(person, (tx) => tx.query('select * from company')),
  'asSystem reason': (reason) => dartwing.asSystem(reason, (tx) => tx.query('select 1')),
  'value of a statement': (value) =>
    dartwing.asOrg(world.b.organization, (tx) =>
      tx.query('select * from company where tax_id = $1', [value]),
    ),
};

function plan(document: object): Promise<Plan> {
  const text = JSON.stringify({ api_version: 'dartwing/v1', kind: 'Org', type: 'company', ...document });
  return dartwing.apply.plan([{ name: 'org.json', text }]);
}

async function apply(document: object): Promise<unknown> {
  const result = await dartwing.apply.execute(await plan(document));
  if (result.failed[0]) throw result.failed[0].error;
  return result;
}

describe('SQL in an input', () => {
  let tried = 0;

  it.each(Object.keys(inputs))('is refused in our words or is only a text: %s', async (name) => {
    const before = await world.fingerprint();
    for (const [index, [kind, payload]] of Object.entries(payloads).entries()) {
      const slug = `in-${name.replaceAll(/[^a-z]+/gi, '-').toLowerCase()}-${index}`;
      const outcome: unknown = await inputs[name]!(payload, slug).catch((error: unknown) => error);
      expect(
        leakIn(outcome instanceof Error ? publicWords(outcome) : outcome, payload, world),
        kind,
      ).toBeUndefined();
      if (outcome instanceof Error) {
        expect(isDartwingError(outcome), `${kind}: ${outcome.message}`).toBe(true);
        expect(
          (outcome as DartwingError).kind,
          `${kind}: ${outcome.message} ${sqlstateOf(outcome) ?? ''}`,
        ).not.toBe('internal');
        expect(sqlstateOf(outcome) ?? '', kind).not.toMatch(/^42/);
      }
      tried++;
    }
    expect(await world.fingerprint()).toBe(before);
  });

  it('was tried more than a thousand times', () => {
    process.stdout.write(`\nSQL in inputs: ${tried} attempts, ${Object.keys(inputs).length} inputs\n`);
    expect(tried).toBe(Object.keys(inputs).length * Object.keys(payloads).length);
    expect(tried).toBeGreaterThan(1_000);
  });

  it.each([
    'a second statement',
    'a dollar quote',
    'a backslash',
    'a pattern',
    'a quote that is none',
    'a placeholder of migrations',
  ])('is kept to the letter in a name: %s', async (kind) => {
    const name = payloads[kind]!;
    await dartwing.tenancy.update('beech', { name, concrete: { registered_address: name } });
    expect(await dartwing.tenancy.show('beech')).toMatchObject({
      name,
      company: { registered_address: name },
    });
    const { items } = await dartwing.tenancy.list({ search: name });
    expect(items.map(({ slug }) => slug)).toContain('beech');
    expect(items.every((item) => item.name.includes(name))).toBe(true);
  });

  it('is kept to the letter in the audit trail', async () => {
    const reason = payloads['a second statement']!;
    await dartwing.tenancy.update('beech', { name: 'Beech', tier: 'enterprise' }, { reason });
    const { items } = await dartwing.audit.query({ organization: world.b.organization, action: 'update' });
    expect(items[0]).toMatchObject({ reason: expect.stringContaining(reason) });
  });
});

/** What an error tells the one who caused it. Operators, who call here, are offered the nearest slug of all. */
function publicWords(error: Error): unknown {
  const { code, message, why, fix, fields, params } = error as DartwingError;
  return code === 'ORGANIZATION_NOT_FOUND' ? { message, fix, fields } : { message, why, fix, fields, params };
}

describe('an error that B causes with values of A', () => {
  /** Statements of B that meet a rule. */
  const offences = (): [string, string, unknown[]][] => {
    const { a, b } = world;
    const member = `insert into org_member (organization, id, person, role, start_date, member_name, person_email, organization_name,
      organization_type, created_at, modified_at) values ($1, $2, $3, $4, '2026-01-01', 'x', 'x', 'x', 'company', now(), now())`;
    return [
      ['a duplicate of its own member', member, [b.organization, 'x', b.person, 'Owner']],
      ['a member of A', member, [a.organization, 'x', a.person, 'Owner']],
      ['a person who does not exist', member, [b.organization, 'x', 'PERSON-2026-99999', 'Owner']],
      ['a role that does not exist', member, [b.organization, 'x', a.person, 'Nobody']],
      ['a duplicate of its own record', 'insert into company select * from company', []],
      [
        'a record of A',
        'insert into company (organization, name, legal_name) values ($1, $2, $3)',
        [a.organization, 'x', 'x'],
      ],
      [
        'a missing value',
        'insert into company (organization, name, legal_name) values ($1, $2, null)',
        [b.organization, 'y'],
      ],
      ['a value out of bounds', 'update organization set session_timeout_minutes = 100000', []],
      ['the organization of A', 'update organization set org_name = $1 where id = $2', ['', b.organization]],
      ['a slug of A', 'update organization set slug = $1', [canary]],
    ];
  };

  it('tells neither who nor what A is', async () => {
    const codes: string[] = [];
    for (const [name, text, values] of offences()) {
      const error: unknown = await dartwing
        .asOrg(world.b.organization, (tx) => tx.query(text, values))
        .catch((thrown: unknown) => thrown);
      expect(isDartwingError(error), name).toBe(true);
      expect(leakIn(publicWords(error as Error), '', world), name).toBeUndefined();
      codes.push((error as DartwingError).code);
    }
    expect(new Set(codes)).toEqual(new Set(['VALIDATION_ERROR', 'PERMISSION_DENIED']));
  });

  it('leaves the transaction as an error of the catalogue, also when the work did not decide upon a duplicate', async () => {
    const error: unknown = await dartwing
      .asOrg(world.b.organization, (tx) => tx.query('insert into company select * from company'))
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'VALIDATION_ERROR',
      message: 'The record breaks the rule company_pkey',
    });
  });
});
