/** Checks of what is around: this machine, configuration, and Redis. */
import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { loadConfig } from '../../core/config.js';
import { embeddedStatus } from '../../core/db/embedded/index.js';
import { openRedisProbe } from '../redis-probe.js';
import type { Check, Outcome } from './check.js';

const nodeMin = [20, 19] as const;
const diskBytesMin = 1_073_741_824;
const redisMsSlow = 100;

export const node: Check = {
  id: 'node',
  run: () => {
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
    const fits = major > nodeMin[0] || (major === nodeMin[0] && minor >= nodeMin[1]);
    return fits
      ? { what: `Node ${process.versions.node}` }
      : {
          status: 'fail',
          what: `Node ${process.versions.node} is too old`,
          fix: ['Install Node 20.19 or newer'],
        };
  },
};

export const config: Check = {
  id: 'config',
  run: async ({ context }) => {
    const { only: _terminal, ...everything } = context.configInput;
    const read = await loadConfig(everything);
    const set = read
      .entries()
      .filter((entry) => entry.origin.source !== 'default' && entry.origin.source !== 'none').length;
    return { what: `${set} settings, project file ${read.projectFile ?? 'none'}` };
  },
};

export const profile: Check = {
  id: 'profile',
  needs: ['config'],
  run: ({ context: { config: current, global } }) => {
    const { url, data } = current.values;
    const named = global.profile === undefined ? 'No profile' : `Profile ${global.profile}`;
    if (url === undefined)
      return { what: `${named}; no address is set, so the database is the one in ${data}` };
    if (/^https?:/.test(url))
      return {
        status: 'fail',
        what: `${named}; the address is a server's, and checks need the database`,
        fix: ['dartwing doctor --url postgres://…'],
      };
    const { name, source } = current.origin('url');
    return { what: `${named}; the address of the database is from ${name ?? source}` };
  },
};

export const disk: Check = {
  id: 'disk',
  run: async ({ context }) => {
    const folder = context.config.values.data;
    const place = existsSync(folder) ? embeddedStatus(folder, context.env).directory : context.cwd;
    const { bavail, bsize } = await statfs(existsSync(place) ? place : context.cwd);
    const bytes = bavail * bsize;
    const what = `${(bytes / 1_073_741_824).toFixed(1)} GiB free`;
    return bytes >= diskBytesMin
      ? { what }
      : {
          status: 'warn',
          what,
          fix: ['Free space: PostgreSQL stops when the disk is full', 'dartwing job cleanup --older-than 7d'],
        };
  },
};

export const redis: Check = {
  id: 'redis',
  run: async ({ context }): Promise<Outcome> => {
    const { redisUrl } = context.config.values;
    if (redisUrl === undefined) return { what: 'Not used: events go by way of PostgreSQL' };
    const probe = openRedisProbe(redisUrl);
    try {
      const ms = await probe.ask();
      const what = `It answered within ${ms.toFixed(1)} ms`;
      if (ms <= redisMsSlow) return { what };
      return { status: 'warn', what, fix: ['Look for slow commands and for memory: redis-cli slowlog get'] };
    } catch (error) {
      // The address holds a password; what went wrong does not.
      return {
        status: 'fail',
        what: `It does not answer (${(error as Error).message.replace(/\/\/\S*@/g, '//…@')}); events take a detour`,
        fix: [
          'Start Redis again; servers find it by themselves',
          'Or unset REDIS_URL and restart the servers',
        ],
      };
    } finally {
      probe.close();
    }
  },
};
