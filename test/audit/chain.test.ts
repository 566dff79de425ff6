import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { entryLeaf, genesis, link } from '../../src/core/audit/chain.js';
import { instantMicros, instantText } from '../../src/core/audit/instant.js';

const entry = {
  organization: 'ORG-2026-00001',
  seq: 258,
  at: '2026-11-23T00:00:00.000001Z',
  body: Buffer.from('{"v":1}'),
};

describe('audit chain', () => {
  it('hashes the documented bytes, so that others can verify without this code', () => {
    const leafData = Buffer.from(
      '{"v":1}\0' +
        '\0\0\0\x0eORG-2026-00001' +
        '\0\0\0\0\0\0\x01\x02' +
        '\0\0\0\x1b2026-11-23T00:00:00.000001Z',
      'latin1',
    );
    const leaf = createHash('sha256')
      .update(Buffer.from([0]))
      .update(leafData)
      .digest();
    expect(entryLeaf(entry)).toEqual(leaf);
    const start = createHash('sha256')
      .update('\x03dartwing-audit-v1\0\0\0\x0eORG-2026-00001\0\0\0\x1b2026-11-23T00:00:00.000000Z', 'latin1')
      .digest();
    expect(genesis('ORG-2026-00001', '2026-11-23T00:00:00.000000Z')).toEqual(start);
    expect(link(start, leaf)).toEqual(
      createHash('sha256').update('\x02', 'latin1').update(start).update(leaf).digest(),
    );
  });

  it('binds organization, number, time and body', () => {
    const leaf = entryLeaf(entry).toString('hex');
    for (const other of [
      { organization: 'ORG-2026-00002' },
      { seq: 259 },
      { at: '2026-11-23T00:00:00.000002Z' },
      { body: Buffer.from('{"v":2}') },
    ]) {
      expect(entryLeaf({ ...entry, ...other }).toString('hex')).not.toBe(leaf);
    }
  });
});

describe('instants', () => {
  it.each([0n, 1n, 999_999n, 1_795_392_000_123_456n, -1n, -1_000_001n])(
    'keep the microseconds of %s',
    (micros) => {
      expect(instantMicros(instantText(micros))).toBe(micros);
    },
  );

  it('have exactly six decimals', () => {
    expect(instantText(1_500_000n)).toBe('1970-01-01T00:00:01.500000Z');
  });
});
