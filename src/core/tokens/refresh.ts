/**
 * One renewal of one token among all processes.
 *
 * Who takes the lease writes the intent down and commits; asks the provider; writes the outcome in one transaction, with
 * nothing between the answer and it that could fail or wait. Two uses of one rotating refresh token make providers end
 * the whole grant, so nobody asks without the lease, and whoever comes back after another took it over keeps its answer
 * as an orphan: should the other have been refused, the orphan is the living end of the grant.
 */
import { randomUUID } from 'node:crypto';
import { type CallOptions, recordAct, type Scope } from '../access/index.js';
import { asDartwingError, isDartwingError } from '../errors.js';
import { uuidv7 } from '../ids.js';
import { limits } from '../limits.js';
import type { Refusal } from './answer.js';
import { beginAttempt, endAttempt, findOrphan, outcomeOf } from './attempt-queries.js';
import { followed } from './course.js';
import {
  type Credential,
  credentialOf,
  openCredential,
  placeOfCredentials,
  placeOfOrphan,
  sealCredential,
  tokensOf,
} from './credential.js';
import { type Grant, RefusedGrant } from './grant.js';
import { tellAdministrators } from './notice.js';
import { machine, type TokenParts } from './parts.js';
import {
  findById,
  type IntegrationRow,
  lockById,
  takeLease,
  writeAdopted,
  writeFailure,
  writeRefreshed,
} from './queries.js';
import { pauseAfter } from './standing.js';

/** `lost`: somebody else has the lease, or was faster. */
export type Renewal = { row: IntegrationRow; how: 'renewed' | 'failed' } | { how: 'lost' };

interface Turn {
  row: IntegrationRow;
  credential: Credential;
  lease: string;
  attempt: string;
}

/** What is kept of an answer that came too late. */
interface Orphan {
  credential: Credential;
  expiresInS: number | null;
}

/** Renews a version of a token. The row says what became of it. @throws PROVIDER_CLIENT_MISSING, KEY_*, DATABASE_* */
export function renew(
  parts: TokenParts,
  seen: Seen,
  /** Of whoever asked for it. */
  call?: CallOptions,
): Promise<Renewal> {
  const { organization, provider, id: integration } = seen;
  const facts = { operation: 'refresh', organization, provider, integration, call } as const;
  return followed(parts, facts, () => renewOnce(parts, seen), sayOf);
}

type Seen = Pick<IntegrationRow, 'organization' | 'id' | 'token_version' | 'provider' | 'settings'>;

/** Somebody else's renewal is as good as ours. */
function sayOf(renewal: Renewal): string {
  return renewal.how === 'failed' ? (renewal.row.error_code ?? 'failed') : 'ok';
}

async function renewOnce(parts: TokenParts, seen: Seen): Promise<Renewal> {
  const provider = parts.catalogue.require(seen.provider);
  const grants = parts.grantsOf(provider, seen.settings);
  const turn = await begin(parts, seen);
  if (turn === undefined) return { how: 'lost' };
  const { organization } = turn.row;
  let grant: Grant;
  try {
    grant = await grants.refresh(turn.credential.refreshToken!);
  } catch (error) {
    if (!(error instanceof RefusedGrant)) throw error;
    parts.breaker.leave(provider.name, organization, error.refusal.class !== 'transient');
    const row = await persist(parts, () => fail(parts, turn, error.refusal));
    parts.bell.ring(row.id);
    return { row, how: row.token_version === turn.row.token_version ? 'failed' : 'renewed' };
  }
  const row = await persist(parts, () => finish(parts, turn, grant));
  parts.bell.ring(row.id);
  parts.breaker.leave(provider.name, organization, true);
  return { row, how: 'renewed' };
}

/** Takes the lease and writes the intent down. */
async function begin(
  parts: TokenParts,
  seen: Pick<IntegrationRow, 'organization' | 'id' | 'token_version'>,
): Promise<Turn | undefined> {
  const { keys, session } = parts;
  return session.runIn(seen.organization, machine, async ({ tx, clock }) => {
    const lease = randomUUID();
    const row = await takeLease(tx, seen, lease, parts.leaseMs);
    if (row === undefined || row.credentials === null) return undefined;
    const attempt = uuidv7(clock.now());
    await beginAttempt(
      tx,
      { organization: row.organization, integration: row.id },
      attempt,
      row.token_version,
    );
    const place = placeOfCredentials(row);
    const credential = await openCredential(keys, tx, place, row.credentials);
    // The key that will seal the answer is in memory from here: no key service stands between answer and writing.
    await sealCredential(keys, tx, place, credential);
    return { row, credential, lease, attempt };
  });
}

/** Writes what the provider gave. */
async function finish(parts: TokenParts, turn: Turn, grant: Grant): Promise<IntegrationRow> {
  const { keys, session } = parts;
  const { row, attempt } = turn;
  const { organization, id } = row;
  return session.runIn(organization, machine, async (scope) => {
    const { tx, clock } = scope;
    const credential = credentialOf(grant, turn.credential);
    const sealed = await sealCredential(keys, tx, placeOfCredentials(row), credential);
    const tokens = tokensOf(sealed, credential.refreshToken !== undefined, grant.expiresInS);
    const renewed = await writeRefreshed(tx, row, turn.lease, tokens, clock.now());
    if (renewed !== undefined) {
      await endAttempt(tx, organization, attempt, { outcome: 'ok' });
      await record(scope, 'refresh', row, renewed);
      return renewed;
    }
    // It was committed, and only the connection broke before it said so.
    if ((await outcomeOf(tx, organization, attempt)) === 'ok') return (await findById(tx, organization, id))!;
    return keepOrphan(parts, scope, turn, { credential, expiresInS: grant.expiresInS });
  });
}

