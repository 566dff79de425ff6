/** What travels between nodes: batches of events, each with the rooms that hear it. */

/** One event on its way to sockets. */
export interface Envelope {
  /** Given on once, however often it arrives. */
  id: string;
  /** Id of the organization it tells of; `SYSTEM` for none. Nobody outside of it hears it. */
  organization: string;
  event: string;
  /** Keys of rooms, or an account of the organization, or everybody. */
  to: Target;
  message: unknown;
}

export type Target = { rooms: readonly string[] } | { user: string } | { all: true };

/** What one relay took at once. Whose rights moved comes before the events, because it happened before them. */
export interface Batch {
  /** One more than that of the batch before. */
  number: number;
  /** Persons, API keys (`apikey:…`) and organizations whose rights moved; `*` for everybody. */
  moved: readonly string[];
  events: readonly Envelope[];
}

/** A batch as text without any character that takes more than one byte. */
export function encodeBatch(batch: Batch): string {
  return JSON.stringify(batch).replace(
    /[\u007f-\uffff]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The way back; undefined for what is no batch. */
export function decodeBatch(text: string): Batch | undefined {
  try {
    const { number, moved, events } = JSON.parse(text) as Batch;
    return Number.isSafeInteger(number) && Array.isArray(moved) && Array.isArray(events)
      ? { number, moved, events }
      : undefined;
  } catch {
    return undefined;
  }
}
