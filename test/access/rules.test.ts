import { describe, expect, it } from 'vitest';
import { isAllowed } from '../../src/core/access/authorize.js';
import { type AccessContext, contextMaker, type StoredRights } from '../../src/core/access/context.js';
import { contextCache } from '../../src/core/access/context-cache.js';
import { requireWritable, withoutHidden } from '../../src/core/access/fields.js';
import type { Scope } from '../../src/core/access/index.js';
import { compileRulebook, readRulebook } from '../../src/core/access/rulebook.js';

const org = 'ORG-2026-00001';
const shipped = readRulebook();

const rightsOf = (more: Partial<StoredRights> = {}): StoredRights => ({
  user: 'bo@acme.test',
  system_roles: ['Dartwing User'],
  organizations: [],
  documents: [],
  closed: [],
  ...more,
});

const member = (role: string, supervises = false, until: string | null = null): AccessContext =>
  contextMaker(shipped)('BO', '1.1', rightsOf({ organizations: [[org, role, supervises, until]] }));

const scopeOf = (access: AccessContext) =>
  ({ principal: { type: 'person', id: 'BO' }, access, tx: {} }) as unknown as Scope;

const task = (owner?: string) => ({ doctype: 'Task', name: 'TASK-1', organization: org, owner });

describe('the rules that are shipped', () => {
  it('let an employee write their own tasks only', () => {
    const context = member('Employee');
    expect(isAllowed(context, 'read', task('ANA'))).toBe(true);
    expect(isAllowed(context, 'write', task('BO'))).toBe(true);
    expect(isAllowed(context, 'update', task('ANA'))).toBe(false);
    expect(isAllowed(context, 'write', task())).toBe(false);
  });

  it('give every template of the seed the rights of its kind', () => {
    for (const role of ['Parent', 'Guardian', 'Owner', 'Manager', 'Board Member', 'President', 'Custom Lead'])
      expect(
        isAllowed(member(role, true), 'create', { doctype: 'Org Member', name: '*', organization: org }),
      ).toBe(true);
    for (const role of [
      'Child',
      'Extended Family',
      'Employee',
      'Contractor',
      'Staff',
      'Volunteer',
      'Member',
      'Honorary',
      'Custom',
    ])
      expect(isAllowed(member(role), 'create', { doctype: 'Org Member', name: '*', organization: org })).toBe(
        false,
      );
  });

  it('keep what only operators do from every member', () => {
    const ref = { doctype: 'Organization', name: org };
    for (const action of ['create', 'delete', 'suspend', 'restore', 'purge', 'repair', 'a verb of tomorrow'])
      expect(isAllowed(member('Owner', true), action, ref), action).toBe(false);
  });

  it('deny a record without organization', () => {
    expect(isAllowed(member('Owner', true), 'read', { doctype: 'Task', name: 'TASK-1' })).toBe(false);
    expect(
      isAllowed(member('Owner', true), 'read', { doctype: 'Task', name: 'TASK-1', organization: '' }),
    ).toBe(false);
  });

  it('let everybody read their own person and the role templates', () => {
    const alone = contextMaker(shipped)('BO', '1.1', rightsOf());
    expect(isAllowed(alone, 'write', { doctype: 'Person', name: 'BO' })).toBe(true);
    expect(isAllowed(alone, 'read', { doctype: 'Person', name: 'ANA' })).toBe(false);
    expect(isAllowed(alone, 'read', { doctype: 'Role Template', name: 'Owner' })).toBe(true);
    expect(isAllowed(alone, 'write', { doctype: 'Role Template', name: 'Owner' })).toBe(false);
  });
});

describe('guests', () => {
  it('read the documents that were granted and nothing else', () => {
    const guest = contextMaker(shipped)(
      'BO',
      '1.1',
      rightsOf({ system_roles: ['Dartwing Guest'], documents: [[org, 'Task', 'TASK-1']] }),
    );
    expect(isAllowed(guest, 'read', task())).toBe(true);
    expect(isAllowed(guest, 'write', task('BO'))).toBe(false);
    expect(isAllowed(guest, 'read', { ...task(), name: 'TASK-2' })).toBe(false);
    expect(isAllowed(guest, 'read', { ...task(), organization: 'ORG-2026-00002' })).toBe(false);
  });

  it('only read as members, whatever their role gives', () => {
    const context = member('Owner', true, '2026-12-01T00:00:00.000Z');
    expect(isAllowed(context, 'read', task())).toBe(true);
    expect(isAllowed(context, 'write', task('BO'))).toBe(false);
    expect(context.endsAt).toBe(Date.parse('2026-12-01T00:00:00.000Z'));
  });
});

