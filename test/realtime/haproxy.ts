/** HAProxy with the configuration that we ship, where it is installed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { installed } from '../support/cli.js';
import { atEnd } from '../support/ending.js';
import { freePort } from '../support/port.js';

export const hasHaproxy = installed('haproxy');

/** templates/deploy/haproxy.cfg in front of these servers, without its certificate. */
export async function startHaproxy(targets: readonly string[]): Promise<string> {
  const port = await freePort();
  const shipped = readFileSync(new URL('../../templates/deploy/haproxy.cfg', import.meta.url), 'utf8');
  const servers = targets.map((url, index) => `  server s${index} ${new URL(url).host} cookie s${index}\n`);
  const text = shipped
    .replace(/bind :443 .*/, `bind 127.0.0.1:${port}`)
    .replace('maxconn 100000', 'maxconn 1000')
    .replace(/( {2}server .*(\n|$))+/, servers.join(''));
  const folder = mkdtempSync(join(tmpdir(), 'dartwing-haproxy-'));
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, text);
  const proxy = spawn('haproxy', ['-db', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  proxy.stderr.on('data', (chunk) => {
    said += chunk;
  });
  atEnd(() => {
    proxy.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  for (let tries = 0; tries < 200; tries++) {
    if (proxy.exitCode !== null) break;
    const socket = connect(port, '127.0.0.1');
    const isUp = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isUp) return `http://127.0.0.1:${port}`;
    await setTimeout(25);
  }
  throw new Error(`haproxy does not start: ${said}`);
}
