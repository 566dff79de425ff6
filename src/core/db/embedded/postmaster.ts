import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { limits } from '../../limits.js';
import type { Home } from './home.js';
import { pauses } from './pauses.js';
import { birthOf, commandOf, exists, processesIn } from './processes.js';

/** A running server as its `postmaster.pid` tells. */
export interface Postmaster {
  pid: number;
  port: number;
  /** `ready`, `starting`, `stopping`; empty in the first moments. */
  status: string;
}

/** The living server of a cluster, in whatever state. Undefined when there is none or we may not look. */
export function livingPostmaster(directory: string): Postmaster | undefined {
  const noted = readPidFile(directory);
  return noted !== undefined && isServerOf(noted.pid, directory) ? noted : undefined;
}

/** Waits until a living server is ready, or until there is none any more. The last look decides after `waitMs`. */
export async function settledPostmaster(directory: string, waitMs: number): Promise<Postmaster | undefined> {
  let found: Postmaster | undefined;
  for await (const _ of pauses(waitMs)) {
    found = livingPostmaster(directory);
    if (found === undefined || found.status === 'ready') return found;
  }
  return found;
}

/**
 * Removes a `postmaster.pid` that PostgreSQL would believe wrongly: its pid is taken, but by the remains of a
 * killed server or by some other process, or the file is empty after a power cut. What PostgreSQL can judge
 * itself is left to it, and backends of a killed server stay guarded by the shared memory block, whose key
 * comes from the cluster's folder and not from this file. Hold the lock.
 */
export async function removeMisleadingPidFile(directory: string): Promise<void> {
  const noted = readPidFile(directory);
  if (noted === undefined || isServerOf(noted.pid, directory)) return;
  if (Number.isNaN(noted.pid) || exists(noted.pid))
    await rm(join(directory, 'postmaster.pid'), { force: true });
}

/**
 * Sends home the backends that a killed server left at work: they would hold its shared memory until their queries
 * end. What they have not committed is lost with the server anyway. Hold the lock.
 */
export function endOrphans(directory: string): void {
  for (const { pid, parent } of processesIn(directory)) {
    if (commandOf(pid).startsWith('postgres: ') && !isServerOf(parent, directory))
      process.kill(pid, 'SIGQUIT');
  }
}

/**
 * Stops the living server of a home, if there is one, with a fast shutdown (clients are thrown out, everything is
 * written) and waits for its end. Returns false when it is still there after the limit.
 */
export async function stopServer(home: Home): Promise<boolean> {
  const server = livingPostmaster(home.directory);
  if (server === undefined) return true;
  process.kill(server.pid, 'SIGINT');
  for await (const _ of pauses(limits.embeddedStopMs)) {
    if (birthOf(server.pid) === undefined) return true;
  }
  return false;
}

function readPidFile(directory: string): Postmaster | undefined {
  try {
    const lines = readFileSync(join(directory, 'postmaster.pid'), 'utf8').split('\n');
    return { pid: Number.parseInt(lines[0]!, 10), port: Number(lines[3]), status: lines[7]?.trim() ?? '' };
  } catch {
    return undefined;
  }
}

function isServerOf(pid: number, directory: string): boolean {
  if (Number.isNaN(pid) || birthOf(pid) === undefined) return false;
  return process.platform === 'win32' || `${commandOf(pid)} `.includes(` ${directory} `);
}
