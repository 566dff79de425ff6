import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = new URL('../', import.meta.url);
const { name, bin, exports } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
  name: string;
  bin: Record<string, string>;
  exports: Record<string, string | Record<string, string>>;
};

const files = Object.entries(exports).flatMap(([entry, target]) =>
  Object.values(typeof target === 'string' ? { default: target } : target).map((file) => [entry, file]),
);

test.each(files)('%s is built: %s', (_, file) => {
  expect(existsSync(new URL(file!, root))).toBe(true);
});

test.each(Object.entries(bin))('the program %s is there', (_, file) => {
  expect(existsSync(fileURLToPath(new URL(file, root)))).toBe(true);
});

test('the proof checker loads by its name, as an auditor would import it', async () => {
  const checker = (await import(`${name}/check-proof`)) as Record<string, unknown>;
  expect(Object.values(checker).some((member) => typeof member === 'function')).toBe(true);
});
