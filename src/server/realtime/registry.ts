/** The sockets of this node, found by their id, by who holds them, and by account. */
import type { Connection } from './connection.js';
import { holderOf } from './connection.js';

export interface Registry {
  readonly all: ReadonlyMap<string, Connection>;
  add(connection: Connection): void;
  /** Its account became known. */
  know(connection: Connection): void;
  remove(connection: Connection): void;
  ofHolder(holder: string): readonly Connection[];
  ofAccount(account: string): readonly Connection[];
  /** Sockets that hear an organization. */
  ofOrganization(id: string): Connection[];
}

export function openRegistry(): Registry {
  const all = new Map<string, Connection>();
  const holders = new Map<string, Set<Connection>>();
  const accounts = new Map<string, Set<Connection>>();
  const put = (map: Map<string, Set<Connection>>, key: string, connection: Connection) =>
    map.set(key, (map.get(key) ?? new Set()).add(connection));
  const take = (map: Map<string, Set<Connection>>, key: string, connection: Connection) => {
    const set = map.get(key);
    if (set?.delete(connection) && set.size === 0) map.delete(key);
  };
  const keyOf = ({ account }: Connection) => account?.toLowerCase() ?? '';
  return {
    all,
    add: (connection) => {
      all.set(connection.socket.id, connection);
      put(holders, holderOf(connection), connection);
    },
    know: (connection) => {
      if (connection.account !== undefined) put(accounts, keyOf(connection), connection);
    },
    remove: (connection) => {
      all.delete(connection.socket.id);
      take(holders, holderOf(connection), connection);
      take(accounts, keyOf(connection), connection);
    },
    ofHolder: (holder) => [...(holders.get(holder) ?? [])],
    ofAccount: (account) => [...(accounts.get(account.toLowerCase()) ?? [])],
    ofOrganization: (id) =>
      [...all.values()].filter(
        ({ organizations, channels }) =>
          organizations.has(id) || [...channels.values()].some(({ heard }) => heard.organization === id),
      ),
  };
}
