import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeLog } from '../src/core/pino-log.js';
import { findSensitive, graveKinds, withoutSensitive } from '../src/core/sensitive.js';

const found = (text: string) =>
  findSensitive(text).map(({ kind, start, end }) => [kind, text.slice(start, end)]);

test.each([
  ['SSN 123-45-6789.', 'ssn', '123-45-6789'],
  ['social security number 123456789', 'ssn', '123456789'],
  ['is 219 09 9998 ok', 'ssn', '219 09 9998'],
  ['card 4111 1111 1111 1111', 'card', '4111 1111 1111 1111'],
  ['5500-0000-0000-0004', 'card', '5500-0000-0000-0004'],
  ['378282246310005', 'card', '378282246310005'],
  ['pay DE89 3704 0044 0532 0130 00 now', 'iban', 'DE89 3704 0044 0532 0130 00'],
  ['GB82WEST12345698765432', 'iban', 'GB82WEST12345698765432'],
  ['NPI: 1234567893', 'npi', '1234567893'],
  ['MRN 00471234 admitted', 'mrn', '00471234'],
  ['Medical record number: AB-471234', 'mrn', 'AB-471234'],
  ['DOB: 1980-02-29', 'dob', '1980-02-29'],
  ['born on 31.12.1999', 'dob', '31.12.1999'],
  ['date of birth 12/31/1999', 'dob', '12/31/1999'],
  ['account no 123-456-789', 'account', '123-456-789'],
  ['call +1 202 555 0147', 'phone', '+1 202 555 0147'],
  ['fax (202) 555-0147', 'phone', '(202) 555-0147'],
  ['to ana.lo+x@acme.test,', 'email', 'ana.lo+x@acme.test'],
])('%s holds a %s', (text, kind, value) => {
  expect(found(text)).toEqual([[kind, value]]);
});

test.each([
  'no numbers at all',
  '000-12-3456', // area never issued
  '666-12-3456',
  '900-12-3456',
  '123-00-4567',
  '123-45-0000',
  '1123-45-67890',
  '123456789', // nine digits that nobody calls a social security number
  '4111 1111 1111 1112', // checksum
  '4111-1111 1111-1111', // mixed groups
  'DE89 3704 0044 0532 0130 01',
  'NPI 1234567890',
  '1234567893',
  'DOB 1981-02-29',
  'born 31.31.1999',
  'on 1980-02-29 we met',
  'version 1.2.3.4, port 5432',
  '2026-11-23T10:00:00.000Z',
  'ORG-2026-00001 JOB-2026-00042',
  '0190a8c2-1234-7abc-8def-123456789012',
  'MRN missing',
  'not@home',
])('%s holds nothing', (text) => {
  expect(found(text)).toEqual([]);
});

test('several are found in their order, and taken out', () => {
  const text = 'MRN 471234, DOB 1980-01-02, 123-45-6789, ana@acme.test';
  expect(found(text).map(([kind]) => kind)).toEqual(['mrn', 'dob', 'ssn', 'email']);
  expect(withoutSensitive(text)).toBe('MRN [mrn], DOB [dob], [ssn], ana@acme.test');
});

test('what the log looks for is found whatever stands around it', () => {
  const grave = [
    ...['123-45-6789', 'ssn 123456789', 'Social Security number 123456789', '4111 1111 1111 1111'],
    ...['378282246310005', '3782 822463 10005', '5500-0000-0000-0004', 'GB82WEST12345698765432'],
    ...['DE89 3704 0044 0532 0130 00', 'mrn 00471234', 'Medical record no AB-471234', 'dob 29/02/1980'],
    ...['born on 1980-02-29', 'Birthdate: 1980-02-29', 'date of birth 1980-02-29', '219 09 9998'],
  ];
  const around = fc.string({ unit: fc.constantFrom(...'aZ _.-:/09{}"é'), maxLength: 12 });
  fc.assert(
    fc.property(around, fc.constantFrom(...grave), around, (before, what, after) => {
      const text = `${before}${what}${after}`;
      // A set of one's own is looked for without what lets most texts go at once.
      expect(findSensitive(text, graveKinds)).toEqual(findSensitive(text, new Set(graveKinds)));
      expect(withoutSensitive(`${before} ${what}`)).not.toContain(what);
    }),
    { numRuns: 2_000 },
  );
});

test('a text of any length takes time in proportion', () => {
  const began = performance.now();
  for (const part of ['1-', 'a.', '1 ', 'DE89 ', 'a@a.', '+1('])
    findSensitive(`${part.repeat(100_000 / part.length)}@1`);
  expect(performance.now() - began).toBeLessThan(5_000);
});

test('a log leaves out what looks like health information, in messages, members and errors', () => {
  const lines: string[] = [];
  const log = makeLog('info', { write: (line) => void lines.push(line) });
  log.info(
    { note: 'MRN 471234', deep: { list: ['123-45-6789'] }, count: 4111111111111111 },
    'saw 123-45-6789',
  );
  log.error({ err: new Error('no row for 123-45-6789') }, 'failed');
  const text = lines.join('');
  expect(text).not.toMatch(/471234|6789/);
  expect(JSON.parse(lines[0]!)).toMatchObject({
    note: 'MRN [mrn]',
    deep: { list: ['[ssn]'] },
    count: 4111111111111111,
    msg: 'saw [ssn]',
  });
  expect(JSON.parse(lines[1]!).err.message).toBe('no row for [ssn]');
});
