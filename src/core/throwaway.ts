/** A database server that nobody keeps ends with the process that started it, however that ends. */
import { spawn } from 'node:child_process';

/**
 * Runs beside the owner. Its input ends when the owner does, even by SIGKILL; then it stops the server that the folder
 * names, and removes the folder. An owner that cleaned up itself left neither.
 */
const survivor = `
const { readFileSync, rmSync } = require('node:fs');
const { join } = require('node:path');
const [directory, folder] = process.argv.slice(1);
const pidOf = () => {
  try { return Number(readFileSync(join(directory, 'postmaster.pid'), 'utf8').split('\\n')[0]) || undefined; } catch { return undefined; }
};
let rounds = 0;
const clean = () => {
  const pid = pidOf();
  if (pid === undefined || ++rounds > 100) {
    rmSync(directory, { recursive: true, force: true });
    rmSync(folder, { recursive: true, force: true });
    process.exit();
  }
  try { process.kill(pid, rounds > 50 ? 'SIGQUIT' : 'SIGINT'); } catch { rounds = 100; }
  setTimeout(clean, 100);
};
process.stdin.on('end', clean).on('error', clean).resume();
`;

/** Guards the cluster in `directory`, which lives in `folder`, from outliving this process. */
export function endWithThisProcess(directory: string, folder: string): void {
  const child = spawn(process.execPath, ['-e', survivor, directory, folder], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Without it a kill leaves a server running, as before; nothing else depends on it.
  child.on('error', () => {});
  child.stdin?.on('error', () => {});
  child.unref();
  (child.stdin as unknown as { unref?: () => void } | null)?.unref?.();
}
