/** The rules of system roles and role templates, read from templates/permissions and checked to the last key. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { DartwingError } from '../errors.js';
import { packageRoot } from '../package-root.js';
import { actions, maskOf } from './actions.js';
import type { Rule, Rules } from './rights.js';

/** Where the rights of a system role count. */
export type Reach = 'everywhere' | 'supervised' | 'member' | 'documents';

/** All rules of an installation. */
export interface Rulebook {
  systemRoles: ReadonlyMap<string, { reach: Reach; rules: Rules }>;
  /** The rules of a role template; one without an entry has those of its kind. */
  ofTemplate(role: string, isSupervisor: boolean): Rules;
}

const mask = z.union([z.literal('all'), z.array(z.enum(actions))]);
const fields = z.array(z.string().min(1));
const rule = z.strictObject({
  allow: mask.default([]),
  if_owner: mask.default([]),
  deny: mask.default([]),
  hidden: fields.default([]),
  read_only: fields.default([]),
});
const rights = z.record(z.string().min(1), rule);
const systemFile = z.record(
  z.string(),
  z.strictObject({ reach: z.enum(['everywhere', 'supervised', 'member', 'documents']), rights }),
);
const templateFile = z.record(
  z.string(),
  z.strictObject({ extends: z.string().optional(), rights: rights.default({}) }),
);

type Template = z.output<typeof templateFile>[string];

/**
 * Reads every file of a folder: `system.yaml` has the system roles, the others role templates.
 * @throws CONFIG_INVALID for a key, an action or a parent that is not known: a rule is never left out
 */
export function readRulebook(folder: string = join(packageRoot(), 'templates', 'permissions')): Rulebook {
  const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  const texts = names.sort().map((name) => [name, readFileSync(join(folder, name), 'utf8')] as const);
  return compileRulebook(Object.fromEntries(texts));
}

/** Makes a rulebook of texts by file name. @throws CONFIG_INVALID */
export function compileRulebook(texts: Readonly<Record<string, string>>): Rulebook {
  const { 'system.yaml': system = '', ...rest } = texts;
  const systemRoles = Object.entries(readFile('system.yaml', system, systemFile)).map(
    ([name, { reach, rights: given }]) => [name, { reach, rules: compileRules(given) }] as const,
  );
  const templates = new Map<string, Template>();
  for (const [file, text] of Object.entries(rest)) {
    for (const [name, template] of Object.entries(readFile(file, text, templateFile))) {
      if (templates.has(name)) throw invalid(file, `${name} is described twice`);
      templates.set(name, template);
    }
  }
  const compiled = new Map([...templates.keys()].map((name) => [name, inherit(templates, name)]));
  const kindOf = (isSupervisor: boolean) => compiled.get(isSupervisor ? 'supervisor' : 'member') ?? new Map();
  return {
    systemRoles: new Map(systemRoles),
    ofTemplate: (role, isSupervisor) => compiled.get(role) ?? kindOf(isSupervisor),
  };
}

/** Rights that a doctype declares itself, for supervisors and for other members. */
export interface DoctypeRights {
  doctype: string;
  supervisor?: z.input<typeof rule> | undefined;
  member?: z.input<typeof rule> | undefined;
}

/** Adds the rights of doctypes to every template that does not name them. @throws CONFIG_INVALID */
export function extendRulebook(book: Rulebook, doctypes: readonly DoctypeRights[]): Rulebook {
  if (doctypes.length === 0) return book;
  const ofKind = (kind: 'supervisor' | 'member') => {
    const given = doctypes.flatMap(({ doctype, [kind]: rights }) => {
      if (rights === undefined) return [];
      const read = rule.safeParse(rights);
      if (!read.success) throw invalid(doctype, read.error.issues[0]!.message);
      return [[doctype, read.data] as const];
    });
    return compileRules(Object.fromEntries(given));
  };
  const kinds = { supervisor: ofKind('supervisor'), member: ofKind('member') };
  return {
    ...book,
    ofTemplate: (role, isSupervisor) =>
      new Map([...(isSupervisor ? kinds.supervisor : kinds.member), ...book.ofTemplate(role, isSupervisor)]),
  };
}

function readFile<T>(file: string, text: string, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = parse(text) ?? {};
  } catch (error) {
    throw invalid(file, (error as Error).message);
  }
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw invalid(file, `${issue!.path.join(' → ')}: ${issue!.message}`);
}

/** The rules of a template on top of those it extends; a doctype that is named again is replaced. */
function inherit(
  templates: ReadonlyMap<string, Template>,
  name: string,
  below: readonly string[] = [],
): Rules {
  const template = templates.get(name);
  if (template === undefined) throw invalid(below.at(-1)!, `it extends ${name}, which is not described`);
  if (below.includes(name)) throw invalid(name, 'it extends itself');
  const parent = template.extends === undefined ? [] : inherit(templates, template.extends, [...below, name]);
  return new Map([...parent, ...compileRules(template.rights)]);
}

function compileRules(given: Readonly<Record<string, z.output<typeof rule>>>): Rules {
  return new Map(
    Object.entries(given).map(([doctype, { allow, if_owner, deny, hidden, read_only }]): [string, Rule] => [
      doctype,
      {
        allow: maskOf(allow),
        ifOwner: maskOf(if_owner),
        deny: maskOf(deny),
        hidden: new Set(hidden),
        readOnly: new Set(read_only),
      },
    ]),
  );
}

function invalid(where: string, message: string): DartwingError {
  return new DartwingError('CONFIG_INVALID', { where: `permissions ${where}`, message });
}
