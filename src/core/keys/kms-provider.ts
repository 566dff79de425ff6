/**
 * The master key in AWS KMS. Data keys come from GenerateDataKey and go back to Decrypt with the same encryption
 * context, so CloudTrail shows which organization's key was opened. The key id goes with every Decrypt: otherwise KMS
 * would take any key that the credentials may use.
 *
 * Region, endpoint and credentials are found as by every AWS program (AWS_REGION, AWS_ENDPOINT_URL_KMS, …).
 */
import type { KMSClient } from '@aws-sdk/client-kms';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { type KeyProvider, serviceContext } from './provider.js';

export interface KmsOptions {
  /** Id, ARN or alias of a symmetric key: `alias/dartwing`. */
  keyId: string;
  region?: string | undefined;
  endpoint?: string | undefined;
}

type Kms = typeof import('@aws-sdk/client-kms');

/** Nothing is loaded or asked before the first data key. */
export function kmsProvider({ keyId, region, endpoint }: KmsOptions): KeyProvider {
  let opening: Promise<{ kms: Kms; client: KMSClient }> | undefined;
  const open = () => {
    opening ??= loadKms().then((kms) => ({
      kms,
      client: new kms.KMSClient({
        ...(region === undefined ? {} : { region }),
        ...(endpoint === undefined ? {} : { endpoint }),
        maxAttempts: limits.keyServiceAttemptsMax,
        requestHandler: { connectionTimeout: limits.keyServiceMs, requestTimeout: limits.keyServiceMs },
      }),
    }));
    return opening;
  };
  const ask = async <T>(call: (parts: { kms: Kms; client: KMSClient }) => Promise<T>): Promise<T> => {
    const parts = await open();
    return call(parts).catch((error: unknown) => {
      throw failureOf(error);
    });
  };
  return {
    name: 'aws-kms',
    master: keyId,
    generate: (context) =>
      ask(async ({ kms, client }) => {
        const answer = await client.send(
          new kms.GenerateDataKeyCommand({
            KeyId: keyId,
            KeySpec: 'AES_256',
            EncryptionContext: serviceContext(context),
          }),
        );
        return {
          plain: Buffer.from(answer.Plaintext!),
          wrapped: Buffer.from(answer.CiphertextBlob!),
          master: keyId,
        };
      }),
    wrap: (plain, context) =>
      ask(async ({ kms, client }) => {
        const answer = await client.send(
          new kms.EncryptCommand({
            KeyId: keyId,
            Plaintext: plain,
            EncryptionContext: serviceContext(context),
          }),
        );
        return { wrapped: Buffer.from(answer.CiphertextBlob!), master: keyId };
      }),
    unwrap: ({ master, wrapped }, context) =>
      ask(async ({ kms, client }) => {
        const answer = await client.send(
          new kms.DecryptCommand({
            KeyId: master,
            CiphertextBlob: wrapped,
            EncryptionContext: serviceContext(context),
          }),
        );
        return Buffer.from(answer.Plaintext!);
      }),
    check: () =>
      ask(async ({ kms, client }) => {
        const { KeyMetadata } = await client.send(new kms.DescribeKeyCommand({ KeyId: keyId }));
        const { KeyState: state, KeyUsage: usage } = KeyMetadata ?? {};
        if (state !== 'Enabled' || usage !== 'ENCRYPT_DECRYPT')
          throw new DartwingError('KEY_SERVICE_REFUSED', {
            provider: 'aws-kms',
            reason: `the master key is ${state}`,
          });
      }),
  };
}

async function loadKms(): Promise<Kms> {
  try {
    return await import('@aws-sdk/client-kms');
  } catch (error) {
    throw new DartwingError(
      'KEY_PROVIDER_MISSING',
      { provider: 'aws-kms', fix: 'npm install @aws-sdk/client-kms' },
      { cause: error },
    );
  }
}

/** Refusals that another attempt does not change. Their names are those of the KMS API reference. */
const refusals = new Set([
  'AccessDeniedException',
  'DisabledException',
  'IncorrectKeyException',
  'InvalidCiphertextException',
  'InvalidKeyUsageException',
  'InvalidSignatureException',
  'KMSInvalidStateException',
  'NotFoundException',
  'UnrecognizedClientException',
  'ValidationException',
]);

function failureOf(error: unknown): DartwingError {
  if (error instanceof DartwingError) return error;
  const { name = 'Error' } = error as Error;
  const code = refusals.has(name) ? 'KEY_SERVICE_REFUSED' : 'KEY_SERVICE_UNAVAILABLE';
  return new DartwingError(code, { provider: 'aws-kms', reason: name }, { cause: error });
}
