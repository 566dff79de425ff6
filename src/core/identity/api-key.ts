/** API keys: made, shown, rotated and revoked. The secret leaves here once and is kept as a hash only. */
import { authorize, type Change, changeDocument, recordAct, type Scope } from '../access/index.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { requireOrganization } from '../tenancy/index.js';
import {
  type ApiKeyDocument,
  apiKeyDocument,
  type CreateApiKeyInput,
  parseApiKey,
} from './api-key-document.js';
import {
  type ApiKeyRow,
  deleteKeysOf,
  insertKey,
  lockKey,
  pageKeys,
  readKeyUse,
  revokeKey,
  rotateKey,
} from './api-key-queries.js';
import { hashSecret, newKeyId, newSecret } from './api-key-secret.js';

export type ApiKeyChange = Change<ApiKeyDocument>;

export interface ApiKeyList {
  api_version: 'dartwing/v1';
  kind: 'ApiKeyList';
  items: ApiKeyDocument[];
  total_count: number;
  limit: number;
  offset: number;
}

export interface ApiKeyUsage {
  api_version: 'dartwing/v1';
  kind: 'ApiKeyUsage';
  id: string;
  last_used_at: string | null;
  /** Days with at least one use, newest first; what a process counted in the last minute may be missing. */
  days: { day: string; uses: number }[];
}

/** Who is told the secret, before the transaction has ended. */
export type TellSecret = (secret: string) => void;

/** @throws ORGANIZATION_NOT_FOUND, VALIDATION_ERROR, PERMISSION_DENIED */
export async function createApiKey(
  scope: Scope,
  ref: string,
  input: CreateApiKeyInput,
  tell: TellSecret,
): Promise<ApiKeyChange> {
  const at = scope.clock.now();
  const { name, environment, permissions, expiresAt } = parseApiKey(input, at);
  const organization = (await requireOrganization(scope, ref)).id;
  const id = newKeyId(environment);
  authorize(scope, 'create', { doctype: 'API Key', name: id, organization });
  const secret = newSecret();
  const row = await insertKey(scope.tx, {
    organization,
    id,
    name,
    environment,
    permissions,
    secret_hash: hashSecret(secret),
    created_at: at,
    created_by: scope.principal.id,
    expires_at: expiresAt ?? null,
  });
  tell(secret);
  return recordChange(scope, 'create', undefined, row);
}

/** @throws ORGANIZATION_NOT_FOUND, API_KEY_NOT_FOUND, PERMISSION_DENIED */
export async function showApiKey(scope: Scope, ref: string, id: string): Promise<ApiKeyDocument> {
  return apiKeyDocument(await requireKey(scope, ref, id, 'read'), scope.clock.now());
}

/** @throws ORGANIZATION_NOT_FOUND, VALIDATION_ERROR, PERMISSION_DENIED */
export async function listApiKeys(
  scope: Scope,
  ref: string,
  {
    limit = limits.pageDefault,
    offset = 0,
    revoked = false,
  }: { limit?: number | undefined; offset?: number | undefined; revoked?: boolean },
): Promise<ApiKeyList> {
  const organization = (await requireOrganization(scope, ref)).id;
  authorize(scope, 'read', { doctype: 'API Key', name: '*', organization });
  if (
    !Number.isInteger(limit) ||
    limit < 1 ||
    limit > limits.pageMax ||
    !Number.isInteger(offset) ||
    offset < 0
  )
    throw new DartwingError('VALIDATION_ERROR', {
      message: `limit is 1 to ${limits.pageMax}, offset from 0`,
    });
  const { rows, total } = await pageKeys(scope.tx, organization, { limit, offset, revoked });
  const now = scope.clock.now();
  const items = rows.map((row) => apiKeyDocument(row, now));
  return { api_version: 'dartwing/v1', kind: 'ApiKeyList', items, total_count: total, limit, offset };
}

