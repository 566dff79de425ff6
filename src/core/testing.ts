/**
 * Test support for programs that embed dartwing: a real PostgreSQL of their own, migrated, thrown away at the end.
 *
 *     import { openTestDartwing } from 'dartwing/testing';
 *
 *     const { dartwing, clock, close } = await openTestDartwing();
 *     await dartwing.tenancy.create({ slug: 'acme', type: 'company' });
 *     clock.advance(86_400_000);
 *     await close();
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fakeClock } from './clock.js';
import type { Dartwing } from './contract.js';
import { createDartwing } from './dartwing.js';
import { openEmbedded } from './db/embedded/index.js';
import { migrateInstallation } from './installation.js';
import type { DartwingOptions } from './options.js';
import { endWithThisProcess } from './throwaway.js';

export { fakeClock } from './clock.js';

export interface TestDartwing {
  dartwing: Dartwing;
  /** Stands still until it is moved. */
  clock: ReturnType<typeof fakeClock>;
  /** With which more processes may open the same database. */
  options: DartwingOptions;
  /** Closes dartwing, stops the server and deletes its data. */
  close(): Promise<void>;
}

/**
 * Starts a server in a temporary folder and opens dartwing on it. Takes about a second; share it between tests and
 * give each an organization of its own. Its data do not survive a power cut, which makes it fast.
 * @param more options that differ from the defaults
 * @param env where the server's programs may be named
 * @throws EMBEDDED_*
 */
export async function openTestDartwing(
  more: Partial<DartwingOptions> = {},
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<TestDartwing> {
  const folder = mkdtempSync(join(tmpdir(), 'dartwing-'));
  chmodSync(folder, 0o755);
  const server = await openEmbedded({ data: join(folder, 'data'), env, durable: false });
  endWithThisProcess(server.directory, folder);
  const discard = async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  };
  const clock = fakeClock(new Date());
  const options: DartwingOptions = {
    url: server.url,
    masterKey: randomBytes(32).toString('base64'),
    background: false,
    clock,
    ...more,
  };
  try {
    await migrateInstallation(options);
    const dartwing = await createDartwing(options);
    return {
      dartwing,
      clock,
      options,
      close: async () => {
        await dartwing.close();
        await discard();
      },
    };
  } catch (error) {
    await discard();
    throw error;
  }
}
