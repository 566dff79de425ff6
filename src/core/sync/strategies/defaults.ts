/** The rules that hold where nobody wrote others (requirements §10.5). */
import type { ConflictRules } from './rules.js';

const table: Readonly<Record<string, ConflictRules>> = {
  Organization: { strategy: 'server_wins' },
  Person: { strategy: 'server_wins' },
  'Org Member': { strategy: 'server_wins' },
  File: { strategy: 'server_wins' },
  Task: {
    strategy: 'field_level',
    server: ['status', 'assigned_to', 'priority', 'due_date'],
    client: ['notes', 'description'],
    text: ['notes', 'description'],
    overrides: ['field_level', 'three_way', 'server_wins', 'manual_resolve'],
  },
  'Calendar Event': {
    strategy: 'manual_resolve',
    auto_merge: ['notes'],
    text: ['notes'],
    overrides: ['manual_resolve', 'three_way', 'server_wins'],
  },
  Notification: {
    strategy: 'client_wins',
    client: ['read_state', 'dismissed'],
    // A notice is written by the server; its reader only says that it was read.
    unlisted: 'server',
  },
  Comment: { strategy: 'append_only' },
  Equipment: {
    strategy: 'field_level',
    server: ['assigned_to', 'current_location', 'status'],
    client: ['notes'],
    text: ['notes'],
    locked: ['assigned_to', 'current_location', 'status'],
    overrides: ['field_level', 'server_wins', 'manual_resolve'],
  },
};

const elsewhere: ConflictRules = {
  strategy: 'server_wins',
  overrides: [
    'server_wins',
    'manual_resolve',
    'three_way',
    'field_level',
    'client_wins',
    'last_write_wins',
    'append_only',
  ],
};

/** The rules of a doctype that declares none. */
export function defaultRules(doctype: string): ConflictRules {
  return (Object.hasOwn(table, doctype) ? table[doctype] : undefined) ?? elsewhere;
}
