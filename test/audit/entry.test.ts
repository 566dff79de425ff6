import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AuditBody, type AuditEntry, composeBody } from '../../src/core/audit/entry.js';
import { canonicalJson } from '../../src/core/json.js';
import { limits } from '../../src/core/limits.js';

const at = new Date('2026-11-23T10:00:00.123Z');
const entry: AuditEntry = {
  action: 'update',
  actor: { type: 'person', id: 'PERSON-2026-00007' },
  via: 'cli',
  ref: { doctype: 'Org Member', name: 'ana' },
};

function compose(more: Partial<AuditEntry> = {}): AuditBody {
  const bytes = composeBody({ ...entry, ...more }, 'ORG-2026-00001', 'id-1', at);
  expect(bytes.length).toBeLessThanOrEqual(limits.auditBodyBytesMax);
  return JSON.parse(bytes.toString()) as AuditBody;
}

describe('audit entry', () => {
  it('is canonical JSON of version 1 with only the members that are known', () => {
    expect(composeBody(entry, 'ORG-2026-00001', 'id-1', at).toString()).toBe(
      '{"action":"update","actor":{"id":"PERSON-2026-00007","type":"person"},"at":"2026-11-23T10:00:00.123Z",' +
        '"id":"id-1","is_phi":false,"org":"ORG-2026-00001","ref":{"doctype":"Org Member","name":"ana"},"v":1,"via":"cli"}',
    );
  });

  it('seals members with names of secrets at any depth and keeps null', () => {
    const body = compose({
      old: null,
      new: {
        name: 'crm',
        api_key: 'k',
        refreshToken: 't',
        nested: [{ Authorization: 'Bearer x', client_secret: null }],
        passwordHash: { a: 1 },
      },
    });
    expect(body.old).toBeNull();
    expect(body.new).toEqual({
      name: 'crm',
      api_key: { sealed: true },
      refreshToken: { sealed: true },
      nested: [{ Authorization: { sealed: true }, client_secret: null }],
      passwordHash: { sealed: true },
    });
  });

  it('replaces the larger side by its fingerprint when both do not fit', () => {
    const large = { text: 'x'.repeat(limits.auditBodyBytesMax) };
    const bytes = Buffer.from(canonicalJson(large));
    const body = compose({ old: { text: 'short' }, new: large });
    expect(body.old).toEqual({ text: 'short' });
    expect(body.new).toEqual({
      truncated: true,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      bytes: bytes.length,
    });
    expect(compose({ old: large, new: large }).old).toMatchObject({ truncated: true });
  });

  it('fits its bound whatever old and new are', () => {
    const text = fc.string({ unit: 'binary', maxLength: 50_000, minLength: 0 });
    fc.assert(
      fc.property(text, text, (before, after) => {
        compose({ old: { before }, new: { after } });
      }),
      { numRuns: 30 },
    );
  });

  it('refuses what PostgreSQL would refuse only when it is sequenced', () => {
    expect(() => compose({ ref: { doctype: 'Task', name: 'a\u0000b' } })).toThrow(/ref\.name/);
    expect(() => compose({ requestId: 'r'.repeat(256) })).toThrow(/requestId/);
    expect(() => compose({ reason: 'r'.repeat(70_000) })).toThrow(/65536 are allowed/);
  });

  it('refuses values that are no JSON instead of writing something else', () => {
    expect(() => compose({ new: { at: new Date(0) } })).toThrow('$.new.at is a Date');
  });
});
