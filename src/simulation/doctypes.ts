/** The doctypes of random histories. */
import type { DefinitionInput } from '../core/documents/index.js';

const fieldsOf = [
  { name: 'title', type: 'Data' as const },
  { name: 'state', type: 'Data' as const },
  { name: 'left', type: 'Data' as const },
  { name: 'right', type: 'Data' as const },
  { name: 'tags', type: 'Tags' as const },
  { name: 'tally', type: 'Int' as const },
];

/** One that clients name and one that the server names; titles that both changed wait for a person. */
export const randomDoctypes: readonly DefinitionInput[] = [
  {
    doctype: 'Sheet',
    module: 'test',
    naming: { rule: 'client' },
    permissions: { member: { allow: ['read', 'create', 'write', 'delete'] } },
    fields: fieldsOf,
    conflicts: {
      strategy: 'three_way',
      server: ['state'],
      client: ['left', 'right'],
      union: ['tags'],
      sum: ['tally'],
    },
  },
  {
    doctype: 'Ticket',
    module: 'test',
    naming: { rule: 'series', prefix: 'TKT' },
    permissions: { member: { allow: ['read', 'create', 'write', 'delete'] } },
    fields: [
      ...fieldsOf,
      { name: 'sheet', type: 'Link', options: 'Sheet' },
      { name: 'after', type: 'Link', options: 'Ticket' },
    ],
    conflicts: {
      strategy: 'field_level',
      server: ['title', 'state'],
      client: ['left'],
      union: ['tags'],
      sum: ['tally'],
    },
  },
];
