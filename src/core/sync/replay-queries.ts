/** Statements about replays. */
import type { Tx } from '../db/index.js';

/** Notes what devices are to get once more; returns their names. */
export async function wantReplay(
  tx: Tx,
  organization: string,
  device: string | undefined,
  wanted: { after: number; upTo: number; doctypes: readonly string[] | undefined },
): Promise<string[]> {
  const text = `update sync_device set replay = replay + 1, replay_after = $3, replay_up_to = $4, replay_doctypes = $5
    where organization = $1 and ($2::text is null or device = $2) returning device`;
  const values = [organization, device ?? null, wanted.after, wanted.upTo, wanted.doctypes ?? null];
  return (await tx.query<{ device: string }>(text, values)).rows.map((row) => row.device).sort();
}
