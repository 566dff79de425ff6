/**
 * Where documents lie, as data: lists, batches and explanations are composed from these names and never from input.
 * `indexes` are those without which a list over all organizations reads whole tables; doctor looks for them.
 */
export interface RecordSource {
  table: string;
  /** Column with the id of the organization. */
  organization: string;
  /** Column with the name of the document. */
  key: string;
  /** Another unique column by which people call it. */
  alias?: string;
  /** Column with the id of the person it belongs to. */
  owner?: string;
  /** Column that lists are sorted by, newest first. */
  recent?: string;
  /** First columns of the indexes that must be there. */
  indexes: readonly (readonly string[])[];
}

const concrete = (table: string): RecordSource => ({
  table,
  organization: 'organization',
  key: 'name',
  indexes: [['organization']],
});

/** Sources by doctype. */
export const recordSources: ReadonlyMap<string, RecordSource> = new Map(
  Object.entries({
    Organization: {
      table: 'organization',
      organization: 'id',
      key: 'id',
      alias: 'slug',
      recent: 'modified_at',
      indexes: [['id'], ['slug']],
    },
    'Org Member': {
      table: 'org_member',
      organization: 'organization',
      key: 'id',
      owner: 'person',
      recent: 'modified_at',
      indexes: [
        ['organization', 'person'],
        ['organization', 'status'],
        ['organization', 'modified_at', 'id'],
        ['person'],
      ],
    },
    Equipment: {
      table: 'equipment',
      organization: 'organization',
      key: 'id',
      owner: 'assigned_to',
      recent: 'modified_at',
      indexes: [['organization', 'id'], ['assigned_to']],
    },
    Family: concrete('family'),
    Company: concrete('company'),
    Nonprofit: concrete('nonprofit'),
    Association: concrete('association'),
  } satisfies Record<string, RecordSource>),
);

/** Indexes of the tables that rights and memberships are read from. */
export const rightsIndexes: readonly { table: string; columns: readonly string[] }[] = [
  { table: 'permission_grant', columns: ['organization', 'user_name', 'allow', 'for_value'] },
  { table: 'permission_grant', columns: ['user_name'] },
  { table: 'user_account', columns: ['person'] },
  { table: 'access_version', columns: ['holder'] },
  // Pages of members, the latest first.
  { table: 'org_member', columns: ['organization', 'start_date', 'id'] },
  { table: 'permission_event', columns: ['id'] },
];
