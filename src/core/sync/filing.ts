/** Conflicts as they are filed. Pure. */
import type { Verdict } from './judge.js';
import type { ConflictEntry } from './push-queries.js';
import type { ConflictRules } from './strategies/index.js';

/** The id of a conflict: `CF-00042`. */
export function seriesOfConflict(number: string): string {
  return `CF-${number.padStart(5, '0')}`;
}

/** The record of a conflict, with everything that is needed to decide it or to decide it again. */
export function conflictEntry(
  verdict: Verdict,
  id: string,
  rulesOf: (doctype: string) => ConflictRules,
): ConflictEntry {
  const { item, conflict } = verdict;
  const { strategy, needsPerson, open, decisions, base, baseVersion, server, serverVersion, winner } =
    conflict!;
  const lost = Object.keys({ ...conflict!.lost.client, ...conflict!.lost.server });
  return {
    id,
    doctype: item.doctype.name,
    name: item.name,
    op: item.op,
    strategy,
    rules: rulesOf(item.doctype.name),
    status: needsPerson ? 'open' : 'auto',
    fields: needsPerson && open.length > 0 ? open : lost,
    decisions,
    base: base ?? null,
    base_version: baseVersion,
    server,
    server_version: serverVersion,
    client: item.op === 'delete' ? null : item.data,
    operation: item.id,
    decision: needsPerson || winner === 'nobody' ? (needsPerson ? null : 'server') : winner,
    resolution: needsPerson ? null : conflict!.deleted ? null : conflict!.document,
  };
}
