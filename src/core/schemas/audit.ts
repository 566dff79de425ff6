/** The audit trail, its checkpoints and proofs. */
import { z } from 'zod';
import { anything, document, list, row, time } from './base.js';

const auditEntry = {
  seq: z.int(),
  at: time,
  actor: z.string().nullable(),
  action: z.string(),
  ref: z.string(),
  org: z.string().nullable(),
  reason: z.string().nullish(),
  old: anything.optional(),
  new: anything.optional(),
};

const path = z.array(z.string()).describe('hashes in base64, from the leaf upwards');
const note = z.string().describe('signed note');
const verifier = z.string().describe('name, key id and public key of who signed');

export const audit = {
  AuditEntry: document('AuditEntry', auditEntry),
  AuditEntryList: list('AuditEntryList', row(auditEntry)),
  AuditSigning: document('AuditSigning', {
    signed: z.int(),
    refused: z.array(z.looseObject({ organization: z.string(), what: z.string() })),
    note: z.string().nullable().describe('newest checkpoint of the log over all organizations'),
    verifiers: z.array(z.string()),
  }),
  AuditCheckpointList: list(
    'AuditCheckpointList',
    row({
      organization: z.string(),
      epoch: z.int(),
      size: z.int(),
      root: z.string(),
      origin: z.string(),
      note,
    }),
  ),
  AuditProof: document('AuditProof', {
    format: z.literal(1),
    organization: z.string(),
    seq: z.int(),
    at: z.string().describe('RFC 3339 with microseconds, as it was hashed'),
    body: z.string().describe('exact text of the entry'),
    path,
    checkpoint: note,
    verifier,
    log: z.looseObject({ place: z.int(), path, checkpoint: note, verifier }),
    earlier: z.looseObject({ checkpoint: note, path, verifier }).optional(),
  }),
};
