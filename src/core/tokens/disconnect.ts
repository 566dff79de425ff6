/** Disconnecting: revoke at the provider, then wipe here. Says which half happened; the second always does. */
import { randomUUID } from 'node:crypto';
import { authorize, type CallOptions, type Change, changeDocument } from '../access/index.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { type Credential, openCredential, placeOfCredentials } from './credential.js';
import { type TokenDocument, tokenDocument } from './document.js';
import { RefusedGrant } from './grant.js';
import type { TokenParts } from './parts.js';
import { findById, type IntegrationRow, lockById, takeLease, writeDisconnected } from './queries.js';
import { record } from './refresh.js';

/** What became of the tokens at the provider. */
export type RevokedThere = 'revoked' | 'failed' | 'not_supported' | 'not_needed';

export interface Disconnection {
  change: Change<TokenDocument>;
  /** At the provider; `failed` with its reason. Here the credentials are gone in any case. */
  provider: RevokedThere;
  reason: string | undefined;
}

/**
 * Ends an integration. A process that dies between the two halves leaves it connected here with tokens that the
 * provider no longer takes; run again it finishes.
 * @throws INTEGRATION_NOT_FOUND, PERMISSION_DENIED
 */
export async function disconnect(
  parts: TokenParts,
  organization: string,
  id: string,
  call: CallOptions | undefined,
): Promise<Disconnection> {
  const { session, keys, bell } = parts;
  const { dryRun } = session.call(call);
  const held = await hold(parts, organization, id, call);
  const there =
    dryRun || held.credential === undefined ? undefined : await revokeThere(parts, held.row, held.credential);
  const change = await session.runIn(organization, call, async (scope) => {
    authorize(scope, 'delete', { doctype: 'Organization Integration', name: id, organization });
    const row = await lockById(scope.tx, organization, id);
    if (row === undefined) throw new DartwingError('INTEGRATION_NOT_FOUND', { id });
    if (row.status === 'disconnected') {
      const same = tokenDocument(row);
      return changeDocument(scope, {
        op: 'none',
        ref: `token/${id}`,
        before: same,
        after: same,
        audit: null,
      });
    }
    const current = await writeDisconnected(scope.tx, row, scope.clock.now());
    const audit = await record(scope, 'revoke', row, current);
    scope.tx.afterCommit(() => bell.ring(id));
    return changeDocument(scope, {
      op: 'delete',
      ref: `token/${id}`,
      before: tokenDocument(row),
      after: tokenDocument(current),
      audit,
      warnings:
        there?.provider === 'failed' ? [`The provider did not revoke the tokens: ${there.reason}`] : [],
    });
  });
  return { change, provider: there?.provider ?? 'not_needed', reason: there?.reason };

  /** Nobody refreshes meanwhile: what came back would be tokens that nobody revokes. Waited for within reason. */
  async function hold(
    { clock }: TokenParts,
    org: string,
    integration: string,
    facts: CallOptions | undefined,
  ): Promise<{ row: IntegrationRow; credential: Credential | undefined }> {
    const deadline = clock.monotonicMs() + limits.tokenWaitMs;
    for (;;) {
      const found = await session.runIn(org, facts, async (scope) => {
        const { tx } = scope;
        authorize(scope, 'delete', {
          doctype: 'Organization Integration',
          name: integration,
          organization: org,
        });
        const row = await findById(tx, org, integration);
        if (row === undefined) throw new DartwingError('INTEGRATION_NOT_FOUND', { id: integration });
        if (row.credentials === null) return { row, credential: undefined };
        const isOurs =
          row.status === 'expired' || (await takeLease(tx, row, randomUUID(), parts.leaseMs)) !== undefined;
        if (!isOurs && clock.monotonicMs() < deadline) return undefined;
        // One that does not open cannot be revoked there, and can be wiped here.
        const credential = await openCredential(keys, tx, placeOfCredentials(row), row.credentials).catch(
          () => undefined,
        );
        return { row, credential };
      });
      if (found !== undefined) return found;
      await bell.wait(integration, limits.tokenLookMs);
    }
  }
}

async function revokeThere(
  parts: TokenParts,
  row: IntegrationRow,
  { secret, refreshToken }: Credential,
): Promise<{ provider: RevokedThere; reason: string | undefined }> {
  if (row.auth !== 'oauth2') return { provider: 'not_supported', reason: undefined };
  try {
    const there = parts.catalogue.require(row.provider);
    const grants = parts.grantsOf(there, row.settings);
    // The end of the refresh token is the end of the grant (RFC 7009 §2.1); what is shown as a bearer is access.
    const provider =
      refreshToken === undefined || there.revoke_body === 'bearer'
        ? await grants.revoke(secret, 'access_token')
        : await grants.revoke(refreshToken, 'refresh_token');
    return { provider, reason: undefined };
  } catch (error) {
    const reason =
      error instanceof RefusedGrant
        ? error.refusal.code
        : error instanceof DartwingError
          ? error.code
          : 'unclear';
    return { provider: 'failed', reason };
  }
}
