import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Account, serverAccount, spawnAs } from '../../src/core/db/embedded/account.js';
import { type Binaries, findBinaries, program } from '../../src/core/db/embedded/binaries.js';
import { embeddedStatus, findEmbedded, openEmbedded } from '../../src/core/db/embedded/index.js';
import { prepareBinaries } from '../../src/core/db/embedded/prepare.js';
import { isRoot, newData, newFolder, User, useStage } from './embedded-stage.js';

const env = process.env;
const ordinary: Account = { name: 'nobody', uid: 65534, gid: 65534 };

useStage();

describe.runIf(isRoot)('as root', () => {
  it('keeps data out of a project that the account cannot enter, says so and finds them again', async () => {
    const data = closedData();
    const said: string[] = [];
    const server = await openEmbedded({ data, durable: false, env, log: (line) => said.push(line) });
    expect(server.directory).toMatch(/^\/var\/lib\/dartwing\/[0-9a-f]{16}\/pg$/);
    expect(said).toEqual([expect.stringContaining(server.directory)]);
    expect(readFileSync(join(data, 'location'), 'utf8').trim()).toBe(server.directory);
    expect(statSync(dirname(data)).mode & 0o777).toBe(0o700);
    await server.close({ keep: true });
    expect(await findEmbedded(data)).toBe(server.url);
    expect(embeddedStatus(data, env)).toMatchObject({
      moved: true,
      directory: server.directory,
      running: true,
    });
    const again = await openEmbedded({ data, env, log: (line) => said.push(line) });
    expect(again.started).toBe(false);
    expect(said).toHaveLength(1);
    await again.close();
  });

  it('does not take up the data of a project folder that was deleted', async () => {
    const data = closedData();
    const first = await openEmbedded({ data, durable: false, env });
    await first.close();
    rmSync(data, { recursive: true });
    const second = await openEmbedded({ data, durable: false, env });
    expect(second.directory).toBe(first.directory.replace(/\/pg$/, '-2/pg'));
    await second.close();
    rmSync(dirname(first.directory), { recursive: true });
  });

  it('runs the cluster of an ordinary user as that user', async () => {
    const data = ownData(ordinary);
    const user = new User(ordinary);
    const opened = await user.open(data);
    const server = await openEmbedded({ data, env });
    expect(server).toMatchObject({ started: false, pid: opened.pid });
    await user.close();
    await server.close();
    const again = await openEmbedded({ data, durable: false, env });
    expect(again.started).toBe(true);
    expect(statSync(`/proc/${again.pid}`).uid).toBe(ordinary.uid);
    await again.close();
  });

  it('changes the owner of nothing but its own folders', async () => {
    const data = newData();
    const server = await openEmbedded({ data, durable: false, env });
    await server.close();
    const mine = ['.', 'admin-password', 'pg.log', 'pg.lock'].map((name) => statSync(join(data, name)).uid);
    expect(new Set(mine)).toEqual(new Set([0]));
    expect(statSync(server.directory).uid).toBe(serverAccount(server.directory)?.uid);
  });
});

describe.runIf(isRoot)('as an ordinary user', () => {
  it('creates, shares and stops a server', async () => {
    const data = ownData(ordinary);
    const [one, other] = [new User(ordinary), new User(ordinary)];
    const first = await one.open(data);
    expect(statSync(first.directory).uid).toBe(ordinary.uid);
    expect(await other.open(data)).toMatchObject({ started: false, pid: first.pid });
    await one.close();
    await other.close();
    expect(embeddedStatus(data, env).running).toBe(false);
  });

  it('is refused the server of another user, with the reason', async () => {
    const data = newData();
    const server = await openEmbedded({ data, durable: false, env });
    await server.close();
    await expect(new User(ordinary).open(data)).rejects.toMatchObject({
      code: 'EMBEDDED_START_FAILED',
      why: 'It belongs to another user of this machine',
    });
  });

  it('is told what to do when the system has no name for the user', async () => {
    const nameless: Account = { name: 'nameless', uid: 54_321, gid: 54_321 };
    await expect(new User(nameless).open(ownData(nameless))).rejects.toMatchObject({
      code: 'EMBEDDED_START_FAILED',
      fix: [expect.stringContaining('/etc/passwd'), expect.stringContaining('DATABASE_URL')],
    });
  });
});

describe.runIf(findBinaries({})?.origin === 'package')('the npm package', () => {
  it('gets the links that an install without scripts leaves out', async () => {
    const found = packageWithoutLinks(newFolder());
    expect(await prepareBinaries(found, undefined, newFolder())).toEqual(found);
    expect(version(found)).toContain('PostgreSQL');
  });

  it.runIf(isRoot)('is copied once when the account cannot reach it', async () => {
    const folder = newFolder();
    const found = packageWithoutLinks(folder);
    chmodSync(folder, 0o700);
    const copies = join(newFolder(), 'bin');
    const account = serverAccount('/nowhere')!;
    const [usable, same] = await Promise.all([
      prepareBinaries(found, account, copies),
      prepareBinaries(found, account, copies),
    ]);
    expect(usable).toEqual({ ...found, bin: join(copies, found.version, 'bin') });
    expect(same).toEqual(usable);
    expect(version(usable, account)).toContain('PostgreSQL');
    expect(readdirSync(copies)).toEqual([found.version]);
  });
});

/** A `.dartwing` path below a folder that only root may enter. */
function closedData(): string {
  const folder = newFolder();
  const project = join(folder, '.dartwing');
  mkdirSync(project);
  chmodSync(folder, 0o700);
  return project;
}

/** A `.dartwing` path in a folder of the account. */
function ownData(account: Account): string {
  const folder = newFolder();
  chownSync(folder, account.uid, account.gid);
  return join(folder, '.dartwing');
}

function packageWithoutLinks(folder: string): Binaries {
  const found = findBinaries({})!;
  const native = join(folder, 'native');
  cpSync(dirname(found.bin), native, { recursive: true, verbatimSymlinks: true });
  for (const name of readdirSync(join(native, 'lib'))) {
    const path = join(native, 'lib', name);
    if (lstatSync(path).isSymbolicLink()) rmSync(path);
  }
  expect(existsSync(join(native, 'lib', 'libicui18n.so.60'))).toBe(false);
  return { ...found, bin: join(native, 'bin') };
}

function version(binaries: Binaries, account?: Account): string {
  return execFileSync(program(binaries.bin, 'postgres'), ['--version'], {
    ...spawnAs(account),
    encoding: 'utf8',
  });
}
