/**
 * A real S3 with Object Lock for tests: a user's own (S3_ENDPOINT with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY), else
 * Ceph's gateway over one monitor and one store in memory, where the machine has them. Simulators are of no use here:
 * those that can be had accept what a lock has to refuse.
 */
import { execFile, spawnSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from './port.js';

export interface ObjectStore {
  endpoint: string;
  accessKeyId: string;
  secretAccessKey: string;
  close(): Promise<void>;
}

const programs = ['ceph-mon', 'ceph-osd', 'radosgw', 'ceph', 'ceph-authtool', 'monmaptool', 'radosgw-admin'];

/** Why no store is used; undefined when there is one. Booting one takes as long as a tenth of all other tests. */
export function whyNoObjectStore(): string | undefined {
  if (process.env.S3_ENDPOINT !== undefined) return undefined;
  if (process.env.DARTWING_TEST_S3 === undefined) return 'npm run test:s3 does';
  const missing = programs.filter((name) => spawnSync('which', [name]).status !== 0);
  if (missing.length === 0) return undefined;
  return `no S3_ENDPOINT, and Ceph is not installed (${missing.join(', ')})`;
}

/** The user's store, or one that is started for the caller. */
export async function openObjectStore(): Promise<ObjectStore> {
  const { S3_ENDPOINT, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = process.env;
  if (S3_ENDPOINT === undefined) return startCeph();
  return {
    endpoint: S3_ENDPOINT,
    accessKeyId: AWS_ACCESS_KEY_ID ?? '',
    secretAccessKey: AWS_SECRET_ACCESS_KEY ?? '',
    close: async () => {},
  };
}

async function startCeph(): Promise<ObjectStore> {
  const folder = mkdtempSync(join(tmpdir(), 'dartwing-ceph-'));
  for (const name of ['mon', 'osd', 'run', 'log', 'gateway']) mkdirSync(join(folder, name));
  const [monitorPort, gatewayPort] = [await freePort(), await freePort()];
  const config = join(folder, 'ceph.conf');
  const keyring = join(folder, 'keyring');
  const fsid = randomUUID();
  writeFileSync(config, configuration({ folder, fsid, monitorPort, gatewayPort }));
  const ask = async (program: string, ...words: string[]) =>
    (await promisify(execFile)(program, [...words, '-c', config], { timeout: 60_000 })).stdout;
  const stop = async () => {
    for (const file of readdirSync(join(folder, 'run')).filter((name) => name.endsWith('.pid'))) {
      try {
        process.kill(Number(readFileSync(join(folder, 'run', file), 'utf8')), 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
    await setTimeout(100);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const all = ['--cap', 'mon', 'allow *', '--cap', 'osd', 'allow *'];
    const key = (name: string, ...rights: string[]) =>
      promisify(execFile)('ceph-authtool', [keyring, '--gen-key', '-n', name, ...rights]);
    await promisify(execFile)('ceph-authtool', ['--create-keyring', keyring]);
    await key('mon.', '--cap', 'mon', 'allow *');
    for (const name of ['client.admin', 'osd.0', 'client.rgw.a']) await key(name, ...all);
    const map = join(folder, 'monmap');
    const address = `v2:127.0.0.1:${monitorPort}`;
    await promisify(execFile)('monmaptool', ['--create', '--fsid', fsid, '--addv', 'a', `[${address}]`, map]);
    await ask('ceph-mon', '--mkfs', '-i', 'a', '--monmap', map, '--keyring', keyring);
    await ask('ceph-mon', '-i', 'a');
    const osd = randomUUID();
    await ask('ceph', 'osd', 'create', osd);
    await ask('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', osd);
    await ask('ceph-osd', '-i', '0');
    await ask('ceph', 'osd', 'crush', 'add', 'osd.0', '1.0', 'host=here', 'root=default');
    await until('the store', async () => (await ask('ceph', 'osd', 'stat')).includes('1 up'));
    await ask('radosgw', '-n', 'client.rgw.a');
    const endpoint = `http://127.0.0.1:${gatewayPort}`;
    await until('the gateway', async () => (await fetch(endpoint)).status > 0);
    const [accessKeyId, secretAccessKey] = [randomBytes(8).toString('hex'), randomBytes(16).toString('hex')];
    const secrets = ['--access-key', accessKeyId, '--secret-key', secretAccessKey];
    await ask('radosgw-admin', 'user', 'create', '--uid=dartwing', '--display-name=dartwing', ...secrets);
    return { endpoint, accessKeyId, secretAccessKey, close: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Programs put themselves into the background and leave their number under run/. */
function configuration(at: {
  folder: string;
  fsid: string;
  monitorPort: number;
  gatewayPort: number;
}): string {
  const { folder, fsid, monitorPort, gatewayPort } = at;
  return [
    '[global]',
    `fsid = ${fsid}`,
    'mon initial members = a',
    `mon host = [v2:127.0.0.1:${monitorPort}]`,
    'public network = 127.0.0.0/8',
    'ms bind ipv6 = false',
    'auth allow insecure global id reclaim = false',
    `keyring = ${folder}/keyring`,
    'osd pool default size = 1',
    'osd pool default min size = 1',
    'osd pool default pg num = 4',
    'osd pool default pg autoscale mode = off',
    'osd crush chooseleaf type = 0',
    'mon allow pool size one = true',
    'mon warn on pool no redundancy = false',
    'mon data avail crit = 1',
    'mon data avail warn = 1',
    'osd objectstore = memstore',
    'memstore device bytes = 536870912',
    `run dir = ${folder}/run`,
    `pid file = ${folder}/run/$name.pid`,
    `admin socket = ${folder}/run/$name.asok`,
    `log file = ${folder}/log/$name.log`,
    `mon data = ${folder}/mon`,
    `osd data = ${folder}/osd`,
    '[client.rgw.a]',
    `rgw frontends = beast endpoint=127.0.0.1:${gatewayPort}`,
    `rgw data = ${folder}/gateway`,
    'rgw thread pool size = 8',
    'rgw crypt require ssl = false',
    '',
  ].join('\n');
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 240; turn++) {
    if (await isSo().catch(() => false)) return;
    await setTimeout(250);
  }
  throw new Error(`${what} did not start`);
}
