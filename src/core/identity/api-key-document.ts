/** The document `ApiKey`, and what may be asked for in one. */
import { z } from 'zod';
import { isKeyPermission } from '../access/index.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import type { ApiKeyRow } from './api-key-queries.js';
import { type Environment, environments, fingerprintOf } from './api-key-secret.js';

export interface ApiKeyDocument {
  api_version: 'dartwing/v1';
  kind: 'ApiKey';
  id: string;
  organization: string;
  name: string;
  environment: Environment;
  permissions: readonly string[];
  created_at: string;
  created_by: string;
  rotated_at: string | null;
  expires_at: string | null;
  /** The secret is shown once, when it is made. */
  secret: { sealed: true; fingerprint: string };
  status: {
    state: 'active' | 'expired' | 'revoked';
    last_used_at: string | null;
    revoked_at: string | null;
    /** Until then the secret before the last rotation opens too. */
    former_until: string | null;
  };
}

const permission = z
  .string()
  .refine(isKeyPermission, 'is not <doctype>:<action>, for example Equipment:read; * stands for all');

const creation = z.strictObject({
  name: z.string().trim().min(1).max(limits.nameCharsMax),
  environment: z.enum(environments),
  permissions: z
    .array(permission)
    .min(1, 'a key needs at least one permission')
    .max(limits.apiKeyPermissionsMax),
  expiresAt: z.date().optional(),
});

/** What a key is made from. A permission is `<doctype>:<action>`; `*` stands for all of either. */
export type CreateApiKeyInput = z.input<typeof creation>;

/** @throws VALIDATION_ERROR with every wrong field */
export function parseApiKey(input: CreateApiKeyInput, now: Date): z.output<typeof creation> {
  const parsed = creation.safeParse(input);
  if (!parsed.success) {
    const fields = parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
    const [{ path, message }] = fields as [{ path: string; message: string }];
    throw new DartwingError('VALIDATION_ERROR', { message: `${path}: ${message}` }, { fields });
  }
  const { expiresAt } = parsed.data;
  if (expiresAt !== undefined && expiresAt <= now)
    throw new DartwingError('VALIDATION_ERROR', { message: 'expiresAt: lies in the past' });
  return { ...parsed.data, permissions: [...new Set(parsed.data.permissions)].sort() };
}

export function apiKeyDocument(row: ApiKeyRow, now: Date): ApiKeyDocument {
  const expired = row.expires_at !== null && row.expires_at <= now;
  return {
    api_version: 'dartwing/v1',
    kind: 'ApiKey',
    id: row.id,
    organization: row.organization,
    name: row.name,
    environment: row.environment,
    permissions: row.permissions,
    created_at: row.created_at.toISOString(),
    created_by: row.created_by,
    rotated_at: iso(row.rotated_at),
    expires_at: iso(row.expires_at),
    secret: { sealed: true, fingerprint: fingerprintOf(row.secret_hash) },
    status: {
      state: row.revoked_at !== null ? 'revoked' : expired ? 'expired' : 'active',
      last_used_at: iso(row.last_used_at),
      revoked_at: iso(row.revoked_at),
      former_until: iso(row.former_until),
    },
  };
}

function iso(at: Date | null): string | null {
  return at?.toISOString() ?? null;
}
