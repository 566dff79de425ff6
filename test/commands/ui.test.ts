import { describe, expect, test } from 'vitest';
import type { OutputStream } from '../../src/commands/ui/io.js';
import { createRate } from '../../src/commands/ui/rate.js';
import { keyValues, terminalTable, tsv } from '../../src/commands/ui/table.js';
import { showTime } from '../../src/commands/ui/time.js';
import { escapeControls, textWidth, truncate } from '../../src/commands/ui/width.js';
import { formatDuration, parseDurationMs } from '../../src/core/duration.js';

function terminal(columns: number): OutputStream {
  const plain = (text: string) => text;
  const signs = { ok: '✓', fail: '✗', warn: '!', dot: '·' };
  const palette = { red: plain, yellow: plain, green: plain, dim: plain, bold: plain, signs };
  return { isTTY: true, isOpen: true, columns, palette, write: async () => {} };
}

const family = '👨‍👩‍👧';

describe('width', () => {
  test.each([
    ['acme', 4],
    ['Zürich', 6],
    ['Zu\u0308rich', 6],
    ['日本', 4],
    [family, 2],
    ['🇨🇭', 2],
    ['', 0],
  ])('%s takes %i columns', (text, width) => expect(textWidth(text)).toBe(width));

  test('truncates whole characters and says so', () => {
    expect(truncate('acme clinic', 6)).toBe('acme …');
    expect(truncate(`a${family}b`, 3)).toBe('a…');
    expect(truncate('acme', 4)).toBe('acme');
  });

  test('makes control characters and direction overrides visible', () => {
    expect(escapeControls('a\u001b[2Jb\nc\u202ed')).toBe('a\\u001b[2Jb\\nc\\u202ed');
  });
});

describe('tables', () => {
  const columns = [
    { header: 'slug', path: 'slug' },
    { header: 'members', path: 'members', align: 'right' as const },
    { header: 'name', path: 'name' },
  ];
  const rows = [
    ['acme', '12', 'Acme Clinic of the Upper Valley and its Neighbours'],
    ['日本', '3', 'Nippon'],
  ];

  test('are aligned, with numbers to the right and the header in upper case', async () => {
    expect(await terminalTable(columns, rows, terminal(200))).toBe(
      [
        'SLUG  MEMBERS  NAME',
        'acme       12  Acme Clinic of the Upper Valley and its Neighbours',
        '日本        3  Nippon',
        '',
      ].join('\n'),
    );
  });

  test.each([40, 60, 80, 200])('fit a terminal of %i columns', async (width) => {
    const text = await terminalTable(columns, rows, terminal(width));
    for (const line of text.split('\n')) expect(textWidth(line)).toBeLessThanOrEqual(width);
  });

  test('a name cannot break out of its cell', async () => {
    const text = await terminalTable(columns, [['a\u001b[2J\nb', '1', 'x']], terminal(80));
    expect(text.split('\n')).toHaveLength(3);
    expect(text).not.toContain('\u001b');
    expect(tsv([['a\tb', 'c\nd']])).toBe('a\\tb\tc\\nd\n');
  });

  test('one document is shown as key and value', () => {
    expect(
      keyValues(
        [
          ['id', 'ORG-2026-00001'],
          ['name', 'Acme'],
        ],
        terminal(80),
      ),
    ).toBe('id    ORG-2026-00001\nname  Acme\n');
  });
});

describe('times', () => {
  const now = new Date('2026-11-23T10:00:00Z');

  test.each([
    ['2026-11-23T09:58:00.000Z', '2m ago'],
    ['2026-11-20T10:00:00Z', '3d ago'],
    ['2026-11-23T10:00:01Z', 'in 1s'],
    ['not a time', 'not a time'],
  ])('%s is %s', (text, shown) => expect(showTime(text, 'relative', now)).toBe(shown));

  test('iso leaves them alone', () => {
    expect(showTime('2026-11-20T10:00:00Z', 'iso', now)).toBe('2026-11-20T10:00:00Z');
  });

  test('durations are read and written', () => {
    expect(['500ms', '90s', '15m', '2h', '7d', '0', '1.5h', '-1s', ''].map(parseDurationMs)).toEqual([
      500,
      90_000,
      900_000,
      7_200_000,
      604_800_000,
      0,
      undefined,
      undefined,
      undefined,
    ]);
    expect([500, 1_200, 90_000, 7_200_000, 90_061_000].map(formatDuration)).toEqual([
      '500ms',
      '1.2s',
      '1m 30s',
      '2h',
      '1d 1h',
    ]);
  });
});

describe('rate', () => {
  test('is hidden until five samples, and does not count what was done before', () => {
    const rate = createRate(1_000);
    for (let second = 0; second < 4; second++) rate.sample(1_000 + second * 10, second * 1_000);
    expect(rate.perSecond()).toBeUndefined();
    rate.sample(1_040, 4_000);
    expect(rate.perSecond()).toBe(10);
    expect(rate.etaMs(1_140)).toBe(10_000);
  });
});
