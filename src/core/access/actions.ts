/** What can be done with a document, as bits, so that a right is one number. */

/** The actions of a rule. `administer` stands for everything that only operators do: suspend, purge, repair, … */
export const actions = ['read', 'write', 'create', 'delete', 'share', 'export', 'administer'] as const;
export type Action = (typeof actions)[number];

/** Words of verbs for the same act. */
const synonyms: Readonly<Record<string, Action>> = {
  list: 'read',
  show: 'read',
  query: 'read',
  update: 'write',
  change: 'write',
  approve: 'write',
  remind: 'write',
  rotate: 'write',
  add: 'create',
  invite: 'create',
  remove: 'delete',
  revoke: 'delete',
};

const bits: ReadonlyMap<string, number> = new Map([
  ...actions.map((action, index) => [action, 1 << index] as const),
  ...Object.entries(synonyms).map(([word, action]) => [word, 1 << actions.indexOf(action)] as const),
]);

/** Every action. */
export const everyBit = (1 << actions.length) - 1;

/** The bit of an action; a word that no rule knows is an act of operators. */
export function bitOf(action: string): number {
  return bits.get(action) ?? 1 << actions.indexOf('administer');
}

/** The bits of a rule's list. */
export function maskOf(list: readonly Action[] | 'all'): number {
  return list === 'all' ? everyBit : list.reduce((mask, action) => mask | bitOf(action), 0);
}
