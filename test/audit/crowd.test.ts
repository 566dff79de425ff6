import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { openTestDartwing } from '../support/database.js';
import { bundleChild } from '../support/killed.js';
import { masterKey } from '../support/server.js';

/** How many organizations; DARTWING_CROWD=1000 is the long form. */
const organizations = Number(process.env.DARTWING_CROWD ?? 40);
const turns = Math.max(15, organizations / 8);
const processes = 8;

const { database, dartwing } = await openTestDartwing();

it(`eight processes write to ${organizations} organizations, two of them are killed, and every trail is whole`, {
  timeout: 600_000,
}, async () => {
  const { file, remove } = await bundleChild(new URL('./crowd-child.ts', import.meta.url));
  let acknowledged = 0;
  const children = Array.from({ length: processes }, (_, child) => {
    const words = [
      file,
      database.url,
      masterKey,
      String(organizations),
      String(child < 2 ? 1e6 : turns),
      String(child),
    ];
    const one = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = 0;
    one.stdout.on('data', (bytes: Buffer) => {
      const lines = bytes.toString().split('\n').length - 1;
      acknowledged += lines * 3;
      said += lines;
      // In the middle of whatever comes next.
      if (child < 2 && said >= turns / 3) one.kill('SIGKILL');
    });
    return once(one, 'close') as Promise<[number | null, string | null]>;
  });
  let working = true;
  const ends = Promise.all(children).finally(() => {
    working = false;
  });
  while (working) {
    await dartwing.audit.checkpoint();
    expect((await dartwing.audit.verify()).findings.filter(({ severity }) => severity === 'fail')).toEqual(
      [],
    );
  }
  expect((await ends).map(([, signal]) => signal === 'SIGKILL')).toEqual(
    Array.from({ length: processes }, (_, child) => child < 2),
  );
  remove();
  const report = await dartwing.audit.verify();
  expect(report.findings).toEqual([]);
  const { rows } = await database.admin.query(
    "select count(*)::int as entries, (select count(*)::int from audit_stage) as staged from audit_event where doctype = 'Task'",
  );
  expect(rows[0].staged).toBe(0);
  // A killed process may have committed what it did not come to say.
  expect(rows[0].entries).toBeGreaterThanOrEqual(acknowledged);
  expect(rows[0].entries).toBeLessThanOrEqual(acknowledged + 2 * 3);
});
