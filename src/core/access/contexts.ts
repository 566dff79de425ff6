/**
 * Runs the work of a person with the rights that hold in its transaction. The stamp of the rights is read in the
 * flight of the opening, so a cached context costs no round trip; if it turns out to be stale, nothing that the
 * work asked for reaches it: the transaction is rolled back and the work begins again with the rights as they are.
 */
import type { Clock } from '../clock.js';
import type { Tx } from '../db/index.js';
import { type AccessContext, contextMaker } from './context.js';
import { contextCache } from './context-cache.js';
import { selectRights, selectStamp } from './queries.js';
import type { DoctypeRights, Rulebook } from './rulebook.js';

/** Opens a transaction and runs something in it. */
export type Begin = <T>(work: (tx: Tx) => Promise<T>) => Promise<T>;

export interface Contexts {
  /** Runs `work` with the rights of `person` as they are in the transaction that `begin` opens. */
  within<T>(person: string, begin: Begin, work: (tx: Tx, access: AccessContext) => Promise<T>): Promise<T>;
  /** Reads the rights of a person, past the cache. */
  read(tx: Tx, person: string): Promise<AccessContext>;
  /** Reads the rules now, so that a wrong one stops a process when it starts. @throws CONFIG_INVALID */
  prepare(): Promise<void>;
  /** Reads the rules again with the next call, because a doctype brought others. */
  renew(): void;
  /** Gives up what is cached of a person. Saves memory and a second start; being right does not need it. */
  forget(person: string): void;
}

/** The rights changed after they were cached. Never leaves this file. */
class Stale extends Error {}

export function openContexts(
  clock: Clock,
  load: () => Promise<Rulebook> = readShipped,
  cache = contextCache(),
): Contexts {
  let making: Promise<ReturnType<typeof contextMaker>> | undefined;
  const maker = () => {
    making ??= load().then(contextMaker);
    return making;
  };

  const read: Contexts['read'] = async (tx, person) => {
    const [make, { stamp, rights }] = await Promise.all([maker(), selectRights(tx, person, clock.now())]);
    return make(person, stamp, rights);
  };

  const afresh = <T>(person: string, begin: Begin, work: (tx: Tx, access: AccessContext) => Promise<T>) =>
    begin(async (tx) => {
      const access = await read(tx, person);
      cache.set(access);
      return work(tx, access);
    });

  return {
    read,
    prepare: async () => {
      await maker();
    },
    renew: () => {
      making = undefined;
      cache.clear();
    },
    forget: cache.delete,
    within: async (person, begin, work) => {
      const cached = cache.get(person);
      if (cached === undefined || cached.endsAt <= clock.now().getTime()) return afresh(person, begin, work);
      try {
        return await begin((tx) => withCached(tx, cached, work));
      } catch (error) {
        if (!(error instanceof Stale)) throw error;
        return afresh(person, begin, work);
      }
    },
  };
}

/**
 * The rules that come with dartwing, and those of doctypes. Loaded when a person comes: the parser of the rules is large,
 * and operators need none.
 */
export async function readShipped(rights: readonly DoctypeRights[] = []): Promise<Rulebook> {
  const { extendRulebook, readRulebook } = await import('./rulebook.js');
  return extendRulebook(readRulebook(), rights);
}

async function withCached<T>(
  tx: Tx,
  cached: AccessContext,
  work: (tx: Tx, access: AccessContext) => Promise<T>,
): Promise<T> {
  const checked = selectStamp(tx, cached.person).then((stamp) => {
    if (stamp !== cached.stamp) throw new Stale();
  });
  checked.catch(() => {});
  let value: T;
  try {
    value = await work(answeringAfter(checked, tx), cached);
  } catch (error) {
    // Also a refusal counts only if the rights it was made from are those of now.
    await checked;
    throw error;
  }
  await checked;
  return value;
}

/** A transaction whose answers wait for the check; it was sent before them, so it has always arrived. */
function answeringAfter(checked: Promise<void>, tx: Tx): Tx {
  const after = async <T>(answer: Promise<T>): Promise<T> => {
    answer.catch(() => {});
    await checked;
    return answer;
  };
  return Object.freeze({
    ...tx,
    query: ((text, values, name) => after(tx.query(text, values, name))) as Tx['query'],
    // It changes nothing that a refused check does not take back.
    send: tx.send,
    run: (query) => after(tx.run(query)),
    // The end must not leave before the check has been answered.
    finish: async (text, values, name) => {
      await checked;
      return tx.finish(text, values, name);
    },
  } satisfies Tx);
}
