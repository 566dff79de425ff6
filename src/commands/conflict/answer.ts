/** Conflicts as tables and as a view of three sides. */
import type { ConflictDocument } from '../../core/index.js';
import { scalarText } from '../document-path.js';
import type { TableView } from '../spec.js';
import { escapeControls } from '../ui/width.js';

/** Columns of conflicts. */
export const conflictTable: TableView = {
  columns: [
    { header: 'id', path: 'id' },
    { header: 'entity', path: 'entity' },
    { header: 'row', path: 'row' },
    { header: 'rule', path: 'rule' },
    { header: 'state', path: 'status.state' },
    { header: 'decision', path: 'status.decision' },
    { header: 'by', path: 'by' },
    { header: 'opened', path: 'opened_at' },
  ],
};

const valueCharsMax = 60;

/** What each side says of the contested fields, below each other. */
export function threeWay(conflict: ConflictDocument): string {
  const {
    id,
    entity,
    row,
    rule,
    status,
    server_version: serverVersion,
    base_version: baseVersion,
  } = conflict;
  const end =
    status.decision === null ? `open until ${status.auto_at}` : `${status.state}: ${status.decision}`;
  const lines = [
    `${id}  ${entity} ${row}`,
    `  Rule    ${rule}, ${end}`,
    `  Edited  by ${conflict.by} on ${conflict.device ?? 'no device'}`,
  ];
  for (const field of conflict.fields) {
    lines.push(`  ${field}`);
    lines.push(`    base    ${shown(conflict.base, field)}  (version ${baseVersion})`);
    lines.push(`    server  ${shown(conflict.server, field)}  (version ${serverVersion})`);
    lines.push(`    client  ${conflict.op === 'delete' ? 'deletes it' : shown(conflict.client, field)}`);
  }
  return lines.map(escapeControls).join('\n');
}

function shown(side: Readonly<Record<string, unknown>> | null, field: string): string {
  if (side === null) return 'not there';
  const text = scalarText(side[field] ?? null) || 'empty';
  return text.length > valueCharsMax ? `${text.slice(0, valueCharsMax)}…` : text;
}