/**
 * Gives the key another secret. The former one opens for `graceMs` more, so that programs can change over; 0 ends it
 * at once.
 * @throws ORGANIZATION_NOT_FOUND, API_KEY_NOT_FOUND, API_KEY_REVOKED, VALIDATION_ERROR, PERMISSION_DENIED
 */
export async function rotateApiKey(
  scope: Scope,
  ref: string,
  id: string,
  { graceMs = limits.apiKeyGraceMs }: { graceMs?: number | undefined },
  tell: TellSecret,
): Promise<ApiKeyChange> {
  if (!(graceMs >= 0 && graceMs <= limits.apiKeyGraceMsMax))
    throw new DartwingError('VALIDATION_ERROR', { message: 'The grace is 0 to 30 days' });
  const before = await requireKey(scope, ref, id, 'update');
  if (before.revoked_at !== null) throw new DartwingError('API_KEY_REVOKED', { id });
  const secret = newSecret();
  const after = await rotateKey(scope.tx, before, hashSecret(secret), graceMs, scope.clock.now());
  tell(secret);
  return recordChange(scope, 'rotate', before, after);
}

/** Closes the key on every process at once; again changes nothing. @throws ORGANIZATION_NOT_FOUND, API_KEY_NOT_FOUND, PERMISSION_DENIED */
export async function revokeApiKey(scope: Scope, ref: string, id: string): Promise<ApiKeyChange> {
  const before = await requireKey(scope, ref, id, 'delete');
  if (before.revoked_at !== null) {
    const document = apiKeyDocument(before, scope.clock.now());
    return changeDocument(scope, {
      op: 'none',
      ref: refOf(before),
      before: document,
      after: document,
      audit: null,
    });
  }
  const after = await revokeKey(scope.tx, before, scope.clock.now(), scope.principal.id);
  return recordChange(scope, 'revoke', before, after);
}

/** @throws ORGANIZATION_NOT_FOUND, API_KEY_NOT_FOUND, PERMISSION_DENIED */
export async function apiKeyUsage(scope: Scope, ref: string, id: string, days: number): Promise<ApiKeyUsage> {
  const row = await requireKey(scope, ref, id, 'read');
  return {
    api_version: 'dartwing/v1',
    kind: 'ApiKeyUsage',
    id,
    last_used_at: row.last_used_at?.toISOString() ?? null,
    days: await readKeyUse(scope.tx, row.organization, id, days),
  };
}

/** An organization is about to be purged. */
export async function dropApiKeys(
  scope: Scope,
  { organization }: { organization: { id: string } },
): Promise<void> {
  await deleteKeysOf(scope.tx, organization.id);
}

async function requireKey(scope: Scope, ref: string, id: string, action: string): Promise<ApiKeyRow> {
  const organization = await requireOrganization(scope, ref);
  // Whoever may not look is not told whether there is such a key.
  authorize(scope, action, { doctype: 'API Key', name: id.slice(0, 80), organization: organization.id });
  const row = await lockKey(scope.tx, organization.id, id);
  if (row === undefined)
    throw new DartwingError('API_KEY_NOT_FOUND', { id: id.slice(0, 80), organization: organization.slug });
  return row;
}

async function recordChange(
  scope: Scope,
  act: 'create' | 'rotate' | 'revoke',
  before: ApiKeyRow | undefined,
  after: ApiKeyRow,
): Promise<ApiKeyChange> {
  const now = scope.clock.now();
  const change = {
    before: before === undefined ? null : apiKeyDocument(before, now),
    after: apiKeyDocument(after, now),
  };
  const { id: name, organization } = after;
  const audit = await recordAct(
    scope,
    organization,
    `apikey.${act}`,
    { doctype: 'API Key', name, organization },
    { old: change.before, new: change.after },
  );
  const op = act === 'create' ? 'create' : act === 'rotate' ? 'update' : 'delete';
  return changeDocument(scope, { op, ref: refOf(after), ...change, audit });
}

function refOf({ id }: ApiKeyRow): string {
  return `apikey/${id}`;
}
