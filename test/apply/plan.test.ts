import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseDocument, stringify } from 'yaml';
import { listTemplates } from '../../src/commands/templates.js';
import type { Dartwing, Plan } from '../../src/core/index.js';
import { openTestDartwing, type TestDatabase } from '../support/database.js';

let dartwing: Dartwing;
let database: TestDatabase;

beforeAll(async () => {
  ({ dartwing, database } = await openTestDartwing());
});

interface Wanted {
  slug: string;
  type: string;
  [key: string]: unknown;
}

let made = 0;
const newSlug = () => `plan-${++made}`;
const call = { reason: 'test' };

function textOf(...documents: readonly Wanted[]): string {
  return documents
    .map((document) => stringify({ api_version: 'dartwing/v1', kind: 'Org', ...document }))
    .join('---\n');
}

const plan = (text: string, prune = false) => dartwing.apply.plan([{ name: 'org.yaml', text }], { prune });
const apply = async (text: string, prune = false) => dartwing.apply.execute(await plan(text, prune), call);

/** The document that show prints with its members, as a person saves it. */
async function shown(slug: string): Promise<string> {
  const { status, ...organization } = await dartwing.tenancy.show(slug);
  const members = (await dartwing.people.members(slug))
    .filter((member) => member.status.state === 'active')
    .map(({ email, role }) => ({ email, role }));
  return stringify({ ...organization, members, status });
}

/** Everything that apply could have changed, as one text. */
async function fingerprint(): Promise<string> {
  const tables = [
    'organization',
    'family',
    'company',
    'nonprofit',
    'association',
    'organization_officer',
    'organization_member_partner',
    'organization_membership_tier',
    'person',
    'user_account',
    'org_member',
    'permission_grant',
  ];
  const each = tables.map(
    (table) =>
      `select '${table} ' || md5(coalesce(string_agg(t::text, ',' order by t::text), '')) as hash from ${table} t`,
  );
  const { rows } = await database.admin.query<{ hash: string }>(each.join(' union all '));
  return rows.map(({ hash }) => hash).join('\n');
}

const ops = ({ actions }: Plan) => actions.map(({ op }) => op);

describe.each(listTemplates())('the template $name', ({ directory }) => {
  it('applies, is done the second time, and what show prints of it is accepted without a difference', async () => {
    const { readFile } = await import('node:fs/promises');
    const text = await readFile(`${directory}/org.yaml`, 'utf8');
    const first = await plan(text);
    expect(new Set(ops(first))).toEqual(new Set(['create']));
    expect((await dartwing.apply.execute(first, call)).failed).toEqual([]);

    const second = await plan(text, true);
    expect(new Set(ops(second))).toEqual(new Set(['none']));
    const before = await fingerprint();
    const result = await dartwing.apply.execute(second, call);
    expect(result.done.flatMap(({ changes }) => changes)).toEqual([]);
    expect(await fingerprint()).toBe(before);

    for (const { slug } of first.documents) {
      expect(new Set(ops(await plan(await shown(slug), true)))).toEqual(new Set(['none']));
      expect(await dartwing.tenancy.verify(slug)).toMatchObject({ ok: true, findings: [] });
    }
  });
});

/** `ana Owner` */
function member(text: string): { email: string; role: string } {
  const [name, role] = text.split(' ') as [string, string];
  return { email: `${name}@plan.test`, role };
}

