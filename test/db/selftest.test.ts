import { beforeAll, describe, expect, it } from 'vitest';
import { isolationChecks } from '../../src/core/db/index.js';
import { createDartwing, migrateInstallation, testIsolation } from '../../src/core/index.js';
import { createTestInstallation, type TestInstallation } from '../support/installation.js';

let installation: TestInstallation;

beforeAll(async () => {
  installation = await createTestInstallation();
  await installation.database.admin.query(`create role ${installation.rolePrefix}_stranger`);
});

interface Sabotage {
  what: string;
  check: string;
  object: string;
  /** Statements; `{app}` and so on stand for the roles. */
  how: string;
  /** How it is undone where `repairPolicies` does not heal it. */
  undo?: string;
}

const row = (x: string) => `(organization text not null, x text${x})`;

const sabotages: Sabotage[] = [
  {
    what: 'row security is not forced',
    check: 'table.rls',
    object: 'company',
    how: 'alter table company no force row level security',
  },
  {
    what: 'row security is off',
    check: 'table.rls',
    object: 'org_member',
    how: 'alter table org_member disable row level security',
  },
  {
    what: 'row security of organizations is off',
    check: 'table.rls',
    object: 'organization',
    how: 'alter table organization disable row level security',
    undo: 'alter table organization enable row level security',
  },
  {
    what: 'row security of persons is off',
    check: 'table.rls',
    object: 'person',
    how: 'alter table person disable row level security',
    undo: 'alter table person enable row level security',
  },
  {
    what: 'row security of persons is off and their policies are gone',
    check: 'table.rls',
    object: 'person',
    how: 'alter table person disable row level security; alter policy dartwing_custom_self on person rename to elsewhere',
    undo: 'alter table person enable row level security; alter policy elsewhere on person rename to dartwing_custom_self',
  },
  {
    what: 'row security of accounts is not forced',
    check: 'table.rls',
    object: 'user_account',
    how: 'alter table user_account no force row level security',
    undo: 'alter table user_account force row level security',
  },
  {
    what: 'a new table was not stamped',
    check: 'table.rls',
    object: 'novel',
    how: `create table novel ${row('')}; alter table novel owner to {owner}`,
    undo: 'drop table novel',
  },
  {
    what: 'the policy is gone',
    check: 'table.policy',
    object: 'company',
    how: 'drop policy dartwing_tenant on company',
  },
  {
    what: 'the policy lets all rows pass',
    check: 'table.policy',
    object: 'company (too wide)',
    how: 'drop policy dartwing_tenant on company; create policy dartwing_tenant on company to {app} using (true) with check (true)',
  },
  {
    what: 'the policy lets all rows pass in other words',
    check: 'table.policy',
    object: 'company (too wide)',
    how: "drop policy dartwing_tenant on company; create policy dartwing_tenant on company to {app} using (organization <> '') with check (organization <> '')",
  },
  {
    what: 'the policy has a way around',
    check: 'table.policy',
    object: 'company (too wide)',
    how: `drop policy dartwing_tenant on company; create policy dartwing_tenant on company to {app}
      using (organization = nullif(current_setting('dartwing.org', true), '') or tax_id is null)
      with check (organization = nullif(current_setting('dartwing.org', true), ''))`,
  },
  {
    what: 'the policy lets all rows in',
    check: 'table.policy',
    object: 'company (too wide)',
    how: `drop policy dartwing_tenant on company; create policy dartwing_tenant on company to {app}
      using (organization = nullif(current_setting('dartwing.org', true), '')) with check (true)`,
  },
  {
    what: 'the policy has no WITH CHECK',
    check: 'table.policy',
    object: 'company',
    how: `drop policy dartwing_tenant on company; create policy dartwing_tenant on company to {app}
      using (organization = nullif(current_setting('dartwing.org', true), ''))`,
  },
  {
    what: 'the policy of the reader lets all rows pass',
    check: 'table.policy',
    object: 'company (too wide)',
    how: 'drop policy dartwing_reader on company; create policy dartwing_reader on company for select to {reader} using (true)',
  },
  {
    what: 'a second policy lets all rows pass',
    check: 'table.policy',
    object: 'company (too wide)',
    how: 'create policy generous on company for select to {app} using (true)',
    undo: 'drop policy generous on company',
  },
  {
    what: 'a policy for everybody lets all rows pass',
    check: 'table.policy',
    object: 'org_member (too wide)',
    how: 'create policy generous on org_member for select using (1 = 1)',
    undo: 'drop policy generous on org_member',
  },
  {
    what: 'a policy shows the app every person',
    check: 'table.policy',
    object: 'person (too wide)',
    how: 'create policy generous on person for select to {app} using (not is_minor)',
    undo: 'drop policy generous on person',
  },
  {
    what: 'a policy compares with the organization of the setting of another',
    check: 'table.policy',
    object: 'company (too wide)',
    how: "create policy generous on company for select to {app} using (organization = nullif(current_setting('elsewhere.org', true), ''))",
    undo: 'drop policy generous on company',
  },
  {
    what: 'a unique index leaves the organization out',
    check: 'index.unique',
    object: 'company_tax',
    how: 'create unique index company_tax on company (tax_id)',
    undo: 'drop index company_tax',
  },
  {
    what: 'a unique index has the organization behind',
    check: 'index.unique',
    object: 'company_tax',
    how: 'create unique index company_tax on company (tax_id, organization)',
    undo: 'drop index company_tax',
  },
  {
    what: 'a unique index is over an expression',
    check: 'index.unique',
    object: 'company_tax',
    how: 'create unique index company_tax on company (lower(organization))',
    undo: 'drop index company_tax',
  },
  {
    what: 'a foreign key leaves the organization out',
    check: 'key.foreign',
    object: 'novel_company',
    how: `alter table company add constraint company_name unique (name);
      create table novel ${row('')}; alter table novel owner to {owner};
      alter table novel add constraint novel_company foreign key (x) references company (name)`,
    undo: 'drop table novel; alter table company drop constraint company_name',
  },
  {
    what: 'a view runs with the rights of its owner',
    check: 'view.invoker',
    object: 'companies',
    how: 'create view companies as select * from company',
    undo: 'drop view companies',
  },
  {
    what: 'a view has its invoker rights switched off',
    check: 'view.invoker',
    object: 'companies',
    how: 'create view companies with (security_invoker = false) as select * from company',
    undo: 'drop view companies',
  },
  {
    what: 'a view is materialized',
    check: 'view.invoker',
    object: 'companies',
    how: 'create materialized view companies as select * from company',
    undo: 'drop materialized view companies',
  },
  {
    what: 'a definer function has no search path',
    check: 'function.definer',
    object: 'spy',
    how: `create function spy () returns bigint language sql security definer as 'select count(*) from dartwing.company';
      revoke all on function spy() from public`,
    undo: 'drop function spy()',
  },
  {
    what: 'a definer function may be called by everybody',
    check: 'function.definer',
    object: 'spy',
    how: `create function spy () returns bigint language sql security definer set search_path = dartwing, pg_temp as 'select count(*) from company'`,
    undo: 'drop function spy()',
  },
  {
    what: 'one of our definer functions was given to everybody',
    check: 'function.definer',
    object: 'person_organizations',
    how: 'grant execute on function person_organizations(text, timestamptz) to public',
    undo: 'revoke execute on function person_organizations(text, timestamptz) from public',
  },
  {
    what: 'a definer procedure lost its search path',
    check: 'function.definer',
    object: 'ensure_audit_partition',
    how: 'alter function ensure_audit_partition(timestamptz) reset search_path',
    undo: 'alter function ensure_audit_partition(timestamptz) set search_path = dartwing, pg_temp',
  },
  {
    what: 'the context is called sealed while policies believe a setting',
    check: 'table.seal',
    object: 'company: dartwing_tenant',
    how: 'update installation set sealed_context = true',
    undo: 'update installation set sealed_context = false',
  },
  {
    what: 'the app may truncate',
    check: 'table.grant',
    object: 'company: {app} TRUNCATE',
    how: 'grant truncate on company to {app}',
    undo: 'revoke truncate on company from {app}',
  },
  {
    what: 'the system may truncate',
    check: 'table.grant',
    object: 'company: {system} TRUNCATE',
    how: 'grant truncate on company to {system}',
    undo: 'revoke truncate on company from {system}',
  },
  {
    what: 'the app may set triggers',
    check: 'table.grant',
    object: 'company: {app} TRIGGER',
    how: 'grant trigger on company to {app}',
    undo: 'revoke trigger on company from {app}',
  },
  {
    what: 'the reader may refer to rows',
    check: 'table.grant',
    object: 'company: {reader} REFERENCES',
    how: 'grant references on company to {reader}',
    undo: 'revoke references on company from {reader}',
  },
  {
    what: 'everybody may read',
    check: 'table.grant',
    object: 'company: PUBLIC SELECT',
    how: 'grant select on company to public',
    undo: 'revoke select on company from public',
  },
  {
    what: 'the app may read a partition past its parent',
    check: 'table.grant',
    object: 'audit_event_2001_01: {app} SELECT',
    how: `create table audit_event_2001_01 partition of audit_event for values from ('2001-01-01') to ('2001-02-01');
      grant select on audit_event_2001_01 to {app}`,
    undo: 'drop table audit_event_2001_01',
  },
  {
    what: 'the app owns a table',
    check: 'role.owns',
    object: '{app} owns company',
    how: 'alter table company owner to {app}',
    undo: 'revoke all on company from {app}; alter table company owner to {owner}; grant select, insert, update, delete on company to {app}',
  },
  {
    what: 'the app bypasses row security',
    check: 'role.privileged',
    object: '{app}',
    how: 'alter role {app} bypassrls',
    undo: 'alter role {app} nobypassrls',
  },
  {
    what: 'the app is superuser',
    check: 'role.privileged',
    object: '{app}',
    how: 'alter role {app} superuser',
    undo: 'alter role {app} nosuperuser',
  },
  {
    what: 'the reader bypasses row security',
    check: 'role.privileged',
    object: '{reader}',
    how: 'alter role {reader} bypassrls',
    undo: 'alter role {reader} nobypassrls',
  },
  {
    what: 'the owner bypasses row security',
    check: 'role.privileged',
    object: '{owner}',
    how: 'alter role {owner} bypassrls',
    undo: 'alter role {owner} nobypassrls',
  },
  {
    what: 'the app may make roles',
    check: 'role.privileged',
    object: '{app}',
    how: 'alter role {app} createrole',
    undo: 'alter role {app} nocreaterole',
  },
  {
    what: 'the app may replicate',
    check: 'role.privileged',
    object: '{app}',
    how: 'alter role {app} replication',
    undo: 'alter role {app} noreplication',
  },
  {
    what: 'the app may become the owner',
    check: 'role.member',
    object: '{owner}',
    how: 'grant {owner} to {app}',
    undo: 'revoke {owner} from {app}',
  },
  {
    what: 'the app may become the system',
    check: 'role.member',
    object: '{system}',
    how: 'grant {system} to {app}',
    undo: 'revoke {system} from {app}',
  },
  {
    what: 'the app may read all data of the server',
    check: 'role.member',
    object: 'pg_read_all_data',
    how: 'grant pg_read_all_data to {app}',
    undo: 'revoke pg_read_all_data from {app}',
  },
  {
    what: 'the reader may become a stranger',
    check: 'role.member',
    object: '{stranger}',
    how: 'grant {stranger} to {reader}',
    undo: 'revoke {stranger} from {reader}',
  },
  {
    what: 'the app begins its sessions inside an organization',
    check: 'role.setting',
    object: '{app} sets dartwing.org',
    how: "alter role {app} set dartwing.org = 'ORG-2026-00001'",
    undo: 'alter role {app} reset dartwing.org',
  },
  {
    what: 'the app begins its sessions as another role',
    check: 'role.setting',
    object: '{app} sets role',
    how: 'alter role {app} set role = {reader}',
    undo: 'alter role {app} reset role',
  },
  {
    what: 'the app may make objects in the schema',
    check: 'schema.create',
    object: '{app}',
    how: 'grant create on schema dartwing to {app}',
    undo: 'revoke create on schema dartwing from {app}',
  },
  {
    what: 'everybody may make objects in the schema',
    check: 'schema.create',
    object: 'PUBLIC',
    how: 'grant create on schema dartwing to public',
    undo: 'revoke create on schema dartwing from public',
  },
  {
    what: 'the app owns the schema',
    check: 'schema.create',
    object: '{app}',
    how: 'alter schema dartwing owner to {app}',
    undo: 'alter schema dartwing owner to {owner}; grant usage on schema dartwing to {app}',
  },
  {
    what: 'a table belongs to no organization and does not say that it is global',
    check: 'table.unowned',
    object: 'novel',
    how: 'create table novel (x text)',
    undo: 'drop table novel',
  },
];

