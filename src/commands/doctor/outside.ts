/** Checks of what reaches beyond the installation: other services, devices, sockets. */
import { type Check, outcomeOf, type Trouble } from './check.js';

const lagSecondsMax = 300;
const operationsMax = 1_000;
const conflictsMax = 100;
const outboxMax = 1_000;

export const integrations: Check = {
  id: 'integrations',
  needs: ['migrations', 'keys'],
  isPrivate: true,
  run: async ({ core, readings }) => {
    const read = await readings();
    const connected = read('dartwing_integrations', { status: 'connected' });
    const { integrations: causes } = await (await core()).alerts.causes();
    const failures = read('dartwing_integration_refreshes', { result: 'failed' });
    const of = (status: string) => causes.filter((cause) => cause.status === status);
    const named = (some: typeof causes) =>
      some.map(
        ({ organization, provider, account, since, error }) =>
          `${provider}/${account} of ${organization} since ${since?.toISOString() ?? 'an unknown time'}${error === null ? '' : ` (${error})`}`,
      );
    const [expired, failing] = [of('expired'), of('error')];
    const troubles: Trouble[] = [];
    if (expired.length > 0)
      troubles.push({
        status: 'fail',
        what: `${read('dartwing_integrations', { status: 'expired' })} authorizations have ended`,
        found: named(expired),
        fix: expired
          .slice(0, 3)
          .map(({ organization, provider }) => `dartwing token connect ${provider} --org ${organization}`),
      });
    if (failing.length > 0)
      troubles.push({
        status: 'warn',
        what: `${read('dartwing_integrations', { status: 'error' })} connections fail`,
        found: named(failing),
        fix: failing
          .slice(0, 3)
          .map(({ organization }) => `dartwing token refresh --all --org ${organization}`),
      });
    if (failures > 5)
      troubles.push({
        status: 'warn',
        what: `${failures} renewals failed within an hour`,
        fix: ['dartwing token health --all --org <org>'],
      });
    return outcomeOf(`${connected} connections hold`, troubles);
  },
};

export const sync: Check = {
  id: 'sync',
  needs: ['migrations', 'keys'],
  isPrivate: true,
  run: async ({ core, readings }) => {
    const read = await readings();
    const lag = read('dartwing_sync_lag_seconds', { at: 'p95' });
    const waiting = read('dartwing_sync_queue_depth');
    const conflicts = read('dartwing_sync_conflicts_open');
    const online = read('dartwing_sync_devices', { state: 'online' });
    const { sync: causes } = await (await core()).alerts.causes();
    const troubles: Trouble[] = [];
    const behind = causes.filter(({ behind: count }) => count > 0);
    if (lag > lagSecondsMax)
      troubles.push({
        status: 'fail',
        what: `Devices are ${Math.round(lag)} s behind (95th percentile)`,
        found: behind.map(
          ({ organization, behind: count, since }) =>
            `${count} devices of ${organization} since ${since?.toISOString()}`,
        ),
        fix: behind
          .slice(0, 1)
          .map(({ organization }) => `dartwing sync lag --by client --org ${organization}`),
      });
    if (waiting > operationsMax)
      troubles.push({
        status: 'warn',
        what: `${waiting} operations wait on devices`,
        found: causes.filter((one) => one.waiting > 0).map((one) => `${one.waiting} of ${one.organization}`),
        fix: ['dartwing sync status --org <org>'],
      });
    if (conflicts > conflictsMax) {
      const open = causes.filter((one) => one.conflicts > 0);
      troubles.push({
        status: 'warn',
        what: `${conflicts} conflicts wait for a decision`,
        found: open.map((one) => `${one.conflicts} of ${one.organization}`),
        fix: open.slice(0, 1).map((one) => `dartwing conflict list --org ${one.organization}`),
      });
    }
    return outcomeOf(`${online} devices are online, ${Math.round(lag)} s behind`, troubles);
  },
};

export const realtime: Check = {
  id: 'realtime',
  needs: ['migrations', 'keys'],
  run: async ({ readings }) => {
    const read = await readings();
    const [waiting, nodes] = [read('dartwing_realtime_outbox_depth'), read('dartwing_realtime_nodes')];
    const what = `${nodes} servers, ${waiting} events wait for their relay`;
    if (waiting <= outboxMax) return { what };
    return { status: 'fail', what, fix: ['dartwing serve', 'dartwing schedule run realtime.sweep'] };
  },
};