describe('a plan', () => {
  it('tells each field from what it is to what it shall be', async () => {
    const slug = newSlug();
    await apply(
      textOf({ slug, type: 'company', name: 'One', members: [{ email: 'a@plan.test', role: 'Owner' }] }),
    );
    const next = textOf({
      slug,
      type: 'company',
      name: 'Two',
      tier: 'pro',
      company: { tax_id: '1' },
      members: [
        { email: 'a@plan.test', role: 'Manager' },
        { email: 'b@plan.test', role: 'Owner' },
      ],
    });
    expect(await plan(next)).toMatchObject({
      summary: { create: 1, update: 2, delete: 0, none: 0 },
      actions: [
        {
          op: 'update',
          ref: `org/${slug}`,
          diff: [
            { path: 'name', from: 'One', to: 'Two' },
            { path: 'tier', from: 'free', to: 'pro' },
            { path: 'company.tax_id', from: null, to: '1' },
          ],
        },
        {
          op: 'update',
          ref: `member/${slug}/a@plan.test`,
          diff: [{ path: 'role', from: 'Owner', to: 'Manager' }],
        },
        {
          op: 'create',
          ref: `member/${slug}/b@plan.test`,
          diff: [{ path: 'role', from: null, to: 'Owner' }],
        },
      ],
    });
  });

  it('removes only with prune, and says that this is severe', async () => {
    const slug = newSlug();
    const members = [
      { email: 'a@plan.test', role: 'Owner' },
      { email: 'b@plan.test', role: 'Employee' },
    ];
    await apply(textOf({ slug, type: 'company', members }));
    const less = textOf({ slug, type: 'company', members: members.slice(0, 1) });
    expect(ops(await plan(less))).toEqual(['none', 'none']);
    const pruning = await plan(less, true);
    expect(pruning.actions.at(-1)).toMatchObject({
      op: 'delete',
      ref: `member/${slug}/b@plan.test`,
      danger: 'severe',
    });
    await dartwing.apply.execute(pruning, call);
    expect(await dartwing.tenancy.show(slug)).toMatchObject({ status: { members: 1 } });
    // Without members in the document prune concerns nobody.
    expect(ops(await plan(textOf({ slug, type: 'company' }), true))).toEqual(['none']);
  });

  it('writes nothing, and executing it dry neither', async () => {
    const slug = newSlug();
    await apply(textOf({ slug, type: 'family', members: [{ email: 'a@plan.test', role: 'Parent' }] }));
    const before = await fingerprint();
    const next = await plan(
      textOf(
        { slug, type: 'family', name: 'Other', members: ['a Parent', 'new Child'].map(member) },
        { slug: newSlug(), type: 'club', members: [{ email: 'newer@plan.test', role: 'President' }] },
      ),
      true,
    );
    expect(await fingerprint()).toBe(before);
    const { done, failed } = await dartwing.apply.execute(next, { ...call, dryRun: true });
    expect(failed).toEqual([]);
    expect(done.map(({ changes }) => changes.map((change) => change.dry_run))).toEqual([
      [true, true],
      [true, true],
    ]);
    expect(await fingerprint()).toBe(before);
  });

  it.each([
    ['another type', { type: 'family' }, 'ORGANIZATION_TYPE_IMMUTABLE'],
    ['another region', { type: 'company', region: 'eu-west-1' }, 'ORGANIZATION_REGION_IMMUTABLE'],
  ])('refuses %s', async (_, change, code) => {
    const slug = newSlug();
    await apply(textOf({ slug, type: 'company' }));
    await expect(plan(textOf({ slug, ...change }))).rejects.toMatchObject({ code });
  });

  it('refuses a dissolved organization', async () => {
    const slug = newSlug();
    await apply(textOf({ slug, type: 'company' }));
    await dartwing.tenancy.dissolve(slug, {}, call);
    await expect(plan(textOf({ slug, type: 'company' }))).rejects.toMatchObject({
      code: 'ORGANIZATION_STATE',
    });
  });

  it('is for operators, and refuses nobody before a wrong file', async () => {
    const wrong = [{ name: 'org.yaml', text: 'nonsense' }];
    await expect(dartwing.apply.plan(wrong)).rejects.toMatchObject({ code: 'APPLY_INVALID' });
    const good = [{ name: 'org.yaml', text: textOf({ slug: newSlug(), type: 'company' }) }];
    await expect(
      dartwing.apply.plan(good, {}, { principal: { type: 'person', id: 'PERSON-2026-99999' } }),
    ).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  });
});

