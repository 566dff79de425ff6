/**
 * A server that speaks as much of Vault's transit engine as the keyring needs, and refuses what Vault refuses: a wrong
 * token, an unknown key, other associated data, a version below the least one, everything while it is sealed.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

export const token = 'hvs.test';

export interface VaultServer {
  url: string;
  /** Makes the next version of the transit key. */
  rotate(): void;
  setMinDecryptionVersion(version: number): void;
  seal(on: boolean): void;
  close(): Promise<void>;
}

class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export async function startVault(name: string): Promise<VaultServer> {
  const versions = [randomBytes(32)];
  let least = 1;
  let sealed = false;
  const answer = async (request: IncomingMessage): Promise<object> => {
    if (sealed) throw new Refusal(503, 'Vault is sealed');
    if (request.headers['x-vault-token'] !== token) throw new Refusal(403, 'permission denied');
    if (request.url === `/v1/transit/keys/${name}`) return { name, latest_version: versions.length };
    const body = (await json(request)) as Record<string, string>;
    const aad = Buffer.from(body.associated_data ?? '', 'base64');
    if (request.url === `/v1/transit/encrypt/${name}`) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', versions.at(-1)!, nonce).setAAD(aad);
      const plain = Buffer.from(body.plaintext!, 'base64');
      const bytes = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
      return { ciphertext: `vault:v${versions.length}:${bytes.toString('base64')}` };
    }
    if (request.url !== `/v1/transit/decrypt/${name}`) throw new Refusal(404, 'no handler for route');
    const [, number, base64 = ''] = /^vault:v(\d+):(.+)$/.exec(body.ciphertext ?? '') ?? [];
    const key = versions[Number(number) - 1];
    if (key === undefined) throw new Refusal(400, 'invalid ciphertext: no prefix');
    if (Number(number) < least)
      throw new Refusal(400, 'ciphertext or signature version is disallowed by policy (too old)');
    const bytes = Buffer.from(base64, 'base64');
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), { authTagLength: 16 })
        .setAAD(aad)
        .setAuthTag(bytes.subarray(-16));
      const plain = Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
      return { plaintext: plain.toString('base64') };
    } catch {
      throw new Refusal(400, 'cipher: message authentication failed');
    }
  };
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    answer(request).then(
      (data) => response.end(JSON.stringify({ data })),
      (error: Error) =>
        response
          .writeHead(error instanceof Refusal ? error.status : 500)
          .end(JSON.stringify({ errors: [error.message] })),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    rotate: () => {
      versions.push(randomBytes(32));
    },
    setMinDecryptionVersion: (version) => {
      least = version;
    },
    seal: (on) => {
      sealed = on;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
