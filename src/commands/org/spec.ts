import { applyVerb } from '../apply/spec.js';
import { pageFlags } from '../flags.js';
import type { ArgumentSpec, NounSpec } from '../spec.js';

const organization: ArgumentSpec = {
  name: 'org',
  summary: 'Slug or id: acme, ORG-2026-00001',
  required: true,
  complete: 'organizations',
};
const optionalOrganization: ArgumentSpec = { ...organization, required: false };
const types = ['family', 'company', 'nonprofit', 'association', 'club'] as const;
const states = ['active', 'inactive', 'suspended', 'dissolved'] as const;
const tiers = ['free', 'pro', 'enterprise'] as const;

/** Ids of the findings that a repair mends; a test holds them equal to the core's. */
const mendable = [
  'organization.unlinked',
  'organization.concrete_missing',
  'organization.link_differs',
  'member.without_grant',
  'grant.without_member',
] as const;

export const orgSpec: NounSpec = {
  name: 'org',
  aliases: ['orgs', 'organization', 'organizations'],
  group: 'Tenancy',
  summary: 'Organizations: create, change, suspend, delete, reconcile',
  verbs: [
    {
      name: 'create',
      summary: 'Create an organization with its concrete record and owner',
      description:
        'All in one transaction: the organization, its Family, Company, Nonprofit or Association, the owner as a ' +
        'supervisor member and the grants. The type cannot be changed later. A club is an association of type Club.',
      arguments: [{ name: 'slug', summary: 'Unique handle: acme', required: true }],
      flags: [
        { name: 'type', value: 'type', summary: 'family, company, nonprofit, association or club' },
        { name: 'name', value: 'text', summary: 'Display name; the slug unless told' },
        { name: 'owner', value: 'email', summary: 'First supervisor; the person is made when unknown' },
        {
          name: 'role',
          value: 'role',
          complete: 'roles',
          summary: 'Role of the owner; the founding role of the type unless told',
        },
        {
          name: 'region',
          value: 'region',
          summary: 'Where its data live: us-east-1; cannot be changed later',
        },
        { name: 'tier', value: 'tier', summary: 'free, pro or enterprise', choices: tiers },
        {
          name: 'template',
          value: 'name',
          complete: 'templates',
          summary: 'Take type, tier, region and sign-in policy from a template; flags win',
        },
        {
          name: 'set',
          value: 'key=value',
          repeat: true,
          summary: 'A setting or concrete field: mfa_required=true, tax_id=12-3456789',
        },
        {
          name: 'file',
          short: 'f',
          value: 'file',
          summary: 'Take the values from an Org document; flags win',
        },
        { name: 'if-not-exists', summary: 'Accept it when it exists with the same values' },
      ],
      examples: [
        {
          command: 'dartwing org create acme --type company --owner ana@acme.test',
          note: 'A company and its first supervisor',
        },
        {
          command: 'dartwing org create tennis --type club --name "Tennis Club" --if-not-exists',
          note: 'Repeatable, for scripts',
        },
        { command: 'dartwing org create north --template clinic', note: 'With the policies of a clinic' },
        { command: 'dartwing org create acme --type company --dry-run --json', note: 'What would be made' },
      ],
      output: ['Change'],
      danger: 'mild',
      mutates: true,
      exits: { 5: 'it exists (with other values)' },
      seeAlso: ['apply', 'org show'],
      load: () => import('./create.js'),
    },
    {
      name: 'list',
      summary: 'List organizations',
      flags: [
        { name: 'state', value: 'state', choices: states, summary: 'Only in this state' },
        { name: 'type', value: 'type', choices: types, summary: 'Only of this type' },
        { name: 'tier', value: 'tier', choices: tiers, summary: 'Only of this tier' },
        { name: 'filter', value: 'key=value', repeat: true, summary: 'state, type, tier, region or search' },
        {
          name: 'sort',
          value: 'column',
          summary: 'slug, name, id, created_at or modified_at; - in front for descending',
        },
        ...pageFlags(500),
      ],
      examples: [
        { command: 'dartwing org list --state active --field slug', note: 'Slugs, one per line' },
        { command: 'dartwing org list --filter search=clinic --sort -created_at', note: 'Newest first' },
      ],
      output: ['OrgList'],
      danger: 'none',
      mutates: false,
      load: () => import('./list.js'),
    },
    {
      name: 'show',
      summary: 'Show an organization',
      arguments: [organization],
      flags: [{ name: 'with', value: 'parts', summary: 'Also members, usage, keys; comma-separated' }],
      examples: [
        { command: 'dartwing org show acme -o yaml --with members', note: 'The document that apply takes' },
        { command: 'dartwing org show acme --field id', note: 'One value' },
        {
          command: 'dartwing org show acme --with usage,keys --json',
          note: 'How much of everything there is',
        },
      ],
      output: ['Org'],
      danger: 'none',
      mutates: false,
      exits: { 3: 'there is none' },
      seeAlso: ['apply'],
      load: () => import('./show.js'),
    },
    {
      name: 'switch',
      summary: 'Choose the organization for the next commands',
      description: 'Kept in the current profile. Where CI is set the choice is ignored: scripts pass --org.',
      arguments: [optionalOrganization],
      flags: [{ name: 'clear', summary: 'Choose none' }],
      examples: [
        { command: 'dartwing org switch acme', note: 'Later commands work in acme' },
        { command: 'dartwing org switch --clear', note: 'Back to none' },
      ],
      output: ['Context'],
      danger: 'mild',
      mutates: true,
      exits: { 3: 'there is none' },
      load: () => import('./switch.js'),
    },
    {
      name: 'update',
      summary: 'Change settings or concrete fields',
      arguments: [organization],
      flags: [
        { name: 'name', value: 'text', summary: 'Display name' },
        { name: 'tier', value: 'tier', choices: tiers, summary: 'free, pro or enterprise' },
        {
          name: 'set',
          value: 'key=value',
          repeat: true,
          summary: 'legal_hold=true, session_timeout_minutes=15, company.tax_id=…',
        },
        { name: 'if-version', value: 'n', summary: 'Only when it is still at this version' },
      ],
      examples: [
        { command: 'dartwing org update acme --name "Acme Clinic"', note: 'Rename' },
        {
          command: 'dartwing org update acme --set mfa_required=true --if-version 7',
          note: 'Unless somebody was faster',
        },
      ],
      output: ['Change'],
      danger: 'mild',
      mutates: true,
      exits: { 3: 'there is none', 5: 'the version moved, or it is dissolved' },
      seeAlso: ['apply'],
      load: () => import('./update.js'),
    },
    {
      name: 'suspend',
      summary: 'Block sign-in, sync and new jobs; data are kept',
      arguments: [organization],
      flags: [{ name: 'until', value: 'time', summary: 'End by itself: +7d or 2026-12-01T00:00:00Z' }],
      examples: [
        { command: 'dartwing org suspend acme --reason "unpaid" --yes', note: 'Until restored' },
        {
          command: 'dartwing org suspend acme --until +7d --reason "investigation" --yes',
          note: 'For a week',
        },
      ],
      output: ['Change'],
      danger: 'moderate',
      mutates: true,
      needsReason: true,
      exits: { 3: 'there is none', 5: 'its state does not allow it' },
      seeAlso: ['org restore'],
      load: () => import('./suspend.js'),
    },
    {
      name: 'restore',
      summary: 'End a suspension or take back a deletion',
      arguments: [organization],
      examples: [
        { command: 'dartwing org restore acme --reason "paid"', note: 'After a suspension' },
        { command: 'dartwing org restore acme --reason "contract renewed"', note: 'Before the purge date' },
      ],
      output: ['Change'],
      danger: 'mild',
      mutates: true,
      needsReason: true,
      exits: { 3: 'there is none', 5: 'its state does not allow it' },
      load: () => import('./restore.js'),
    },
    {
      name: 'delete',
      aliases: ['dissolve'],
      summary: 'Dissolve an organization; data wait for the purge',
      description: 'Nobody can use it from now on. Until the purge date dartwing org restore takes it back.',
      arguments: [organization],
      flags: [{ name: 'purge-after', value: 'dur', summary: 'How long data wait, 30d unless told' }],
      examples: [
        { command: 'dartwing org delete acme --reason "contract ended" --confirm acme', note: 'In a script' },
        { command: 'dartwing org delete acme --reason "contract ended" --dry-run', note: 'What it would do' },
      ],
      output: ['Change'],
      danger: 'severe',
      mutates: true,
      needsReason: true,
      exits: { 3: 'there is none', 5: 'legal hold, or dissolved already' },
      seeAlso: ['org restore', 'org purge'],
      load: () => import('./delete.js'),
    },
    {
      name: 'purge',
      summary: 'Delete dissolved organizations for good',
      description:
        'Removes every row of a dissolved organization; its audit trail stays. There is no way back.',
      arguments: [optionalOrganization],
      flags: [{ name: 'due', summary: 'All whose purge date has come; confirm with --confirm due' }],
      examples: [
        {
          command: 'dartwing org purge acme --reason "erasure request" --confirm acme',
          note: 'One, before its date',
        },
        {
          command: 'dartwing org purge --due --reason "daily purge" --confirm due',
          note: 'From a scheduler',
        },
      ],
      output: ['Change', 'Bulk'],
      danger: 'severe',
      mutates: true,
      needsReason: true,
      exits: {
        3: 'there is none',
        5: 'not dissolved, legal hold or dependents',
        8: 'some could not be purged',
      },
      load: () => import('./purge.js'),
    },
    {
      name: 'export',
      summary: 'Write all rows of an organization to a folder',
      description:
        'One file a table and a manifest with counts and SHA-256, all from one moment: an export that was interrupted ' +
        'is removed, for it could only be finished from another.',
      arguments: [organization],
      flags: [
        { name: 'to', value: 'dir', summary: 'Folder to make; - writes one NDJSON stream to stdout' },
        { name: 'entities', value: 'a,b', summary: 'Only these tables: organization,org_member' },
        {
          name: 'format',
          value: 'form',
          choices: ['json', 'csv'],
          summary: 'json (a row a line) unless told',
        },
        {
          name: 'encrypt-to',
          value: 'key',
          repeat: true,
          summary: 'Encrypt for this public key of age (age1…); several may open it',
        },
      ],
      examples: [
        { command: 'dartwing org export acme --to acme-export', note: 'Into a new folder' },
        {
          command: 'dartwing org export acme --to out --entities org_member --format csv',
          note: 'Members, for a spreadsheet',
        },
        { command: 'dartwing org export acme --to - | gzip > acme.ndjson.gz', note: 'As a stream' },
      ],
      output: ['Operation', 'ExportRow'],
      danger: 'none',
      mutates: false,
      long: true,
      exits: { 3: 'there is none', 5: 'the folder is not empty' },
      load: () => import('./export.js'),
    },
    {
      ...applyVerb,
      name: 'apply',
      examples: [
        { command: 'dartwing org apply -f org.yaml', note: 'The same as dartwing apply' },
        {
          command: 'dartwing org apply -f orgs/ --dry-run --exit-code',
          note: '6 when it would change something',
        },
      ],
    },
    {
      name: 'verify',
      summary: 'Find organizations whose parts do not agree',
      description:
        'Links and concrete records, supervisors, members without grants and grants without members.',
      arguments: [optionalOrganization],
      flags: [{ name: 'all', summary: 'Every organization; so without a name' }],
      examples: [
        { command: 'dartwing org verify --all', note: 'Everything, 6 when something is wrong' },
        { command: 'dartwing org verify acme --json', note: 'One, for a program' },
      ],
      output: ['Report'],
      danger: 'none',
      mutates: false,
      long: true,
      exits: { 3: 'there is none', 6: 'something does not agree' },
      seeAlso: ['org repair'],
      load: () => import('./verify.js'),
    },
    {
      name: 'repair',
      summary: 'Mend what org verify finds',
      description:
        'What only people can decide, such as who supervises, is listed as failed and left as it is.',
      arguments: [optionalOrganization],
      flags: [
        { name: 'all', summary: 'Every organization; so without a name' },
        {
          name: 'fix',
          value: 'id',
          repeat: true,
          choices: mendable,
          summary: 'Mend only findings of this kind; several may be named',
        },
      ],
      examples: [
        { command: 'dartwing org repair acme --yes', note: 'One organization' },
        {
          command: 'dartwing org repair --all --fix member.without_grant --yes',
          note: 'Missing grants everywhere, nothing else',
        },
        { command: 'dartwing org repair --all --dry-run', note: 'What would be mended' },
      ],
      output: ['Bulk'],
      danger: 'moderate',
      mutates: true,
      long: true,
      exits: { 3: 'there is none', 8: 'something is left that only people can mend' },
      seeAlso: ['org verify'],
      load: () => import('./repair.js'),
    },
  ],
};
