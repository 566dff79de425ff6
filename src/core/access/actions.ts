/** What can be done with a document, as bits, so that a right is one number. */

/** The actions of a rule. `administer` stands for everything that only operators do: suspend, purge, repair, … */
export const actions = ['read', 'write', 'create', 'delete', 'share', 'export', 'administer'] as const;
export type Action = (typeof actions)[number];

/** Every action. */
export const everyBit = (1 << actions.length) - 1;

const bits = Object.fromEntries(actions.map((action, index) => [action, 1 << index])) as Record<
  Action,
  number
>;
const { read, write, create, delete: remove, share, export: take, administer } = bits;

/**
 * The bit of an action, or of a verb's word for the same act; a word that no rule knows is an act of operators. Every
 * decision asks this, and comparing a few words takes half the time of looking one up.
 */
export function bitOf(action: string): number {
  switch (action) {
    case 'read':
    case 'list':
    case 'show':
    case 'query':
      return read;
    case 'write':
    case 'update':
    case 'change':
    case 'approve':
    case 'remind':
    case 'rotate':
      return write;
    case 'create':
    case 'add':
    case 'invite':
      return create;
    case 'delete':
    case 'remove':
    case 'revoke':
      return remove;
    case 'share':
      return share;
    case 'export':
      return take;
    default:
      return administer;
  }
}

/** Every word for an act that somebody may ask about: the actions, words of verbs for them, and acts of operators. */
export const actWords: readonly string[] = [
  ...actions,
  ...['list', 'show', 'query', 'update', 'change', 'approve', 'remind', 'rotate'],
  ...['add', 'invite', 'remove', 'revoke'],
  ...['compact', 'expire', 'merge', 'purge', 'rebuild', 'repair', 'restore', 'suspend', 'sync', 'verify'],
];

/** The bits of a rule's list. */
export function maskOf(list: readonly Action[] | 'all'): number {
  return list === 'all' ? everyBit : list.reduce((mask, action) => mask | bitOf(action), 0);
}
