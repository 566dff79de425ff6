/**
 * What the installation does by the clock (requirements §36, item 64), as far as its rooms exist. Jobs add their own.
 * Each can be repeated at any time: a tick that dies with its process is made good by the next one.
 */
import { z } from 'zod';
import type { CallOptions } from './access/index.js';
import type { Clock } from './clock.js';
import type { Dartwing } from './contract.js';
import { asDartwingError } from './errors.js';
import { limits } from './limits.js';
import { deliveryJob } from './tokens/index.js';

interface Chore {
  cron: string;
  description: string;
  run: (dartwing: Dartwing, call: CallOptions, hand: HandOut, now: Date) => Promise<unknown>;
}

/** Gives each organization a job of its own, so that a slow one keeps no other back. */
type HandOut = (type: string, organizations: readonly string[], call: CallOptions) => Promise<object>;

const chores: Readonly<Record<string, Chore>> = {
  'people.provisioning': {
    cron: '* * * * *',
    description: 'Tries again to make login accounts that could not be made',
    run: ({ people }) => people.retryDue(),
  },
  'tokens.refresh': {
    cron: '*/5 * * * *',
    description: 'Renews tokens of integrations that end within ten minutes',
    run: async ({ tokens }, call, hand) => hand('token.refresh', await tokens.due(), call),
  },
  'tokens.health': {
    cron: '40 * * * *',
    description: 'Asks providers whether credentials work that nobody asked for a day',
    run: async ({ tokens }, call, hand) => hand('token.health', await tokens.unseen(), call),
  },
  'tokens.cleanup': {
    cron: '40 2 * * *',
    description: 'Deletes old journals of connecting and refreshing',
    run: async ({ tokens }) => ({ deleted: await tokens.cleanup() }),
  },
  'keys.rotation': {
    cron: '50 2 * * *',
    description: 'Makes the next data key where one is a month old',
    run: async ({ keys }, call) => {
      const { done, failed } = await keys.rotateDue({ ...call, reason: 'its month is over' });
      return { rotated: done.length, failed: failed.map(({ error }) => error.code) };
    },
  },
  'compliance.drift': {
    cron: '*/15 * * * *',
    description: 'Tries the controls of every organization with a framework, and keeps the evidence',
    run: ({ compliance }, call) => compliance.verifyAll(call),
  },
  'compliance.disabling': {
    cron: '*/15 * * * *',
    description:
      'Takes frameworks out of force that two people wanted to end, a day after they were asked for',
    run: async ({ compliance }, call) => ({ disabled: await compliance.disableDue(call) }),
  },
  'compliance.agreements': {
    cron: '0 6 * * *',
    description: 'Tells administrators of business associate agreements that end within 60 days',
    run: ({ compliance }, call) => compliance.baa.tellDue(call),
  },
  'mail.delivery': {
    cron: '* * * * *',
    description: 'Sends mail that was put off',
    run: ({ mail }) => mail.sendDue(),
  },
  'invitations.expiry': {
    cron: '10 2 * * *',
    description: 'Writes down which invitations have run out',
    run: async ({ invitations }, call) => ({ expired: (await invitations.expire(undefined, call)).length }),
  },
  'invitations.reminders': {
    cron: '*/15 * * * *',
    description: 'Sends invitations again that nobody has answered for three days',
    run: async ({ invitations }, call) => {
      const { done, failed } = await invitations.remindDue(call);
      return { sent: done.length, failed: failed.map(({ error }) => error.code) };
    },
  },
  'invitations.guests': {
    cron: '20 2 * * *',
    description: 'Ends the access of guests whose time has come',
    run: async ({ invitations }, call) => {
      const { done, failed } = await invitations.endGuests(call);
      return { done: done.length, failed: failed.map(({ error }) => error.code) };
    },
  },
  'sync.conflicts': {
    cron: '*/5 * * * *',
    description: 'Leaves conflicts with the server that nobody decided in time',
    run: resolveDue,
  },
  'documents.seal': {
    cron: '10 3 * * *',
    description: 'Seals values that were written before their field was sealed',
    run: sealAll,
  },
  'sync.compaction': {
    cron: '30 3 * * *',
    description: 'Forgets changes and tombstones that are older than they are kept',
    run: compactAll,
  },
  'audit.checkpoints': {
    cron: '* * * * *',
    description:
      'Signs checkpoints of trails with 1,000 new entries, or with any and a checkpoint of five minutes',
    run: async ({ audit }, call) => {
      const { signed, refused } = await audit.checkpoint({ due: true }, call);
      return { signed, refused };
    },
  },
  'audit.verification': {
    cron: '20 3 * * *',
    description:
      'Reads again what was added to trails since the day before, and compares it with checkpoints',
    run: verifyTrails,
  },
  'audit.seal': {
    cron: '*/15 * * * *',
    description: 'Seals what is signed into the archive, where there is one',
    run: async ({ audit }, call) => {
      if (!audit.hasArchive) return { segments: 0, failed: [] };
      const { segments, failed } = await audit.seal({}, call);
      return {
        segments,
        failed: failed.map(({ organization, error }) => ({
          organization,
          code: asDartwingError(error).code,
        })),
      };
    },
  },
  'tenancy.purge': {
    cron: '30 2 * * *',
    description: 'Deletes dissolved organizations whose purge date has come',
    run: purgeDue,
  },
  'retention.run': {
    cron: '50 3 * * *',
    description: 'Disposes of documents that were kept as long as their organization says',
    run: ({ privacy }, call) => privacy.retention.runAll({ ...call, reason: 'its time is over' }),
  },
  'privacy.ledger': {
    cron: '*/5 * * * *',
    description: 'Writes erasures to their ledger beside the archive, where there is one',
    run: ({ privacy }, call) => privacy.ledger.write(call),
  },
  'realtime.sweep': {
    cron: '50 * * * *',
    description: 'Deletes events that no server was there to send',
    run: async ({ realtime }) => ({ deleted: await realtime.sweep() }),
  },
  'tenancy.reconciliation': {
    cron: '0 4 * * *',
    description: 'Looks for broken links, missing supervisors and orphaned grants',
    run: async ({ tenancy }, call) => (await tenancy.verify(undefined, call)).summary,
  },
};