const named = (text: string) => text.replaceAll(/\{(\w+)\}/g, `${installation.rolePrefix}_$1`);
const sabotage = (statements: string) =>
  installation.database.admin.query(`set search_path = dartwing; ${named(statements)}`);

/** How opening ends: undefined when it succeeds. */
async function opening(): Promise<
  { code: string; why: string; message: string; detail: unknown } | undefined
> {
  try {
    await (await createDartwing(installation.options)).close();
    return undefined;
  } catch (error) {
    return error as { code: string; why: string; message: string; detail: unknown };
  }
}

describe('opening', () => {
  it('succeeds on an installation that is whole', async () => {
    expect(await opening()).toBeUndefined();
  });

  it.each(sabotages.map((one) => [one.what, one] as const))(
    'is refused when %s',
    async (_what, { check, object, how, undo }) => {
      await sabotage(how);
      try {
        const finding = { check, object: named(object) };
        const refusal = await opening();
        expect(refusal).toMatchObject({
          code: 'ISOLATION_BROKEN',
          detail: expect.arrayContaining([finding]),
        });
        expect(refusal!.message).toMatch(/^Tenant isolation is not intact: \w+\.\w+ \S+/);
        expect((await testIsolation(installation.options)).findings).toContainEqual(finding);
      } finally {
        if (undo === undefined) await migrateInstallation(installation.options, { repairPolicies: true });
        else await sabotage(undo);
      }
      expect(await opening()).toBeUndefined();
    },
  );

  it('was refused for every check there is', () => {
    expect(new Set(sabotages.map(({ check }) => check))).toEqual(new Set(Object.keys(isolationChecks)));
  });

  it('names the first of several findings and how many there are besides', async () => {
    await sabotage(
      'alter table company disable row level security; alter table family disable row level security',
    );
    expect((await opening())!.message).toBe('Tenant isolation is not intact: table.rls company and 1 more');
    await migrateInstallation(installation.options, { repairPolicies: true });
    expect(await opening()).toBeUndefined();
  });

  it('is asked again by ready, which says when isolation breaks later', async () => {
    const dartwing = await createDartwing(installation.options);
    await sabotage('alter table company disable row level security');
    await expect(dartwing.ready()).rejects.toMatchObject({ code: 'ISOLATION_BROKEN' });
    await migrateInstallation(installation.options, { repairPolicies: true });
    await expect(dartwing.ready()).resolves.toBeUndefined();
    await dartwing.close();
  });
});

