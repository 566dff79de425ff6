/** Keys that sign checkpoints: generations of one secret, so that a rotation needs no further one to be kept. */
import { createPrivateKey, createPublicKey, hkdfSync, type KeyObject } from 'node:crypto';
import { auditBounds } from '../bounds.js';
import { parseVerifier, type Verifier, verifierOf } from './note.js';

/** What an installation signs with. */
export interface SigningSecret {
  /** 32 bytes: from the configuration, or derived from the master key. */
  readonly seed: Buffer;
  /** Verifier texts of secrets that were used before, whose checkpoints stay believed. */
  readonly formerVerifiers: readonly string[];
}

/** A key of one generation. */
export interface SigningKey {
  readonly generation: number;
  readonly verifier: Verifier;
  readonly privateKey: KeyObject;
}

/** Header of an Ed25519 private key in PKCS #8 (RFC 8410 §7); the 32 bytes of the seed follow. */
const privateKeyHeader = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Keys that were derived before: making one takes as long as a hundred signatures. */
const derivedKeys = new WeakMap<SigningSecret, Map<string, SigningKey>>();

/** The key of a generation (from 1) of a deployment. */
export function signingKey(secret: SigningSecret, deployment: string, generation: number): SigningKey {
  const known = derivedKeys.get(secret) ?? new Map<string, SigningKey>();
  derivedKeys.set(secret, known);
  const name = `${generation} ${deployment}`;
  const key = known.get(name) ?? deriveKey(secret, deployment, generation);
  known.set(name, key);
  return key;
}

function deriveKey({ seed }: SigningSecret, deployment: string, generation: number): SigningKey {
  const derived = Buffer.from(hkdfSync('sha256', seed, '', `dartwing/v1 checkpoint key ${generation}`, 32));
  const privateKey = createPrivateKey({
    key: Buffer.concat([privateKeyHeader, derived]),
    format: 'der',
    type: 'pkcs8',
  });
  return {
    generation,
    verifier: verifierOf(originOf(deployment), createPublicKey(privateKey)),
    privateKey,
  };
}

/** Everybody whose checkpoints are believed: all generations up to one, and former secrets. */
export function trustedVerifiers(secret: SigningSecret, deployment: string, generation: number): Verifier[] {
  // The number comes from the database: a forged one must not keep us busy.
  const length = Math.min(generation, auditBounds.signersMax);
  const own = Array.from({ length }, (_, index) => signingKey(secret, deployment, index + 1).verifier);
  const former = secret.formerVerifiers.map(parseVerifier).filter((verifier) => verifier !== undefined);
  return [...own, ...former];
}

/** Pseudo organization of the log over all trails. */
export const deploymentLog = 'DEPLOYMENT';

/** The origin of a log: of the deployment's without an organization. */
export function originOf(deployment: string, organization: string = deploymentLog, epoch = 1): string {
  const whose = organization === deploymentLog ? '' : `/${organization}`;
  return `dartwing/${deployment}${whose}${epoch === 1 ? '' : `~${epoch}`}`;
}

/** What an origin of this deployment names; undefined for another's. */
export function readOrigin(
  origin: string,
  deployment: string,
): { organization: string; epoch: number } | undefined {
  const parts = /^dartwing\/([^/~]+)(?:\/([^/~]+))?(?:~(\d{1,9}))?$/.exec(origin);
  if (parts === null || parts[1] !== deployment) return undefined;
  return { organization: parts[2] ?? deploymentLog, epoch: Number(parts[3] ?? 1) };
}
