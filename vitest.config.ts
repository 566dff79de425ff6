import { defineConfig } from 'vitest/config';

/** Files that put other modules in the place of ours: they need modules of their own. */
const apart = ['test/compliance/residency.test.ts', 'test/compliance/sabotage.test.ts'];

export default defineConfig({
  test: {
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', './test/support/closing-line.ts'],
    maxWorkers: 2,
    projects: [
      // Files share processes: loading everything anew for each file took a third of the whole run.
      {
        extends: true,
        test: { name: 'together', include: ['test/**/*.test.ts'], exclude: apart, isolate: false },
      },
      { extends: true, test: { name: 'apart', include: apart } },
    ],
    setupFiles: ['test/support/each-file.ts'],
    pool: 'forks',
    // CI machines are shared: a test that starved there gets one more chance, and the report names it. A second failure
    // is one, and at a desk the first one is.
    retry: process.env.CI ? 1 : 0,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