/** Another process took over while this one was away. */
async function keepOrphan(
  parts: TokenParts,
  scope: Scope,
  { row, attempt }: Turn,
  orphan: Orphan,
): Promise<IntegrationRow> {
  const { tx } = scope;
  const { organization, id } = row;
  const current = await lockById(tx, organization, id);
  if (current?.status === 'expired' && current.token_version === row.token_version) {
    const adopted = await adopt(parts, scope, current, orphan);
    await endAttempt(tx, organization, attempt, { outcome: 'adopted' });
    return adopted;
  }
  // Nobody will ever want it: somebody disconnected, authorized anew, or got tokens by themselves.
  if (current === undefined || current.token_version !== row.token_version) {
    await endAttempt(tx, organization, attempt, { outcome: 'fenced' });
    return current ?? row;
  }
  const place = placeOfOrphan({ organization, id: attempt });
  const sealed = await sealCredential(parts.keys, tx, place, orphan);
  await endAttempt(tx, organization, attempt, { outcome: 'fenced', orphan: sealed });
  return current;
}

async function adopt(
  { keys }: TokenParts,
  scope: Scope,
  row: IntegrationRow,
  { credential, expiresInS }: Orphan,
): Promise<IntegrationRow> {
  const { tx, clock } = scope;
  const sealed = await sealCredential(keys, tx, placeOfCredentials(row), credential);
  const tokens = tokensOf(sealed, credential.refreshToken !== undefined, expiresInS);
  const adopted = (await writeAdopted(tx, row, tokens, clock.now()))!;
  await record(scope, 'adopt', row, adopted);
  return adopted;
}

/** Writes why there is nothing, and tells the administrators when somebody has to authorize again. */
async function fail(parts: TokenParts, turn: Turn, refusal: Refusal): Promise<IntegrationRow> {
  const { session, random } = parts;
  const { row, attempt } = turn;
  const { organization, id } = row;
  return session.runIn(organization, machine, async (scope) => {
    const { tx, clock } = scope;
    await endAttempt(tx, organization, attempt, {
      outcome: refusal.class,
      status: refusal.status,
      code: refusal.code,
    });
    const failures = row.attempts + 1;
    // Some servers refuse a refresh token without a word that could be read.
    const over =
      refusal.class === 'reauthorize' ||
      (refusal.class === 'unclear' && failures >= limits.tokenUnclearAnswersMax);
    if (over) {
      const current = await lockById(tx, organization, id);
      if (current?.lease !== turn.lease) return current ?? row;
      const orphan = await findOrphan(tx, { organization, integration: id }, row.token_version);
      if (orphan !== undefined) {
        const place = placeOfOrphan({ organization, id: orphan.id });
        const kept = await openCredential<Orphan>(parts.keys, tx, place, orphan.orphan);
        const adopted = await adopt(parts, scope, current, kept);
        await endAttempt(tx, organization, orphan.id, { outcome: 'adopted' });
        return adopted;
      }
    }
    const failed = await writeFailure(tx, row, turn.lease, {
      status: over ? 'expired' : 'error',
      code: refusal.code,
      message: sentenceOf(refusal, over),
      pauseMs: over ? null : pauseAfter(failures, refusal, random()),
      at: clock.now(),
    });
    if (failed === undefined) return (await findById(tx, organization, id)) ?? row;
    await record(scope, over ? 'expire' : 'refresh_failed', row, failed);
    if (over) await tellAdministrators(parts, scope, failed);
    return failed;
  });
}

function sentenceOf({ class: kind, code, status }: Refusal, over: boolean): string {
  const where = status === null ? '' : ` (HTTP ${status})`;
  if (over) return `The provider no longer accepts the authorization: ${code}${where}`;
  if (kind === 'refused') return `The provider refuses the request: ${code}${where}`;
  return `The provider could not answer: ${code}${where}`;
}

/** Leaves the audit entry of an act on an integration. No value is in it. */
export function record(
  scope: Scope,
  act: string,
  old: IntegrationRow | null,
  current: IntegrationRow,
): Promise<string> {
  const facts = (row: IntegrationRow) => ({
    provider: row.provider,
    account: row.account,
    state: row.status,
    scopes: row.scopes,
    generation: row.token_version,
    expires_at: row.expires_at?.toISOString() ?? null,
    error_code: row.error_code,
  });
  return recordAct(
    scope,
    current.organization,
    `token.${act}`,
    { doctype: 'Organization Integration', name: current.id, organization: current.organization },
    { old: old === null ? null : facts(old), new: facts(current) },
  );
}

/** An answer of a provider cannot be asked for again: it is written down in spite of a database that goes away. */
async function persist<T>({ pause, log }: TokenParts, write: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await write();
    } catch (error) {
      const passing = isDartwingError(error) && ['unavailable', 'timeout', 'conflict'].includes(error.kind);
      if (!passing || attempt >= limits.tokenWritesMax) throw error;
      log.warn({ code: asDartwingError(error).code, attempt }, 'tokens');
      await pause(Math.min(100 * 2 ** attempt, limits.tokenWritePauseMsMax));
    }
  }
}
