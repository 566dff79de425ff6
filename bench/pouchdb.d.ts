/** As much of PouchDB as bench/sync uses. */
declare module 'pouchdb-core' {
  export default class PouchDB {
    static plugin(plugin: unknown): void;
    constructor(name: string, options: { adapter: string });
    bulkDocs(documents: readonly object[]): Promise<unknown>;
    changes(options: {
      since: number | string;
      limit: number;
      include_docs: boolean;
    }): Promise<{ results: object[]; last_seq: number | string }>;
    destroy(): Promise<unknown>;
  }
}

declare module 'pouchdb-adapter-memory' {
  const plugin: unknown;
  export default plugin;
}
