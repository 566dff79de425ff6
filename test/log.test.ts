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
