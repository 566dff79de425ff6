/** Loading files while a command runs. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { packageRoot } from '../core/package-root.js';

/** The bundled command line cannot import() by itself: bin/import.js says why. */
export function importFile<T>(url: string): Promise<T> {
  const require = createRequire(import.meta.url);
  const porch = require(join(packageRoot(), 'bin', 'import.js')) as {
    importFile: (url: string) => Promise<T>;
  };
  return porch.importFile(url);
}
