/** What a program with an API key may do: what its permissions name, in its one organization, and nothing else. */
import { actions, bitOf } from './actions.js';

/** The bounds of an API key. */
export interface KeyBounds {
  /** Id of the organization it opens. */
  organization: string;
  /** `<doctype>:<action>`; `*` stands for all doctypes, or for all actions that are not an operator's. */
  permissions: readonly string[];
}

/** Whether one of the permissions covers an action on a doctype. An action that no rule knows is covered by none. */
export function keyCovers({ permissions }: KeyBounds, action: string, doctype: string): boolean {
  const bit = bitOf(action);
  if (bit === bitOf('administer')) return false;
  return permissions.some((permission) => {
    const at = permission.lastIndexOf(':');
    const [named, wanted] = [permission.slice(0, at), permission.slice(at + 1)];
    return (named === '*' || named === doctype) && (wanted === '*' || bitOf(wanted) === bit);
  });
}

/** Whether a permission has the form and names an action that keys can have. */
export function isKeyPermission(text: string): boolean {
  const [, action] = /^(?:\*|[A-Z][A-Za-z ]{0,60}):(\*|[a-z]+)$/.exec(text) ?? [];
  return action === '*' || (action !== 'administer' && actions.some((known) => known === action));
}
