/** Data keys. */
import { z } from 'zod';
import { document, list, row, time } from './base.js';

const key = {
  id: z.uuid(),
  organization: z.string(),
  purpose: z.string(),
  version: z.int(),
  provider: z.enum(['local', 'aws-kms', 'vault', 'pkcs11']),
  master: z.string().describe('name of the master key it is wrapped with'),
  state: z.enum(['active', 'decrypt_only', 'retired', 'destroyed']),
  created_at: time,
  rotate_by: time.nullable(),
  retired_at: time.nullable(),
  destroyed_at: time.nullable(),
  sealed: z.int().nullable().describe('values that it seals'),
};

export const keys = {
  Key: document('Key', key),
  KeyList: list('KeyList', row(key)),
};
