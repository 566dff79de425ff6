import { expect, test } from 'vitest';
import {
  conflictRulesSchema,
  defaultRules,
  overrideRules,
  resolve,
  rulesFingerprint,
} from '../../src/core/sync/strategies/index.js';
import { conflictOf } from './conflicts.js';

test('refuses rules that contradict themselves or would never be read', () => {
  const wrong: readonly [rules: unknown, path: string][] = [
    [{ strategy: 'newest' }, 'strategy'],
    [{ strategy: 'field_level', server: ['a'], client: ['a'] }, 'client'],
    [{ strategy: 'three_way', text: ['a'], union: ['a'] }, 'union'],
    [{ strategy: 'three_way', text: ['a'], rows: { a: {} } }, 'rows'],
    [{ strategy: 'server_wins', client: ['a'] }, 'client'],
    [{ strategy: 'append_only', text: ['a'] }, 'text'],
    [{ strategy: 'field_level', auto_merge: ['a'] }, 'auto_merge'],
    [{ strategy: 'manual_resolve', client: ['a'] }, 'client'],
    [{ strategy: 'field_level', clients: ['a'] }, ''],
  ];
  for (const [rules, path] of wrong) {
    const read = conflictRulesSchema.safeParse(rules);
    expect(read.success, JSON.stringify(rules)).toBe(false);
    expect(read.error?.issues[0]?.path.join('.')).toBe(path);
  }
});

test('every default is a rule set that may be written', () => {
  for (const doctype of ['Task', 'Calendar Event', 'Notification', 'Comment', 'Equipment', 'File', 'Other'])
    expect(conflictRulesSchema.safeParse(defaultRules(doctype)).error, doctype).toBeUndefined();
  expect(defaultRules('constructor')).toEqual(defaultRules('Other'));
});

test('an override moves the fields it names and leaves the others', () => {
  const rules = overrideRules(defaultRules('Task'), { strategy: 'field_level', client: ['priority'] });
  expect(rules).toMatchObject({
    server: ['status', 'assigned_to', 'due_date'],
    client: ['notes', 'description', 'priority'],
    text: ['notes', 'description'],
  });
});

test('an override drops what its strategy does not read', () => {
  const rules = overrideRules(defaultRules('Task'), { strategy: 'server_wins' });
  expect(rules).toEqual({ strategy: 'server_wins', overrides: defaultRules('Task').overrides });
});

test('core says what may be overridden, and each layer can only allow less', () => {
  expect(() => overrideRules(defaultRules('Person'), { strategy: 'client_wins' })).toThrow(
    /strategy is fixed/,
  );
  expect(() => overrideRules(defaultRules('Task'), { strategy: 'client_wins' })).toThrow(
    /strategy is one of/,
  );
  const module = overrideRules(defaultRules('Task'), {
    strategy: 'three_way',
    overrides: ['three_way', 'client_wins'],
  });
  expect(module.overrides).toEqual(['three_way']);
  expect(() => overrideRules(module, { strategy: 'server_wins' })).toThrow(/strategy is one of three_way/);
});

test('a locked field keeps its owner, but may be left to a person', () => {
  const equipment = defaultRules('Equipment');
  expect(() => overrideRules(equipment, { strategy: 'field_level', client: ['status'] })).toThrow(
    /status is locked/,
  );
  expect(() => overrideRules(equipment, { strategy: 'field_level', text: ['status'] })).toThrow(
    /status is locked/,
  );
  expect(overrideRules(equipment, { strategy: 'manual_resolve' }).strategy).toBe('manual_resolve');
  expect(overrideRules(equipment, { strategy: 'field_level', client: ['color'] }).client).toEqual([
    'notes',
    'color',
  ]);
});

test('an override that is no rule set says what is wrong in it', () => {
  expect(() => overrideRules(defaultRules('Task'), { strategy: 'field_level', sever: ['a'] })).toThrow(
    expect.objectContaining({ code: 'VALIDATION_ERROR' }),
  );
});

test('without the ancestor, changed fields of either side decide, and otherwise all of them are contested', () => {
  const conflict = conflictOf({ server: { a: 1, b: 1 }, client: { a: 2, b: 2 } });
  const rules = { strategy: 'field_level' as const, client: ['a'] };
  expect(resolve(conflict, rules).document).toEqual({ a: 2, b: 1 });
  const told = { ...conflict, base: { serverChanged: ['a'] } };
  expect(resolve(told, rules)).toMatchObject({
    document: { a: 2, b: 2 },
    lost: { client: {}, server: { a: 1 } },
  });
  const only = { ...conflict, client: { ...conflict.client, changed: ['a'] } };
  expect(resolve(only, rules).document).toEqual({ a: 2, b: 1 });
});

test('names of Object.prototype are fields like others', () => {
  const fields = JSON.parse('{"constructor":"c","__proto__":"p"}') as Record<string, unknown>;
  const { document } = resolve(conflictOf({ server: {}, client: fields }), { strategy: 'client_wins' });
  expect(JSON.stringify(document)).toBe('{"constructor":"c","__proto__":"p"}');
});

test('a fingerprint names what the rules say, not how they are written', () => {
  expect(rulesFingerprint({ strategy: 'field_level', server: ['a'] })).toBe(
    rulesFingerprint({ server: ['a'], strategy: 'field_level', client: undefined }),
  );
  expect(rulesFingerprint({ strategy: 'server_wins' })).not.toBe(
    rulesFingerprint({ strategy: 'client_wins' }),
  );
});