describe('a plan that is kept', () => {
  const wanted = (slug: string, name: string): Wanted => ({
    slug,
    type: 'company',
    name,
    members: [{ email: 'a@plan.test', role: 'Owner' }],
  });
  /** As a file keeps it. */
  const kept = async (text: string, prune = false) =>
    JSON.parse(JSON.stringify(await plan(text, prune))) as Plan;

  it('is carried out as it is, also after being a file', async () => {
    const slug = newSlug();
    const { done } = await dartwing.apply.execute(await kept(textOf(wanted(slug, 'Kept'))), call);
    expect(done).toMatchObject([{ ref: `org/${slug}`, changes: [{ op: 'create' }, { op: 'create' }] }]);
    expect(await dartwing.tenancy.show(slug)).toMatchObject({ name: 'Kept', status: { members: 1 } });
  });

  it.each<[string, (slug: string) => Promise<unknown>]>([
    ['a setting changed', (slug) => dartwing.tenancy.update(slug, { tier: 'pro' })],
    ['it was suspended', (slug) => dartwing.tenancy.suspend(slug, {}, call)],
    [
      'a member joined',
      (slug) =>
        apply(textOf({ slug, type: 'company', members: [{ email: 'x@plan.test', role: 'Employee' }] })),
    ],
    [
      'it was purged',
      async (slug) => {
        await dartwing.tenancy.dissolve(slug, {}, call);
        await dartwing.tenancy.purge(slug, call);
      },
    ],
  ])('is stale when %s since', async (_, meanwhile) => {
    const slug = newSlug();
    await apply(textOf(wanted(slug, 'One')));
    const old = await kept(textOf(wanted(slug, 'Two')));
    await meanwhile(slug);
    const before = await fingerprint();
    await expect(dartwing.apply.execute(old, call)).rejects.toMatchObject({
      code: 'PLAN_STALE',
      why: expect.stringContaining(`org/${slug}`),
    });
    expect(await fingerprint()).toBe(before);
  });

  it('is stale when what it would create was created since', async () => {
    const slug = newSlug();
    const old = await kept(textOf(wanted(slug, 'Mine')));
    await apply(textOf(wanted(slug, 'Theirs')));
    await expect(dartwing.apply.execute(old, call)).rejects.toMatchObject({ code: 'PLAN_STALE' });
    expect(await dartwing.tenancy.show(slug)).toMatchObject({ name: 'Theirs' });
  });

  it('is stale after it was carried out', async () => {
    const slug = newSlug();
    const old = await kept(textOf(wanted(slug, 'Once')));
    await dartwing.apply.execute(old, call);
    await expect(dartwing.apply.execute(old, call)).rejects.toMatchObject({ code: 'PLAN_STALE' });
  });

  it.each<[string, (plan: Plan) => void]>([
    [
      'its documents',
      (plan) => {
        plan.documents[0]!.name = 'Forged';
      },
    ],
    [
      'its actions',
      (plan) => {
        plan.actions.length = 1;
      },
    ],
    [
      'its summary',
      (plan) => {
        plan.summary.delete = 0;
      },
    ],
    [
      'the danger of an action',
      (plan) => {
        plan.actions.at(-1)!.danger = 'none';
      },
    ],
    [
      'what it saw',
      (plan) => {
        plan.seen = {};
      },
    ],
    [
      'whether it prunes',
      (plan) => {
        plan.prune = false;
      },
    ],
    [
      'its hash',
      (plan) => {
        plan.hash = `sha256:${'0'.repeat(64)}`;
      },
    ],
  ])('is refused when somebody altered %s', async (_, alter) => {
    const slug = newSlug();
    const everybody = [
      { email: 'a@plan.test', role: 'Owner' },
      { email: 'b@plan.test', role: 'Employee' },
    ];
    await apply(textOf({ slug, type: 'company', members: everybody }));
    const altered = await kept(textOf(wanted(slug, 'New')), true);
    alter(altered);
    const before = await fingerprint();
    await expect(dartwing.apply.execute(altered, call)).rejects.toMatchObject({
      code: 'PLAN_STALE',
      why: expect.stringContaining('the plan itself'),
    });
    expect(await fingerprint()).toBe(before);
  });

  it('may go on where somebody was faster, but never removes then', async () => {
    const slug = newSlug();
    await apply(textOf(wanted(slug, 'One')));
    const [old, pruning] = [
      await plan(textOf(wanted(slug, 'Two'))),
      await plan(textOf(wanted(slug, 'Two')), true),
    ];
    await apply(
      textOf({
        slug,
        type: 'company',
        tier: 'pro',
        members: [{ email: 'late@plan.test', role: 'Employee' }],
      }),
    );
    await expect(dartwing.apply.execute(pruning, call, { onStale: 'goOn' })).rejects.toMatchObject({
      code: 'PLAN_STALE',
    });
    await dartwing.apply.execute(old, call, { onStale: 'goOn' });
    expect(await dartwing.tenancy.show(slug)).toMatchObject({
      name: 'Two',
      tier: 'pro',
      status: { members: 2 },
    });
  });
});

