/**
 * A server that speaks as much of AWS KMS as the keyring needs (JSON 1.1, Signature Version 4), and refuses what KMS
 * refuses: a wrong signature, an unknown, disabled or other key, another encryption context, changed ciphertext.
 */
import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export const credentials = { accessKeyId: 'AKIDTEST', secretAccessKey: 'secret-of-the-test' };

type State = 'Enabled' | 'Disabled' | 'PendingDeletion';
type Body = Record<string, unknown> & { KeyId?: string; EncryptionContext?: Record<string, string> };

export interface KmsServer {
  url: string;
  /** `Operation context` of every request that was answered. */
  calls: string[];
  setState(key: string, state: State): void;
  /** Answers 500 to everything. */
  fail(on: boolean): void;
  close(): Promise<void>;
}

class Refusal extends Error {
  constructor(
    readonly type: string,
    readonly status = 400,
  ) {
    super(type);
  }
}

export async function startKms(keys: readonly string[]): Promise<KmsServer> {
  const held = new Map(keys.map((id) => [id, { secret: randomBytes(32), state: 'Enabled' as State }]));
  const calls: string[] = [];
  let failing = false;
  const usable = (id: string | undefined) => {
    const key = held.get(id ?? '');
    if (key === undefined) throw new Refusal('NotFoundException');
    if (key.state === 'Disabled') throw new Refusal('DisabledException');
    if (key.state !== 'Enabled') throw new Refusal('KMSInvalidStateException');
    return key;
  };
  const encrypt = (body: Body, plain: Buffer) => {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', usable(body.KeyId).secret, nonce).setAAD(contextOf(body));
    const sealed = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    return Buffer.concat([Buffer.from(`${body.KeyId}|`), nonce, sealed]).toString('base64');
  };
  const decrypt = (body: Body) => {
    const blob = Buffer.from(String(body.CiphertextBlob), 'base64');
    const bar = blob.indexOf('|');
    const wrappedWith = blob.subarray(0, bar).toString();
    if (body.KeyId !== undefined && held.has(wrappedWith) && body.KeyId !== wrappedWith)
      throw new Refusal('IncorrectKeyException');
    const { secret } = usable(body.KeyId);
    const rest = blob.subarray(bar + 1);
    try {
      const decipher = createDecipheriv('aes-256-gcm', secret, rest.subarray(0, 12), { authTagLength: 16 })
        .setAAD(contextOf(body))
        .setAuthTag(rest.subarray(-16));
      return Buffer.concat([decipher.update(rest.subarray(12, -16)), decipher.final()]).toString('base64');
    } catch {
      throw new Refusal('InvalidCiphertextException');
    }
  };
  const operations: Record<string, (body: Body) => object> = {
    GenerateDataKey: (body) => {
      const plain = randomBytes(32);
      if (body.KeySpec !== 'AES_256') throw new Refusal('ValidationException');
      return { KeyId: body.KeyId, Plaintext: plain.toString('base64'), CiphertextBlob: encrypt(body, plain) };
    },
    Encrypt: (body) => ({
      KeyId: body.KeyId,
      CiphertextBlob: encrypt(body, Buffer.from(String(body.Plaintext), 'base64')),
    }),
    Decrypt: (body) => ({ KeyId: body.KeyId, Plaintext: decrypt(body) }),
    DescribeKey: ({ KeyId }) => {
      const key = held.get(KeyId ?? '');
      if (key === undefined) throw new Refusal('NotFoundException');
      return { KeyMetadata: { KeyId, KeyState: key.state, KeyUsage: 'ENCRYPT_DECRYPT' } };
    },
  };
  const answer = async (request: IncomingMessage): Promise<object> => {
    const body = await text(request);
    if (failing) throw new Refusal('KMSInternalException', 500);
    requireSignature(request, body);
    const [service, operation = ''] = String(request.headers['x-amz-target']).split('.');
    const run = operations[operation];
    if (service !== 'TrentService' || run === undefined) throw new Refusal('UnknownOperationException');
    const parsed = JSON.parse(body) as Body;
    const answered = run(parsed);
    calls.push(`${operation} ${JSON.stringify(parsed.EncryptionContext ?? {})}`);
    return answered;
  };
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/x-amz-json-1.1');
    answer(request).then(
      (body) => response.end(JSON.stringify(body)),
      (error: unknown) => {
        const { type, status } = error instanceof Refusal ? error : new Refusal('KMSInternalException', 500);
        response.writeHead(status).end(JSON.stringify({ __type: type, message: type }));
      },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    setState: (id, state) => {
      held.get(id)!.state = state;
    },
    fail: (on) => {
      failing = on;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The context in the order of its names: KMS compares pairs, not their order. */
function contextOf({ EncryptionContext = {} }: Body): Buffer {
  return Buffer.from(JSON.stringify(Object.entries(EncryptionContext).sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** Signature Version 4, computed anew from what arrived. */
function requireSignature({ method, url, headers }: IncomingMessage, body: string): void {
  const form =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/kms\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;
  const [, keyId, day, region, names = '', given] = form.exec(headers.authorization ?? '') ?? [];
  if (keyId !== credentials.accessKeyId || given === undefined)
    throw new Refusal('UnrecognizedClientException');
  const signed = names
    .split(';')
    .map((name) => `${name}:${String(headers[name]).trim().replace(/ +/g, ' ')}\n`);
  const canonical = [method, url, '', signed.join(''), names, sha256(body)].join('\n');
  const scope = `${day}/${region}/kms/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical)].join('\n');
  let key: Buffer = Buffer.from(`AWS4${credentials.secretAccessKey}`);
  for (const part of [day!, region!, 'kms', 'aws4_request', toSign])
    key = createHmac('sha256', key).update(part).digest();
  if (key.toString('hex') !== given) throw new Refusal('InvalidSignatureException');
}

function sha256(data: string): string {
  return createHash('sha256').update(data).digest('hex');
}
