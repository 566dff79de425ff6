/** Entries for a trail to hold. */
import { stageAudit } from '../../src/core/audit/index.js';
import type { Dartwing } from '../../src/core/index.js';

/** Leaves as many entries in the trail of an organization. */
export async function write(
  { dartwing }: { dartwing: Dartwing },
  organization: string,
  count: number,
): Promise<void> {
  await dartwing.asOrg(organization, async (tx) => {
    for (let n = 0; n < count; n++)
      await stageAudit(tx, {
        action: 'update',
        actor: { type: 'person', id: 'PERSON-2026-00001' },
        via: 'http',
        ref: { doctype: 'Task', name: `task-${n}` },
        new: { n },
      });
  });
}
