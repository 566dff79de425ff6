/** Who looks at a channel now. A row for each socket; a node that dies takes its rows with it when its lease ends. */
import type { Tx } from '../db/index.js';
import { bounds } from './bounds.js';
import { dropPresence, insertEvents, insertPresence, type Left } from './queries.js';

export interface Presence {
  /** Adds a socket to a channel; gives the accounts that are there now, this one included. */
  join(place: Place, socket: string, account: string): Promise<string[]>;
  /** Takes a socket out of channels, or out of all of them. */
  leave(socket: string, channels?: readonly string[]): Promise<void>;
  /** Tells of those who left, in the transaction that took them out. */
  told(tx: Tx, left: readonly Left[]): Promise<void>;
}

export interface Place {
  /** Id. */
  organization: string;
  /** Its name as clients have it. */
  channel: string;
}

/** The room of those who want to know who is there. */
export function presenceRoom({ organization, channel }: Place): string {
  return `${organization}|here|${channel}`;
}

export interface PresenceParts {
  node: string;
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Something was left for the relay. */
  onChange: () => void;
}

export function openPresence({ node, transaction, onChange }: PresenceParts): Presence {
  const tell = (tx: Tx, place: Place, account: string, action: 'join' | 'leave') => {
    const { organization, channel } = place;
    const message = { organization, document: channel, user: account, action };
    const to = { rooms: [presenceRoom(place)] };
    return insertEvents(tx, [{ organization, event: { event: 'presence', to, message } }]);
  };
  const told: Presence['told'] = async (tx, left) => {
    for (const { stays, account, ...place } of left) if (!stays) await tell(tx, place, account, 'leave');
  };
  return {
    told,
    join: async (place, socket, account) => {
      const accounts = await transaction(async (tx) => {
        const entry = { ...place, account, socket, node };
        const joined = await insertPresence(tx, entry, bounds.presenceMax);
        if (joined.isNew) await tell(tx, place, account, 'join');
        return joined.accounts;
      });
      onChange();
      return accounts;
    },
    leave: async (socket, channels) => {
      await transaction(async (tx) => told(tx, await dropPresence(tx, socket, channels ?? null)));
      onChange();
    },
  };
}
