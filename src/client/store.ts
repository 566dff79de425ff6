/** Where a client keeps its data: records by key, changed in batches that are kept whole or not at all. */

/** A record and its new value; undefined removes it. Values are JSON. */
export type StoreChange = readonly [key: string, value: unknown];

export interface Store {
  /** Every record. Called once, before anything else. */
  load(): Promise<Iterable<readonly [key: string, value: unknown]>>;
  /** Resolves when all changes are durable; rejects when none of them is known to be. */
  commit(changes: readonly StoreChange[]): Promise<void>;
  /** Removes every record so that it cannot be read any more, by this program or another. */
  erase(): Promise<void>;
  close(): Promise<void>;
}

/** A store that lives as long as the object. */
export function memoryStore(): Store {
  const records = new Map<string, string>();
  return {
    load: async () => [...records].map(([key, text]) => [key, JSON.parse(text) as unknown] as const),
    commit: async (changes) => {
      for (const [key, value] of changes) {
        if (value === undefined) records.delete(key);
        else records.set(key, JSON.stringify(value));
      }
    },
    erase: async () => records.clear(),
    close: async () => {},
  };
}