describe('what is no finding', () => {
  it.each([
    [
      'a policy that narrows',
      `create policy narrow on company as restrictive for select to {app} using (tax_id is null)`,
      'drop policy narrow on company',
    ],
    [
      'a policy that asks for more than the organization',
      `create policy narrow on company for select to {app}
        using (organization = nullif(current_setting('dartwing.org', true), '') and tax_id is null)`,
      'drop policy narrow on company',
    ],
    [
      'a closed policy',
      'create policy closed on company for select to {app} using (false)',
      'drop policy closed on company',
    ],
    [
      'a view that runs with the rights of its caller',
      'create view companies with (security_invoker = true) as select * from company; alter view companies owner to {owner}',
      'drop view companies',
    ],
    [
      'a table that says it is global',
      "create table novel (x text); comment on table novel is 'global: for tests'",
      'drop table novel',
    ],
    [
      'a unique index that begins with the organization',
      'create unique index company_tax on company (organization, tax_id)',
      'drop index company_tax',
    ],
  ])('is %s', async (_what, how, undo) => {
    await sabotage(how);
    const refusal = await opening();
    await sabotage(undo);
    expect(refusal).toBeUndefined();
  });
});

describe('repairing the policies', () => {
  it('is on record with the tables it stamped', async () => {
    await sabotage('drop policy dartwing_tenant on company');
    const run = await migrateInstallation(installation.options, { repairPolicies: true });
    expect(run).toMatchObject({ applied: [], stamped: expect.arrayContaining(['company', 'org_member']) });
    const dartwing = await createDartwing(installation.options);
    const { items } = await dartwing.audit.query({ action: 'migrate', limit: 1 });
    await dartwing.close();
    expect(items).toMatchObject([{ new: { stamped: expect.arrayContaining(['company']) } }]);
  });
});
