/** Signs reports (Ed25519, RFC 8032), so that whoever is handed one can tell that it is ours and whole. */
import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';

/** PKCS #8 around the seed of an Ed25519 key (RFC 8410 §7). */
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');

/** What stands beside a report: `<report>.sig`. */
export interface Signature {
  algorithm: 'Ed25519';
  /** 32 bytes in base64. */
  public_key: string;
  /** Of the report's bytes, in hex. */
  sha256: string;
  /** Over the report's bytes, in base64. */
  signature: string;
}

export interface ReportSigner {
  sign(bytes: Buffer): Signature;
}

/** @param seed 32 bytes, derived from the master key */
export function openReportSigner(seed: Buffer): ReportSigner {
  const key = createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: 'der', type: 'pkcs8' });
  const { x } = createPublicKey(key).export({ format: 'jwk' });
  const publicKey = Buffer.from(x!, 'base64url').toString('base64');
  return {
    sign: (bytes) => ({
      algorithm: 'Ed25519',
      public_key: publicKey,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      signature: sign(null, bytes, key).toString('base64'),
    }),
  };
}