/**
 * What was added since the night before, with some hours more, so that nothing stays unread because a run was late. All
 * of it on Sundays, and for as long as the run before found a fault.
 */
async function verifyTrails(
  { audit, jobs }: Dartwing,
  call: CallOptions,
  _: HandOut,
  now: Date,
): Promise<unknown> {
  const { last_outcome: last } = await jobs.schedules.show('audit.verification', call);
  const isAll = now.getUTCDay() === 0 || last === null || (last as { broken?: number }).broken !== 0;
  const from = isAll ? undefined : new Date(now.getTime() - limits.trailsVerifiedMs);
  const { summary, findings } = await audit.verify({ from }, call);
  const faults = findings.filter(({ severity }) => severity === 'fail').slice(0, limits.alertNamedMax);
  return {
    entries: summary.entries,
    broken: summary.fail,
    faults: faults.map(({ organization, id, seq }) => ({ organization, id, seq })),
  };
}

/** One after another, each by itself: what one refuses keeps no other back. */
async function purgeDue({ tenancy }: Dartwing, call: CallOptions): Promise<unknown> {
  const outcome = { purged: 0, refused: [] as { slug: string; code: string }[] };
  for (const slug of await tenancy.listPurgeable(call)) {
    await tenancy.purge(slug, { ...call, reason: 'its purge date has come' }).then(
      () => {
        outcome.purged += 1;
      },
      (error: unknown) => outcome.refused.push({ slug, code: asDartwingError(error).code }),
    );
  }
  return outcome;
}

/** In rounds of one transaction each; what is left when there are too many, the next tick takes. */
async function resolveDue({ sync }: Dartwing, call: CallOptions): Promise<unknown> {
  let resolved = 0;
  for (let round = 0; round < limits.conflictRoundsMax; round++) {
    const count = await sync.conflicts.resolveDue(call);
    resolved += count;
    if (count < limits.conflictRoundMax) break;
  }
  return { resolved };
}

