/**
 * The master key in a hardware security module, by PKCS #11: an AES key of 256 bits that never leaves its token wraps data
 * keys with AES-GCM. A wrapped key is version 1, nonce (12), ciphertext (32), tag (16), bound to organization, purpose and
 * key. Calls go one after another through one session; the module has its own threads, so nothing else waits.
 *
 * pkcs11js is a native addon and no dependency: whoever has a module installs it beside dartwing.
 */
import { randomBytes } from 'node:crypto';
import { DartwingError } from '../errors.js';
import { contextBytes, type KeyContext, type KeyProvider } from './provider.js';

export interface Pkcs11Options {
  /** The module's library: `/usr/lib/softhsm/libsofthsm2.so`. */
  module: string;
  /** Label of the token. */
  token: string;
  /** Of the user of the token. */
  pin: string;
  /** Label of the AES key. */
  key: string;
}

const version = 1;
const nonceBytes = 12;
const keyBytes = 32;
const tagBytes = 16;

/** What is used of pkcs11js. */
interface Pkcs11 {
  load(module: string): void;
  C_Initialize(): void;
  C_GetSlotList(withToken: boolean): Buffer[];
  C_GetTokenInfo(slot: Buffer): { label: string };
  C_OpenSession(slot: Buffer, flags: number): Buffer;
  C_CloseSession(session: Buffer): void;
  C_Login(session: Buffer, user: number, pin: string): void;
  C_FindObjectsInit(session: Buffer, template: object[]): void;
  C_FindObjects(session: Buffer, max: number): Buffer[];
  C_FindObjectsFinal(session: Buffer): void;
  C_EncryptInit(session: Buffer, mechanism: object, key: Buffer): void;
  C_EncryptAsync(session: Buffer, plain: Buffer, out: Buffer): Promise<Buffer>;
  C_DecryptInit(session: Buffer, mechanism: object, key: Buffer): void;
  C_DecryptAsync(session: Buffer, sealed: Buffer, out: Buffer): Promise<Buffer>;
}

type Addon = { PKCS11: new () => Pkcs11 } & Record<string, number>;

interface Opened {
  addon: Addon;
  pkcs11: Pkcs11;
  session: Buffer;
  key: Buffer;
}

/** Nothing is loaded or asked before the first data key. */
export function pkcs11Provider(options: Pkcs11Options): KeyProvider {
  const master = `${options.token}/${options.key}`;
  let opening: Promise<Opened> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  /** One at a time: a session carries out one operation. */
  const ask = <T>(call: (opened: Opened) => Promise<T>): Promise<T> => {
    const turn = last.then(async () => {
      opening ??= openToken(options);
      try {
        return await call(await opening);
      } catch (error) {
        // The token may have been taken out, or the session ended: the next call begins anew.
        const opened = await opening?.catch(() => undefined);
        opening = undefined;
        closeQuietly(opened);
        throw failureOf(error);
      }
    });
    last = turn.catch(() => {});
    return turn;
  };
  const mechanism = ({ addon }: Opened, nonce: Buffer, context: KeyContext) => ({
    mechanism: addon.CKM_AES_GCM!,
    parameter: {
      type: addon.CK_PARAMS_AES_GCM!,
      iv: nonce,
      ivBits: nonceBytes * 8,
      aad: contextBytes(context),
      tagBits: tagBytes * 8,
    },
  });
  const wrap: KeyProvider['wrap'] = (plain, context) =>
    ask(async (opened) => {
      const nonce = randomBytes(nonceBytes);
      const { pkcs11, session, key } = opened;
      pkcs11.C_EncryptInit(session, mechanism(opened, nonce, context), key);
      const sealed = await pkcs11.C_EncryptAsync(session, plain, Buffer.alloc(plain.length + tagBytes));
      return { master, wrapped: Buffer.concat([Buffer.from([version]), nonce, sealed]) };
    });
  return {
    name: 'pkcs11',
    master,
    wrap,
    generate: async (context) => {
      const plain = randomBytes(keyBytes);
      return { plain, ...(await wrap(plain, context)) };
    },
    unwrap: async ({ master: wrappedWith, wrapped }, context) => {
      if (wrappedWith !== master) throw refused(`it was wrapped with ${wrappedWith}`);
      if (wrapped.length !== 1 + nonceBytes + keyBytes + tagBytes || wrapped[0] !== version)
        throw refused('the wrapped key has an unknown form');
      return ask(async (opened) => {
        const { pkcs11, session, key } = opened;
        const nonce = wrapped.subarray(1, 1 + nonceBytes);
        pkcs11.C_DecryptInit(session, mechanism(opened, nonce, context), key);
        // Room for the tag as well, which modules ask for although they take it off.
        const out = Buffer.alloc(keyBytes + tagBytes);
        const plain = await pkcs11.C_DecryptAsync(session, wrapped.subarray(1 + nonceBytes), out);
        return Buffer.from(plain.subarray(0, keyBytes));
      });
    },
    check: () => ask(async () => {}),
  };
}

