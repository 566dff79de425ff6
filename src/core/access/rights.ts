/**
 * Rights as they are asked for a million times a second: one table for each combination of roles, with masks by
 * doctype. Pure.
 */

/** What a rule says of one doctype. */
export interface Rule {
  allow: number;
  /** Allowed on documents of one's own. */
  ifOwner: number;
  /** Wins over every other rule. */
  deny: number;
  /** Fields that are not shown. */
  hidden: ReadonlySet<string>;
  /** Fields that are shown and not taken. */
  readOnly: ReadonlySet<string>;
}

/** Rules by doctype; `*` for those that are not named. */
export type Rules = ReadonlyMap<string, Rule>;

/** What is left of all rules on one doctype. */
export interface Right {
  allow: number;
  ifOwner: number;
  hidden: ReadonlySet<string>;
  readOnly: ReadonlySet<string>;
}

/** Rights by doctype. */
export interface RightsTable {
  named: ReadonlyMap<string, Right>;
  /** Of doctypes that are not named. */
  other: Right;
}

const nothing: ReadonlySet<string> = new Set();

/** No right at all. */
export const noRight: Right = { allow: 0, ifOwner: 0, hidden: nothing, readOnly: nothing };

/**
 * One table of several layers: what one allows is allowed, what one denies is not, and nothing beyond the ceiling.
 * A field is masked when every layer that gives something masks it.
 */
export function combine(layers: readonly Rules[], ceiling: number): RightsTable {
  const doctypes = new Set(layers.flatMap((rules) => [...rules.keys()]));
  doctypes.delete('*');
  const named = new Map([...doctypes].map((doctype) => [doctype, rightOf(layers, doctype, ceiling)]));
  return { named, other: rightOf(layers, '*', ceiling) };
}

/** The same table, with no right on doctypes that are not named. */
export function onlyNamed({ named }: RightsTable): RightsTable {
  return { named, other: noRight };
}

/** A table for decisions: it allows what one of the two does. The masks of fields are those of the first. */
export function either(first: RightsTable, second: RightsTable): RightsTable {
  const join = (left: Right, right: Right): Right => ({
    ...left,
    allow: left.allow | right.allow,
    ifOwner: left.ifOwner | right.ifOwner,
  });
  const doctypes = new Set([...first.named.keys(), ...second.named.keys()]);
  const named = new Map(
    [...doctypes].map((doctype) => [doctype, join(rightOn(first, doctype), rightOn(second, doctype))]),
  );
  return { named, other: join(first.other, second.other) };
}

/** The right on a doctype. */
export function rightOn(table: RightsTable, doctype: string): Right {
  return table.named.get(doctype) ?? table.other;
}

function rightOf(layers: readonly Rules[], doctype: string, ceiling: number): Right {
  const rules = layers
    .map((layer) => layer.get(doctype) ?? layer.get('*'))
    .filter((rule) => rule !== undefined);
  const deny = rules.reduce((mask, rule) => mask | rule.deny, 0);
  const allow = rules.reduce((mask, rule) => mask | rule.allow, 0) & ~deny & ceiling;
  const ifOwner = rules.reduce((mask, rule) => mask | rule.ifOwner, 0) & ~deny & ceiling & ~allow;
  const giving = rules.filter((rule) => (rule.allow | rule.ifOwner) !== 0);
  return {
    allow,
    ifOwner,
    hidden: common(giving.map((rule) => rule.hidden)),
    readOnly: common(giving.map((rule) => rule.readOnly)),
  };
}

function common([first = nothing, ...rest]: ReadonlySet<string>[]): ReadonlySet<string> {
  return new Set([...first].filter((field) => rest.every((set) => set.has(field))));
}
