/**
 * Batches by NOTIFY: sent in the relay's own transaction, never in a business one, whose commits it would make wait for
 * each other (measured 4.6 times slower). Taking and sending are one commit, so a batch is sent exactly once.
 */
import type { Client } from 'pg';
import { keepListening, type Listening } from '../db/index.js';
import { bounds } from './bounds.js';
import type { Bus } from './bus.js';
import { decodeBatch, encodeBatch } from './envelope.js';
import { notifyNodes } from './queries.js';

const channel = 'dartwing_realtime';

export interface PostgresBusParts {
  listener: () => Promise<Client>;
  onFailure: (error: unknown) => void;
}

export function postgresBus({ listener, onFailure }: PostgresBusParts): Bus {
  let listening: Listening | undefined;
  let heard = false;
  return {
    kind: 'postgres',
    publish: (tx, batch) => notifyNodes(tx, channel, partsOf(`${batch.number}`, encodeBatch(batch))),
    listen: async ({ onBatch, onGap }) => {
      const assembly = openAssembly();
      listening = keepListening({
        open: listener,
        channel,
        pauseMs: bounds.failurePauseMs,
        pauseMsMax: bounds.failurePauseMs,
        onPayload: (payload) => {
          const whole = assembly.add(payload);
          const batch = whole === undefined ? undefined : decodeBatch(whole);
          if (batch !== undefined) onBatch(batch);
        },
        onConnected: () => {
          assembly.clear();
          if (heard) onGap();
          heard = true;
        },
        onFailure,
      });
      await listening.ready;
    },
    state: () => 'ok',
    close: async () => listening?.close(),
  };
}

/** A text in payloads that PostgreSQL carries: `name part parts text`. */
export function partsOf(name: string, text: string): string[] {
  const room = bounds.notifyBytesMax - name.length - 24;
  const count = Math.max(1, Math.ceil(text.length / room));
  return Array.from(
    { length: count },
    (_, index) => `${name} ${index} ${count} ${text.slice(index * room, (index + 1) * room)}`,
  );
}

/** Puts parts together. Those of one transaction arrive in order, one after another. */
export function openAssembly() {
  const partial = new Map<string, string[]>();
  return {
    /** The whole text, when this was its last part. */
    add: (payload: string): string | undefined => {
      const [, name = '', index = '', count = '', text = ''] =
        /^(\d+) (\d+) (\d+) (.*)$/s.exec(payload) ?? [];
      const parts = Number(index) === 0 ? [] : (partial.get(name) ?? []);
      partial.delete(name);
      // Its beginning was sent before this node listened.
      if (parts.length !== Number(index)) return undefined;
      parts.push(text);
      if (parts.length === Number(count)) return parts.join('');
      partial.set(name, parts);
      for (const oldest of partial.keys()) {
        if (partial.size <= bounds.partialBatchesMax) break;
        partial.delete(oldest);
      }
      return undefined;
    },
    clear: () => partial.clear(),
  };
}