/** Modules that this process has loaded: a library wants to be initialized once. */
const modules = new Map<string, { addon: Addon; pkcs11: Pkcs11 }>();

async function openToken({ module, token, pin, key: label }: Pkcs11Options): Promise<Opened> {
  const { addon, pkcs11 } = modules.get(module) ?? (await load(module));
  modules.set(module, { addon, pkcs11 });
  const slot = pkcs11
    .C_GetSlotList(true)
    .find((each) => pkcs11.C_GetTokenInfo(each).label.replace(/[\s\0]+$/, '') === token);
  if (slot === undefined) throw unavailable(`there is no token ${token}`);
  const session = pkcs11.C_OpenSession(slot, addon.CKF_SERIAL_SESSION! | addon.CKF_RW_SESSION!);
  try {
    pkcs11.C_Login(session, addon.CKU_USER!, pin);
  } catch (error) {
    // Sessions of one token share the sign-in.
    if (codeOf(error) !== 'CKR_USER_ALREADY_LOGGED_IN') throw error;
  }
  pkcs11.C_FindObjectsInit(session, [
    { type: addon.CKA_CLASS, value: addon.CKO_SECRET_KEY },
    { type: addon.CKA_LABEL, value: label },
  ]);
  const [key, another] = pkcs11.C_FindObjects(session, 2);
  pkcs11.C_FindObjectsFinal(session);
  if (key === undefined) throw refused(`the token ${token} has no key ${label}`);
  if (another !== undefined) throw refused(`the token ${token} has several keys ${label}`);
  return { addon, pkcs11, session, key };
}

async function load(module: string): Promise<{ addon: Addon; pkcs11: Pkcs11 }> {
  // Not resolved when dartwing is built: it is there where somebody has a module.
  const name = 'pkcs11js';
  const imported = (await import(name).catch((error: unknown) => {
    throw new DartwingError(
      'CONFIG_INVALID',
      { where: 'key_provider', message: 'pkcs11 needs its addon: npm install pkcs11js@2' },
      { cause: error },
    );
  })) as { default?: Addon } & Addon;
  const addon = imported.default ?? imported;
  const pkcs11 = new addon.PKCS11();
  pkcs11.load(module);
  try {
    pkcs11.C_Initialize();
  } catch (error) {
    if (codeOf(error) !== 'CKR_CRYPTOKI_ALREADY_INITIALIZED') throw error;
  }
  return { addon, pkcs11 };
}

function closeQuietly(opened: Opened | undefined): void {
  try {
    opened?.pkcs11.C_CloseSession(opened.session);
  } catch {
    // It was gone already.
  }
}

function codeOf(error: unknown): string {
  return /CKR_[A-Z_]+/.exec(String((error as { message?: string }).message))?.[0] ?? '';
}

/** Answers that another attempt does not change. */
const final = new Set([
  'CKR_ENCRYPTED_DATA_INVALID',
  'CKR_ENCRYPTED_DATA_LEN_RANGE',
  'CKR_GENERAL_ERROR',
  'CKR_KEY_FUNCTION_NOT_PERMITTED',
  'CKR_MECHANISM_INVALID',
  'CKR_PIN_INCORRECT',
  'CKR_PIN_LOCKED',
]);

function failureOf(error: unknown): DartwingError {
  if (error instanceof DartwingError) return error;
  const code = codeOf(error);
  const reason = code === '' ? String((error as { message?: string }).message ?? error).slice(0, 200) : code;
  return final.has(code) ? refused(reason) : unavailable(reason);
}

function refused(reason: string): DartwingError {
  return new DartwingError('KEY_SERVICE_REFUSED', { provider: 'pkcs11', reason });
}

function unavailable(reason: string): DartwingError {
  return new DartwingError('KEY_SERVICE_UNAVAILABLE', { provider: 'pkcs11', reason });
}