describe('many organizations', () => {
  it('that one fails harms no other', async () => {
    const slugs = [newSlug(), newSlug(), newSlug()];
    const officers = [{ person: 'nobody@plan.test', title: 'CEO' }];
    const { done, failed } = await apply(
      textOf(
        { slug: slugs[0]!, type: 'family' },
        { slug: slugs[1]!, type: 'company', company: { officers } },
        { slug: slugs[2]!, type: 'club' },
      ),
    );
    expect(done.map(({ ref }) => ref)).toEqual([`org/${slugs[0]}`, `org/${slugs[2]}`]);
    expect(failed).toMatchObject([{ ref: `org/${slugs[1]}`, error: { code: 'PERSON_NOT_FOUND' } }]);
    await expect(dartwing.tenancy.show(slugs[1]!)).rejects.toMatchObject({ code: 'ORGANIZATION_NOT_FOUND' });
  });

  it('may all be made with one idempotency key, each once', async () => {
    const [one, two] = [newSlug(), newSlug()];
    const text = textOf({ slug: one, type: 'family' }, { slug: two, type: 'family' });
    const first = await plan(text);
    const keyed = { ...call, idempotencyKey: `many-${one}` };
    const result = await dartwing.apply.execute(first, keyed);
    expect(result.failed).toEqual([]);
    // The same call again, as after an answer that got lost.
    expect(await dartwing.apply.execute(first, keyed)).toEqual(result);
  });

  it('end in the same state when two apply the same file at the same time', async () => {
    for (let turn = 0; turn < 5; turn++) {
      const slugs = [newSlug(), newSlug()];
      const text = textOf(
        ...slugs.map((slug) => ({
          slug,
          type: 'company',
          tier: 'pro',
          company: { officers: [{ person: 'a@plan.test', title: 'CEO' }] },
          members: [
            { email: 'a@plan.test', role: 'Owner' },
            { email: `${slug}@plan.test`, role: 'Employee' },
          ],
        })),
      );
      const plans = await Promise.all([plan(text), plan(text), plan(text)]);
      const results = await Promise.all(
        plans.map((one) => dartwing.apply.execute(one, call, { onStale: 'goOn' })),
      );
      expect(results.flatMap(({ failed }) => failed)).toEqual([]);
      expect(new Set(ops(await plan(text, true)))).toEqual(new Set(['none']));
      for (const slug of slugs)
        expect(await dartwing.tenancy.verify(slug)).toMatchObject({ ok: true, findings: [] });
    }
  });

  it('leave one of two strict plans stale, whole', async () => {
    const slug = newSlug();
    const text = textOf({ slug, type: 'family', members: [{ email: 'a@plan.test', role: 'Parent' }] });
    const plans = await Promise.all([plan(text), plan(text)]);
    const outcomes = await Promise.allSettled(plans.map((one) => dartwing.apply.execute(one, call)));
    expect(outcomes.filter((outcome) => outcome.status === 'rejected')).toMatchObject([
      { reason: { code: 'PLAN_STALE' } },
    ]);
    expect(new Set(ops(await plan(text)))).toEqual(new Set(['none']));
  });
});

