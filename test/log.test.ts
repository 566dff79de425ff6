import { expect, it } from 'vitest';
import { makeLog } from '../src/core/pino-log.js';

function capture(level = 'debug') {
  const lines: string[] = [];
  return { log: makeLog(level, { write: (line) => void lines.push(line) }), lines };
}

it('writes one JSON line with the time in RFC 3339', () => {
  const { log, lines } = capture();
  log.info({ organization: 'ORG-2026-00001' }, 'created');
  expect(JSON.parse(lines[0]!)).toMatchObject({ organization: 'ORG-2026-00001', msg: 'created' });
  expect(JSON.parse(lines[0]!).time).toMatch(/^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/);
});

it('T-G4 writes an error with its stack and its cause, as one line', () => {
  const { log, lines } = capture();
  log.error({ err: new Error('the disk is full', { cause: new Error('ENOSPC') }) }, 'request');
  expect(lines).toHaveLength(1);
  const { err } = JSON.parse(lines[0]!) as { err: { message: string; stack: string } };
  expect(err.message).toContain('the disk is full');
  expect(err.stack).toMatch(/the disk is full[\s\S]*at .*log\.test\.ts/);
});

it('takes secrets out at the top and two levels down', () => {
  const { log, lines } = capture();
  const secret = 'canary-secret';
  log.error(
    {
      password: secret,
      options: { url: secret, nested: { token: secret } },
      headers: { authorization: secret },
    },
    'failed',
  );
  expect(lines.join('')).not.toContain(secret);
  expect(JSON.parse(lines[0]!).options.nested.token).toBe('[redacted]');
});

it('says nothing below its level', () => {
  const { log, lines } = capture('warn');
  log.info({}, 'quiet');
  expect(lines).toEqual([]);
});

it('takes out what looks like a secret or a number of a person, wherever it stands', () => {
  const { log, lines } = capture();
  const jwt = `eyJhbGciOiJIUzI1NiJ9.${'a'.repeat(40)}.${'b'.repeat(43)}`;
  const hidden = [
    jwt,
    'abcdefgh12345678',
    `sk-${'k'.repeat(32)}`,
    `dwi_${'x'.repeat(43)}`,
    'hunter2hunter2',
    '4111 1111 1111 1111',
    '5500-0000-0000-0004',
    '078-05-1120',
    's'.repeat(43),
  ];
  const [, bearer, key, invitation, password, card, other, social, secret] = hidden;
  log.error({ err: new Error(`refused ${jwt} and ${key}`), note: { deep: { er: invitation } } }, 'failed');
  log.warn({ detail: `header was Bearer ${bearer}, at postgres://ana:${password}@db/x` }, `card ${card}`);
  log.info({ text: `"${other}" of ${social}`, by: `dw_production_4nq7hbd2mzx5tkwy.${secret}` }, 'entered');
  for (const value of hidden) expect(lines.join('')).not.toContain(value);
  for (const line of lines) expect(() => JSON.parse(line)).not.toThrow();
  expect(JSON.parse(lines[1]!).detail).toContain('postgres://ana:[redacted]@db/x');
});

it('leaves ids, times, numbers and addresses of ours as they are', () => {
  const { log, lines } = capture();
  const fields = {
    job: 'JOB-2026-00042',
    request_id: 'req_0198f0c2-7d1a-7c3e-9a54-3f1b2c4d5e6f',
    at: 1_763_906_400_000,
    card: 4_111_111_111_111_111,
    phone: '212-555-0142',
    key: 'dw_production_4nq7hbd2mzx5tkwy',
    address: 'http://127.0.0.1:4000/metrics',
    day: '2026-11-23',
  };
  log.info(fields, 'request');
  expect(JSON.parse(lines[0]!)).toMatchObject(fields);
});