/** In rounds of one transaction each, until nothing is left. */
async function sealAll({ documents, tenancy }: Dartwing, call: CallOptions): Promise<unknown> {
  const outcome = { sealed: 0, refused: [] as { org: string; code: string }[] };
  const sealOne = async (org: string) => {
    for (let round = 0; round < limits.sealRoundsMax; round++) {
      const count = await documents.seal(org, call);
      outcome.sealed += count;
      if (count === 0) return;
    }
  };
  for (let offset = 0; ; offset += limits.pageMax) {
    const { items } = await tenancy.list({ limit: limits.pageMax, offset }, call);
    for (const { id } of items)
      await sealOne(id).catch((error: unknown) =>
        outcome.refused.push({ org: id, code: asDartwingError(error).code }),
      );
    if (items.length < limits.pageMax) return outcome;
  }
}

/** One organization after another, each in a transaction of its own: what one refuses keeps no other back. */
async function compactAll({ sync, tenancy }: Dartwing, call: CallOptions): Promise<unknown> {
  const outcome = {
    changes: 0,
    tombstones: 0,
    operations: 0,
    refused: [] as { org: string; code: string }[],
  };
  for (let offset = 0; ; offset += limits.pageMax) {
    const { items } = await tenancy.list({ limit: limits.pageMax, offset }, call);
    for (const { id } of items) {
      await sync.compact(id, undefined, call).then(
        ({ changes, tombstones, operations }) => {
          outcome.changes += changes;
          outcome.tombstones += tombstones;
          outcome.operations += operations;
        },
        (error: unknown) => outcome.refused.push({ org: id, code: asDartwingError(error).code }),
      );
    }
    if (items.length < limits.pageMax) return outcome;
  }
}

/** Adds the schedules, and the types of the jobs that some of them hand out. */
export function addSystemSchedules(
  jobs: Pick<Dartwing['jobs'], 'define' | 'submit' | 'schedules'>,
  clock: Clock,
  /** Asked for when something is due, since the rooms are made when they are used. */
  dartwing: () => Dartwing,
): void {
  jobs.define('token.refresh', {
    queue: 'critical',
    description: 'Renews what ends soon in one organization',
    handler: (_, { organization, traceparent }) =>
      dartwing().tokens.refreshDue(organization, { traceparent }),
  });
  jobs.define('token.health', {
    queue: 'bulk',
    description: 'Asks the providers of one organization whether its credentials work',
    handler: async (_, { organization, traceparent }) => {
      const call: CallOptions = { principal: { type: 'system', id: 'tokens' }, via: 'system', traceparent };
      const { checked, findings } = await dartwing().tokens.health(organization, undefined, call);
      return { checked, findings: findings.length };
    },
  });
  jobs.define(deliveryJob, {
    queue: 'default',
    description: 'Hands what a service sent to those who want to know',
    input: z.strictObject({ delivery: z.uuid() }),
    handler: ({ delivery }, job) => dartwing().tokens.webhooks.handle(delivery, job),
  });
  const hand: HandOut = async (type, organizations, call) => {
    const now = clock.now().getTime();
    const outcome = { jobs: 0, refused: [] as { organization: string; code: string }[] };
    for (const [index, organization] of organizations.entries()) {
      const runAt = new Date(now + Math.floor((index * limits.tokenSpreadMs) / organizations.length));
      await jobs.submit(organization, type, {}, { ifNotExists: true, runAt }, call).then(
        () => {
          outcome.jobs += 1;
        },
        (error: unknown) => outcome.refused.push({ organization, code: asDartwingError(error).code }),
      );
    }
    return outcome;
  };
  for (const [name, { cron, description, run }] of Object.entries(chores)) {
    const call: CallOptions = { principal: { type: 'system', id: `schedule ${name}` }, via: 'system' };
    jobs.schedules.define(name, {
      cron,
      description,
      run: () => run(dartwing(), call, hand, clock.now()),
    });
  }
}