describe('whatever is wanted', () => {
  const text = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    .filter((value) => value.trim() !== '' && !value.includes('\0'));
  const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
  const nullable = <T>(value: fc.Arbitrary<T>) => optional(fc.option(value, { nil: null }));
  const cents = fc.integer({ min: 0, max: 1e12 });
  const percent = fc.double({ min: 0, max: 100, noNaN: true });
  const person = fc.constantFrom('a@plan.test', 'b@plan.test', 'C@plan.test');
  const day = fc
    .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 10));
  const list = <T>(value: fc.Arbitrary<T>) => optional(fc.array(value, { maxLength: 3 }));
  const officers = list(fc.record({ person, title: text, start_date: nullable(day) }));

  const concrete = {
    family: fc.record({
      family_name: optional(text),
      family_nickname: nullable(text),
      parental_controls_enabled: optional(fc.boolean()),
      screen_time_limit_minutes: nullable(fc.integer({ min: 0, max: 2 ** 31 - 1 })),
    }),
    company: fc.record({
      legal_name: optional(text),
      tax_id: nullable(text),
      entity_type: nullable(fc.constantFrom('LLC', 'C-Corp')),
      formation_date: nullable(day),
      registered_agent: nullable(person),
      officers,
      members_partners: list(
        fc.record({
          person,
          ownership_percent: nullable(percent),
          capital_contribution_cents: nullable(fc.integer({ min: -1e12, max: 1e12 })),
          voting_rights: nullable(percent),
        }),
      ),
    }),
    nonprofit: fc.record({ ein: nullable(text), mission_statement: nullable(text), board_members: officers }),
    association: fc.record({
      association_type: optional(fc.constantFrom('Club', 'HOA')),
      default_dues_amount_cents: nullable(cents),
      membership_tiers: list(
        fc.record({ tier_name: text, annual_fee_cents: nullable(cents), benefits: nullable(text) }),
      ),
    }),
  };
  const roles = {
    family: ['Parent', 'Guardian'],
    company: ['Owner', 'Manager'],
    nonprofit: ['Board Member'],
    association: ['President'],
  };

  /** Two wishes for one organization, one after the other. */
  const wishes = fc.constantFrom('family', 'company', 'nonprofit', 'association').chain((type) => {
    const wish = fc.record({
      type: fc.constant(type),
      name: optional(text),
      tier: optional(fc.constantFrom('free', 'pro', 'enterprise')),
      logo: nullable(text),
      mfa_required: optional(fc.boolean()),
      session_timeout_minutes: nullable(fc.integer({ min: 1, max: 600 })),
      [type]: optional(concrete[type as keyof typeof concrete] as fc.Arbitrary<object>),
      members: optional(
        fc.uniqueArray(
          fc.record({ email: person, role: fc.constantFrom(...roles[type as keyof typeof roles]) }),
          { minLength: 1, maxLength: 3, selector: ({ email }) => email },
        ),
      ),
    });
    return fc.tuple(wish, wish);
  });

  it('carrying a plan out leads to a state whose plan is empty, and show prints that state', async () => {
    const slug = newSlug();
    // So that officers are persons who exist.
    const everybody = ['a@plan.test', 'b@plan.test', 'c@plan.test'].map((email) => ({
      email,
      role: 'Owner',
    }));
    await apply(textOf({ slug, type: 'company', members: everybody }));
    await fc.assert(
      fc.asyncProperty(wishes, fc.boolean(), async (steps, prune) => {
        const slug = newSlug();
        for (const step of steps) {
          const wanted = textOf({ slug, ...step } as unknown as Wanted);
          expect((await apply(wanted, prune)).failed).toEqual([]);
          const again = await plan(wanted, prune);
          expect(again.actions.filter(({ op }) => op !== 'none')).toEqual([]);
        }
        const printed = await shown(slug);
        expect((await plan(printed, true)).actions.filter(({ op }) => op !== 'none')).toEqual([]);
        expect(parseDocument(printed).errors).toEqual([]);
      }),
      { numRuns: 25 },
    );
    expect((await dartwing.tenancy.verify()).ok).toBe(true);
  });
});
