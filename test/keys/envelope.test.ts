import { createSecretKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { boundBytes, keyIdOf, openEnvelope, type Place, sealEnvelope } from '../../src/core/keys/envelope.js';

interface Vector {
  key: string;
  key_id: string;
  salt: string;
  place: Place;
  place_bytes: string;
  plain: string;
  envelope: string;
}

const file = new URL('../../docs/formats/envelope-vectors.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vector[];
const hex = (text: string) => Buffer.from(text, 'hex');
const keyOf = (vector: Vector) => createSecretKey(hex(vector.key));

describe('an envelope', () => {
  it.each(vectors)('is the published one, byte by byte: $place.table', (vector) => {
    const { key_id: keyId, place, plain } = vector;
    expect(boundBytes(place).toString('hex')).toBe(vector.place_bytes);
    const made = sealEnvelope(keyOf(vector), keyId, place, Buffer.from(plain), hex(vector.salt));
    expect(made.toString('hex')).toBe(vector.envelope);
    expect(openEnvelope(keyOf(vector), place, hex(vector.envelope))?.toString()).toBe(plain);
    expect(keyIdOf(made)).toBe(keyId);
  });

  it('does not open when any of its bytes is changed, one is missing or one is added (T-K8)', () => {
    const vector = vectors[0]!;
    const whole = hex(vector.envelope);
    const opens = (bytes: Buffer) => openEnvelope(keyOf(vector), vector.place, bytes) !== undefined;
    expect(opens(whole)).toBe(true);
    for (let at = 0; at < whole.length; at += 1) {
      const bytes = Buffer.from(whole);
      bytes[at]! ^= 1;
      expect(opens(bytes), `byte ${at}`).toBe(false);
      expect(opens(whole.subarray(0, at)), `cut at ${at}`).toBe(false);
    }
    expect(opens(Buffer.concat([whole, Buffer.from([0])]))).toBe(false);
  });

  it('does not open in another organization, table, column or row, nor with another key', () => {
    const vector = vectors[0]!;
    const { place } = vector;
    const elsewhere: Place[] = [
      { ...place, organization: 'ORG-2026-00002' },
      { ...place, table: 'fax_lines' },
      { ...place, column: 'pi' },
      { ...place, row: [...place.row].reverse() },
      { ...place, row: [place.row.join('')] },
      { ...place, row: [...place.row, ''] },
      // The same letters in other fields.
      { ...place, table: place.table + place.column, column: '' },
    ];
    for (const wrong of elsewhere)
      expect(openEnvelope(keyOf(vector), wrong, hex(vector.envelope))).toBeUndefined();
    const other = createSecretKey(Buffer.alloc(32, 9));
    expect(openEnvelope(other, place, hex(vector.envelope))).toBeUndefined();
  });

  it('is nothing else: other bytes have no key', () => {
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.from('DW'),
      Buffer.alloc(200),
      hex(vectors[0]!.envelope).subarray(1),
    ])
      expect(keyIdOf(bytes)).toBeUndefined();
  });
});
