import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { installed, type RunOptions, run, temporaryFolder } from '../support/cli.js';
import { openTestDartwing } from '../support/database.js';
import { operatorOf } from '../support/operator.js';

/** The pseudo-terminal is made by script of util-linux; where it is missing these tests are skipped and say so. */
describe.skipIf(!installed('script'))('on a real pseudo-terminal, where script is installed', async () => {
  const { database, dartwing } = await openTestDartwing();
  for (const slug of ['acme', 'beta']) await dartwing.tenancy.create({ slug, type: 'company' });
  const { env } = operatorOf(database);

  function sitting(more: Readonly<Record<string, string>> = {}): RunOptions & { file: string } {
    const home = temporaryFolder();
    const file = join(home, '.config/dartwing/config.yaml');
    return { cwd: home, env: { ...env, HOME: home, ...more }, tty: true, file };
  }

  const down = '\u001b[B';

  test('org switch offers the organizations, and keeps the one that is picked', async () => {
    const where = sitting();
    const { stdout, code } = await run(['org', 'switch'], {
      ...where,
      input: `${down}\r`,
      inputAfter: 'beta',
    });
    expect(stdout).toContain('Working in beta');
    expect(code).toBe(0);
    expect(readFileSync(where.file, 'utf8')).toContain('org: beta');
    expect((await run(['config', 'get', 'org'], { ...where, tty: false })).stdout).toBe('beta\n');
  });

  test('Ctrl-C in the picker ends with 130 and keeps nothing', async () => {
    const where = sitting();
    const { code } = await run(['org', 'switch'], { ...where, input: '\u0003', inputAfter: 'beta' });
    expect(code).toBe(130);
    expect(() => readFileSync(where.file)).toThrow('ENOENT');
  });

  test('--no-input and CI ask nobody, even here', async () => {
    for (const [words, more] of [
      [['org', 'switch', '--no-input'], {}],
      [['org', 'switch'], { CI: '1' }],
    ] as const) {
      const { stdout, code } = await run(words, sitting(more));
      expect({ stdout, code }).toMatchObject({ stdout: expect.stringContaining('Add <org>'), code: 2 });
    }
  });

  test('up hears t, o, r and q', { timeout: 60_000 }, async () => {
    const where = sitting();
    // The program that opens pages is one of our own, which writes down what it is given.
    const opened = join(where.cwd!, 'opened');
    writeFileSync(join(where.cwd!, 'xdg-open'), `#!/bin/sh\necho "$1" > ${opened}\n`, { mode: 0o755 });
    const { stdout, code } = await run(['up', '--port', '0'], {
      ...where,
      env: { ...where.env, PATH: `${where.cwd}:${process.env.PATH}` },
      typing: [
        { after: 'opens its page', keys: 't' },
        { after: 'QUEUES', keys: 'q' },
      ],
      input: 'xorq',
      inputAfter: 'Still up at',
    });
    const addresses = [...stdout.matchAll(/dartwing is up at (\S+)/g)].map(([, url]) => url);
    expect({ stdout, code }).toMatchObject({
      stdout: expect.stringMatching(/Restarting[\s\S]*Stopping/),
      code: 0,
    });
    expect(addresses).toHaveLength(2);
    expect(addresses[1]).toBe(addresses[0]);
    expect(readFileSync(opened, 'utf8')).toBe(`${addresses[0]}/reference\n`);
  });

  test('--pager shows help and the trail through $PAGER', async () => {
    const pager = { PAGER: "sed 's/^/paged /'" };
    expect((await run(['help', 'exit-codes', '--pager'], sitting(pager))).stdout).toContain(
      'paged Scripts branch',
    );
    const { stdout, code } = await run(['audit', 'query', '--pager'], sitting(pager));
    expect({ stdout, code }).toMatchObject({ stdout: expect.stringMatching(/^paged .*AT.*ORG/m), code: 0 });
  });

  test('a pager that is not there, or ends early, loses nothing and is no failure', async () => {
    const missing = await run(['help', 'exit-codes', '--pager'], sitting({ PAGER: 'no-such-pager' }));
    expect(missing.stdout).toContain('Scripts branch');
    expect(missing.code).toBe(0);
    expect((await run(['help', '--pager'], sitting({ PAGER: 'head -1' }))).code).toBe(0);
  });

  test('in a pipe --pager does nothing', async () => {
    const { stdout, code } = await run(['help', 'exit-codes', '--pager'], {
      ...sitting({ PAGER: 'no-such-pager' }),
      tty: false,
    });
    expect({ stdout, code }).toMatchObject({ stdout: expect.stringMatching(/^Scripts branch/), code: 0 });
  });
});
