/** Contexts this process has compiled, those least recently used given up first. */
import { limits } from '../limits.js';
import type { AccessContext } from './context.js';

export interface ContextCache {
  get(person: string): AccessContext | undefined;
  set(context: AccessContext): void;
  delete(person: string): void;
  clear(): void;
}

/** Bounded by memberships, because a context of many organizations weighs as much as many of one. */
export function contextCache(weightMax: number = limits.accessMembershipsCachedMax): ContextCache {
  const contexts = new Map<string, AccessContext>();
  let weight = 0;
  const drop = (person: string): void => {
    const context = contexts.get(person);
    if (context === undefined) return;
    contexts.delete(person);
    weight -= weightOf(context);
  };
  return {
    get: (person) => {
      const context = contexts.get(person);
      if (context === undefined) return undefined;
      // A Map keeps the order of insertion, so the first one is always the oldest.
      contexts.delete(person);
      contexts.set(person, context);
      return context;
    },
    set: (context) => {
      drop(context.person);
      contexts.set(context.person, context);
      weight += weightOf(context);
      for (const oldest of contexts.keys()) {
        if (weight <= weightMax) break;
        drop(oldest);
      }
    },
    delete: drop,
    clear: () => {
      contexts.clear();
      weight = 0;
    },
  };
}

function weightOf(context: AccessContext): number {
  return 1 + context.organizations.size + context.documents.size;
}
