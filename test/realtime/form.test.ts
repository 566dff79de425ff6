/** The pure parts: names of channels, and batches in payloads. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { documentRoom, parseChannel } from '../../src/core/realtime/channel.js';
import { type Batch, decodeBatch, encodeBatch } from '../../src/core/realtime/envelope.js';
import { openAssembly, partsOf } from '../../src/core/realtime/postgres-bus.js';

describe('the name of a channel', () => {
  it('is read in the forms of the requirements', () => {
    expect(parseChannel('user:Ana@Acme.test')).toEqual({ kind: 'user', account: 'ana@acme.test' });
    expect(parseChannel('doc:Org Member:OM-1:2')).toEqual({
      kind: 'doc',
      doctype: 'Org Member',
      name: 'OM-1:2',
    });
    expect(parseChannel('org:ORG-2026-00001')).toEqual({ kind: 'org', organization: 'ORG-2026-00001' });
    expect(parseChannel('sync:Task:acme')).toEqual({ kind: 'sync', doctype: 'Task', organization: 'acme' });
    expect(parseChannel('job:JOB-2026-00042')).toEqual({ kind: 'job', job: 'JOB-2026-00042' });
    expect(parseChannel('admin:jobs')).toEqual({ kind: 'admin' });
  });

  it('is never read as a room of another organization, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii', maxLength: 40 }), (text) => {
        const channel = parseChannel(text) ?? parseChannel(`doc:Task:${text}`);
        if (channel?.kind !== 'doc') return;
        const room = documentRoom('ORG-2026-00001', channel.doctype, channel.name);
        expect(room.startsWith('ORG-2026-00001|doc|')).toBe(true);
        expect(channel.doctype).not.toContain('|');
      }),
    );
  });
});

describe('a batch', () => {
  it('arrives whole through payloads that PostgreSQL carries, whatever is in it', () => {
    const event = fc.record({
      id: fc.string(),
      organization: fc.constant('ORG-2026-00001'),
      event: fc.string(),
      to: fc.record({ rooms: fc.array(fc.string({ unit: 'binary' })) }),
      message: fc.oneof(
        fc.string({ unit: 'binary', maxLength: 20_000, size: 'max' }),
        fc.jsonValue({ maxDepth: 2 }),
      ),
    });
    const batches = fc.record({
      number: fc.nat(),
      moved: fc.array(fc.string()),
      events: fc.array(event, { maxLength: 5 }),
    });
    fc.assert(
      fc.property(batches, (batch) => {
        const text = encodeBatch(batch as Batch);
        const parts = partsOf(`${batch.number}`, text);
        for (const part of parts) expect(Buffer.byteLength(part)).toBeLessThan(8_000);
        const assembly = openAssembly();
        const whole = parts.map((part) => assembly.add(part));
        expect(whole.slice(0, -1).every((one) => one === undefined)).toBe(true);
        expect(decodeBatch(whole.at(-1)!)).toEqual(JSON.parse(JSON.stringify(batch)));
      }),
      { numRuns: 10 },
    );
  });

  it('whose beginning was lost is none, and disturbs no other', () => {
    const assembly = openAssembly();
    const [, ...rest] = partsOf('7', 'x'.repeat(20_000));
    for (const part of rest) expect(assembly.add(part)).toBeUndefined();
    expect(assembly.add('8 0 1 whole')).toBe('whole');
    expect(assembly.add('nonsense')).toBeUndefined();
    for (const text of ['', '{', '{}', '[]', '{"number":"1","moved":[],"events":[]}'])
      expect(decodeBatch(text)).toBeUndefined();
  });
});
