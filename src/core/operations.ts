/**
 * Long acts of operators that a worker does while nobody waits at a terminal: jobs of the organization that they are about,
 * with the rights of whoever asked. Each may be done again: it goes on where the run before stopped, or changes nothing.
 */
import { z } from 'zod';
import type { CallOptions } from './access/index.js';
import type { Dartwing } from './contract.js';
import type { JobContext } from './jobs/index.js';
import { limits } from './limits.js';

const reason = z.string().min(1).max(limits.reasonCharsMax).optional();

/** What each type takes besides its organization. */
export const operationInputs = {
  'operation.key_rotate': z.strictObject({
    reason,
    purpose: z.string().optional(),
    perSecond: z.number().positive().optional(),
  }),
  'operation.audit_verify': z.strictObject({ reason, sinceCheckpoint: z.boolean().optional() }),
  'operation.sync_compact': z.strictObject({ reason, keepDays: z.int().positive().optional() }),
  'operation.permission_rebuild': z.strictObject({ reason }),
} as const;

export type OperationType = keyof typeof operationInputs;
export type OperationInput<Type extends OperationType> = z.input<(typeof operationInputs)[Type]>;

type Run<Type extends OperationType> = (
  dartwing: Dartwing,
  input: z.output<(typeof operationInputs)[Type]>,
  job: JobContext,
  call: CallOptions,
) => Promise<unknown>;

const operations: {
  [Type in OperationType]: { description: string; permission: string; run: Run<Type> };
} = {
  'operation.key_rotate': {
    description: 'Makes new data keys of one organization and seals its values again with them',
    permission: 'Data Key:write',
    run: async ({ keys }, { purpose, perSecond }, { organization, signal, progress }, call) => {
      const onProgress = ({ purpose: of, done, total }: { purpose: string; done: number; total: number }) =>
        progress(total === 0 ? 100 : (done / total) * 100, `${done} of ${total} values of ${of}`);
      const options = { organization, purpose, perSecond, reseal: true, signal, onProgress };
      const { done, failed } = await keys.rotate(options, call);
      if (failed[0] !== undefined) throw failed[0].error;
      return { resealed: done.reduce((sum, { resealed }) => sum + resealed, 0), rotations: done.length };
    },
  },
  'operation.audit_verify': {
    description: 'Reads the trail of one organization again',
    permission: 'Audit Entry:read',
    run: async ({ audit }, { sinceCheckpoint = false }, { organization, signal, progress }, call) => {
      let entries = 0;
      const onProgress = (count: number) => {
        entries += count;
        progress(0, `${entries} entries`);
      };
      const options = { organizations: [organization], sinceCheckpoint, signal, onProgress };
      const { ok, findings, summary } = await audit.verify(options, call);
      return { ok, findings: findings.slice(0, limits.alertNamedMax), summary };
    },
  },
  'operation.sync_compact': {
    description: 'Forgets changes and tombstones of one organization that are older than they are kept',
    permission: 'Sync Client:compact',
    run: async ({ sync }, { keepDays }, { organization }, call) => sync.compact(organization, keepDays, call),
  },
  'operation.permission_rebuild': {
    description: 'Recomputes the grants of one organization from its memberships',
    permission: 'Permission Grant:rebuild',
    run: async ({ permissions }, _input, { organization }, call) => permissions.rebuild(organization, call),
  },
};

/** Adds the types of these jobs. */
export function addOperations(jobs: Pick<Dartwing['jobs'], 'define'>, dartwing: () => Dartwing): void {
  for (const type of Object.keys(operations) as OperationType[]) {
    const { description, permission, run } = operations[type] as {
      description: string;
      permission: string;
      run: Run<OperationType>;
    };
    jobs.define(type, {
      queue: 'bulk',
      description,
      permission,
      input: operationInputs[type],
      timeoutMs: limits.operationMs,
      handler: (input, job) => {
        const given = input as { reason?: string };
        const call: CallOptions = {
          principal: job.principal,
          via: 'job',
          reason: given.reason ?? `${type} ${job.id}`,
          traceparent: job.traceparent,
        };
        return run(dartwing(), input as never, job, call).catch((error: unknown) => {
          // Told to stop, it stopped: what is done is done, and the next attempt goes on.
          job.checkpoint();
          throw error;
        });
      },
    });
  }
}
