/** A file of an export, plain or encrypted in age's format: size and hash are of the bytes as they lie there. */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { DartwingError } from '../core/errors.js';

/** Text that waits until a write is worth its while. */
const bufferCharsMax = 65_536;

/** Gives the bytes of a file, from the text that is written to it. */
type Encrypt = (text: ReadableStream<Uint8Array>) => Promise<ReadableStream<Uint8Array>>;

/** Encrypts for public keys of age; whoever has the identity of one can open it. @throws VALIDATION_ERROR */
export async function encryptTo(recipients: readonly string[]): Promise<Encrypt> {
  const { Encrypter } = await import('age-encryption');
  const encrypter = new Encrypter();
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient);
    } catch (error) {
      const message = `--encrypt-to "${recipient.slice(0, 80)}" is no public key of age (age1…)`;
      throw new DartwingError('VALIDATION_ERROR', { message }, { cause: error });
    }
  }
  return (text) => encrypter.encrypt(text);
}

export interface ExportFile {
  write(text: string): Promise<void>;
  /** Writes what is left. */
  finish(): Promise<{ size_bytes: number; sha256: string }>;
  close(): Promise<void>;
}

/** A new file that only its owner may read. */
export async function openFile(path: string, encrypt: Encrypt | undefined): Promise<ExportFile> {
  const handle = await open(path, 'wx', 0o600);
  const hash = createHash('sha256');
  let bytes = 0;
  const append = async (chunk: Uint8Array): Promise<void> => {
    hash.update(chunk);
    bytes += chunk.length;
    await handle.appendFile(chunk);
  };
  const sink = encrypt === undefined ? plainSink(append) : encryptedSink(append, encrypt);
  let waiting = '';
  const flush = (): Promise<void> => {
    const text = waiting;
    waiting = '';
    return sink.write(Buffer.from(text));
  };
  return {
    write: async (text) => {
      waiting += text;
      if (waiting.length >= bufferCharsMax) await flush();
    },
    finish: async () => {
      await flush();
      await sink.end();
      await handle.close();
      return { size_bytes: bytes, sha256: hash.digest('hex') };
    },
    close: () => closeQuietly(handle),
  };
}

interface Sink {
  write(chunk: Uint8Array): Promise<void>;
  end(): Promise<void>;
}

function plainSink(append: (chunk: Uint8Array) => Promise<void>): Sink {
  return { write: append, end: async () => {} };
}

function encryptedSink(append: (chunk: Uint8Array) => Promise<void>, encrypt: Encrypt): Sink {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const written = encrypt(readable).then(async (encrypted) => {
    for await (const chunk of encrypted) await append(chunk);
  });
  // A disk that is full ends the reading side; whoever writes hears of it instead of waiting for ever.
  written.catch((error: unknown) => writer.abort(error).catch(() => {}));
  return {
    write: async (chunk) => {
      await Promise.race([writer.write(chunk), written.then(() => {})]);
    },
    end: async () => {
      await Promise.all([writer.close(), written]);
    },
  };
}

async function closeQuietly(handle: FileHandle): Promise<void> {
  await handle.close().catch(() => {});
}