describe('fields', () => {
  const company = { doctype: 'Company', name: 'CO-1', organization: org };

  it('hides what the role may not see', () => {
    const shown = withoutHidden(scopeOf(member('Employee')), company, { legal_name: 'Acme', tax_id: '12-3' });
    expect(shown).toEqual({ legal_name: 'Acme' });
  });

  it('refuses a change of masked fields with 403 and their names', () => {
    const scope = scopeOf(member('Manager', true));
    expect(() => requireWritable(scope, company, ['physical_address'])).not.toThrow();
    expect(() => requireWritable(scope, company, ['physical_address', 'tax_id', 'legal_name'])).toThrowError(
      expect.objectContaining({
        code: 'FIELDS_DENIED',
        kind: 'forbidden',
        fields: [
          expect.objectContaining({ path: 'tax_id' }),
          expect.objectContaining({ path: 'legal_name' }),
        ],
      }),
    );
  });

  it('shows a supervisor who is an Organization Admin what one of both roles shows', () => {
    const context = contextMaker(shipped)(
      'BO',
      '1.1',
      rightsOf({ system_roles: ['Organization Admin'], organizations: [[org, 'Manager', true, null]] }),
    );
    expect(() => requireWritable(scopeOf(context), company, ['tax_id'])).not.toThrow();
  });
});

describe('rules as files', () => {
  const system = JSON.stringify({
    'Dartwing User': { reach: 'member', rights: {} },
    'Dartwing Admin': { reach: 'supervised', rights: { Task: { allow: ['delete', 'share'] } } },
  });
  const compile = (lead: object) =>
    compileRulebook({ 'system.yaml': system, 'lead.yaml': JSON.stringify({ Lead: lead }) });

  it('lets an explicit deny win over what another layer allows', () => {
    const book = compile({ rights: { Task: { allow: ['read'], deny: ['delete'] } } });
    const context = contextMaker(book)(
      'BO',
      '1.1',
      rightsOf({
        system_roles: ['Dartwing User', 'Dartwing Admin'],
        organizations: [[org, 'Lead', true, null]],
      }),
    );
    expect(isAllowed(context, 'share', task())).toBe(true);
    expect(isAllowed(context, 'delete', task())).toBe(false);
  });

  it.each([
    ['an unknown key', { rights: { Task: { alow: ['read'] } } }],
    ['an unknown action', { rights: { Task: { allow: ['peek'] } } }],
    ['an unknown operator', { rights: { Task: { allow: ['read'], match: { owner: 'me' } } } }],
    ['an unknown parent', { extends: 'nobody' }],
    ['itself as parent', { extends: 'Lead' }],
  ])('throws at load for %s', (_what, lead) => {
    expect(() => compile(lead)).toThrowError(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });

  it('throws for a role that is described twice and for text that is no YAML', () => {
    const twice = { 'a.yaml': 'Lead: {}', 'b.yaml': 'Lead: {}' };
    expect(() => compileRulebook(twice)).toThrowError(expect.objectContaining({ code: 'CONFIG_INVALID' }));
    expect(() => compileRulebook({ 'a.yaml': '{' })).toThrowError(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });
});

describe('the cache of contexts', () => {
  it('gives up the least recently used beyond its weight', () => {
    const cache = contextCache(4);
    const of = (person: string) =>
      contextMaker(shipped)(person, '1.1', rightsOf({ organizations: [[org, 'Owner', true, null]] }));
    cache.set(of('A'));
    cache.set(of('B'));
    cache.get('A');
    cache.set(of('C'));
    expect([cache.get('A')?.person, cache.get('B'), cache.get('C')?.person]).toEqual(['A', undefined, 'C']);
    cache.delete('A');
    expect(cache.get('A')).toBeUndefined();
  });
});
