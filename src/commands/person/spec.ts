import { pageFlags } from '../flags.js';
import type { ArgumentSpec, FlagSpec, NounSpec } from '../spec.js';

const person: ArgumentSpec = {
  name: 'person',
  summary: 'E-mail address or id: ana@acme.test, PERSON-2026-00007',
  required: true,
};
const states = ['active', 'inactive', 'merged'] as const;
const sources = ['signup', 'invite', 'import'] as const;
const facts: readonly FlagSpec[] = [
  { name: 'mobile', value: 'phone', summary: 'Phone number; without country code one of the United States' },
  { name: 'external-id', value: 'id', summary: 'Id at the identity provider' },
  { name: 'user', value: 'name', summary: 'Login account to make or link' },
];

export const personSpec: NounSpec = {
  name: 'person',
  aliases: ['persons', 'people'],
  group: 'Tenancy',
  summary: 'Persons: one human across organizations',
  verbs: [
    {
      name: 'create',
      summary: 'Create a person',
      description:
        'E-mail address, identity provider id and login account are unique. A minor may be made at once and is ' +
        'locked until a guardian has consented.',
      arguments: [{ name: 'email', summary: 'Unique address: ana@acme.test', required: true }],
      flags: [
        {
          name: 'name',
          value: 'text',
          summary: 'First name and last name; the first word is the first name',
        },
        { name: 'first-name', value: 'text', summary: 'First name, where --name would part it wrongly' },
        { name: 'last-name', value: 'text', summary: 'Last name' },
        ...facts,
        {
          name: 'source',
          value: 'source',
          choices: sources,
          summary: 'Where the person comes from; import unless told',
        },
        { name: 'minor', summary: 'Not of age: locked until consent is captured' },
        { name: 'if-not-exists', summary: 'Accept who exists with the same values' },
      ],
      examples: [
        {
          command: 'dartwing person create ana@acme.test --name "Ana Lima"',
          note: 'A person without account',
        },
        {
          command: 'dartwing person create kim@acme.test --name "Kim Ro" --minor --if-not-exists',
          note: 'A minor, repeatable',
        },
      ],
      output: ['Change'],
      danger: 'mild',
      mutates: true,
      exits: { 5: 'an identity is taken, or the person exists with other values' },
      seeAlso: ['person consent', 'member add'],
      load: () => import('./create.js'),
    },
    {
      name: 'list',
      summary: 'List persons; merged ones only when asked for',
      flags: [
        { name: 'state', value: 'state', choices: states, summary: 'Only in this state' },
        { name: 'source', value: 'source', choices: sources, summary: 'Only from there' },
        { name: 'email', value: 'email', summary: 'Only the person of this address' },
        { name: 'filter', value: 'key=value', repeat: true, summary: 'state, source, email or search' },
        {
          name: 'sort',
          value: 'column',
          summary: 'id, email, name, created_at or modified_at; - in front for descending',
        },
        ...pageFlags(500),
      ],
      examples: [
        { command: 'dartwing person list --filter search=lima', note: 'By name, address or phone number' },
        {
          command: 'dartwing person list --state inactive --field primary_email',
          note: 'Addresses, one per line',
        },
      ],
      output: ['PersonList'],
      danger: 'none',
      mutates: false,
      load: () => import('./list.js'),
    },
    {
      name: 'show',
      summary: 'Show a person',
      arguments: [person],
      flags: [{ name: 'with', value: 'parts', summary: 'Also organizations; comma-separated' }],
      examples: [
        { command: 'dartwing person show ana@acme.test --with organizations', note: 'And where they belong' },
        { command: 'dartwing person show ana@acme.test --field id', note: 'One value' },
      ],
      output: ['Person'],
      danger: 'none',
      mutates: false,
      exits: { 3: 'there is none' },
      load: () => import('./show.js'),
    },
    {
      name: 'update',
      summary: 'Change names, address, phone number, state or identities',
      arguments: [person],
      flags: [
        { name: 'email', value: 'email', summary: 'New address; memberships and account follow' },
        { name: 'first-name', value: 'text', summary: 'First name' },
        { name: 'last-name', value: 'text', summary: 'Last name' },
        ...facts,
        { name: 'personal-org', value: 'org', summary: 'Personal organization; none takes it away' },
        {
          name: 'state',
          value: 'state',
          choices: ['active', 'inactive'],
          summary: 'Inactive persons cannot sign in',
        },
        { name: 'if-version', value: 'n', summary: 'Only when it is still at this version' },
      ],
      examples: [
        {
          command: 'dartwing person update ana@acme.test --mobile "415 555 2671"',
          note: 'Kept as +14155552671',
        },
        { command: 'dartwing person update ana@acme.test --state inactive', note: 'Instead of deleting' },
      ],
      output: ['Change'],
      danger: 'mild',
      mutates: true,
      exits: { 3: 'there is none', 5: 'an identity is taken, the version moved, or they were merged' },
      load: () => import('./update.js'),
    },
    {
      name: 'delete',
      summary: 'Delete a person whom nothing names',
      arguments: [person],
      examples: [
        { command: 'dartwing person delete typo@acme.test --yes', note: 'Refused while memberships exist' },
        { command: 'dartwing person delete typo@acme.test --dry-run', note: 'Whether it could be done' },
      ],
      output: ['Change'],
      danger: 'moderate',
      mutates: true,
      exits: { 3: 'there is none', 5: 'something names them' },
      seeAlso: ['person update', 'person merge'],
      load: () => import('./delete.js'),
    },
    {
      name: 'duplicates',
      summary: 'Find persons who may be one human',
      description: 'The same mailbox (dots and +tags aside), or the same name and phone number.',
      flags: pageFlags(500),
      examples: [
        { command: 'dartwing person duplicates', note: 'Groups to look at' },
        { command: 'dartwing person duplicates --limit 500 --json', note: 'For a program' },
      ],
      output: ['DuplicateList'],
      danger: 'none',
      mutates: false,
      seeAlso: ['person merge'],
      load: () => import('./duplicates.js'),
    },
    {
      name: 'merge',
      summary: 'Merge two records of one human; the second becomes a trace',
      description:
        'Memberships, places in organizations, equipment and the sign-in go to the person who is kept. Where both ' +
        'were members, the better terms count. It cannot be undone.',
      arguments: [
        { name: 'keep', summary: 'The person who stays', required: true },
        { name: 'drop', summary: 'The person who is merged', required: true },
      ],
      flags: [{ name: 'notes', value: 'text', summary: 'Kept in the merge log; the reason unless told' }],
      examples: [
        {
          command: 'dartwing person merge ana@acme.test a.lima@acme.test --reason "same human" --yes',
          note: 'In a script',
        },
        {
          command: 'dartwing person merge ana@acme.test a.lima@acme.test --reason "same human" --dry-run',
          note: 'What would move',
        },
      ],
      output: ['Change'],
      danger: 'moderate',
      mutates: true,
      needsReason: true,
      exits: { 3: 'one of them is unknown', 5: 'one of them was merged already' },
      seeAlso: ['person duplicates'],
      load: () => import('./merge.js'),
    },
    {
      name: 'consent',
      summary: 'Capture the consent of a guardian for a minor',
      arguments: [person],
      flags: [{ name: 'guardian', value: 'person', summary: 'Who consents: e-mail address or id' }],
      examples: [
        {
          command: 'dartwing person consent kim@acme.test --guardian ana@acme.test',
          note: 'Unlocks the record',
        },
        {
          command: 'dartwing person consent kim@acme.test --guardian ana@acme.test --reason "form of 3 May"',
          note: 'With the evidence in the audit trail',
        },
      ],
      output: ['Change'],
      danger: 'mild',
      mutates: true,
      exits: { 3: 'one of them is unknown', 5: 'they were merged' },
      load: () => import('./consent.js'),
    },
    {
      name: 'export',
      summary: 'Write everything that is kept about a person to a folder',
      description:
        'Of every organization: the person and memberships, documents that are about the person, consents, jobs. A file ' +
        'for each kind as JSON lines, a manifest with counts and SHA-256, and a page that explains them.',
      arguments: [person],
      flags: [
        { name: 'to', value: 'dir', summary: 'Folder to make' },
        {
          name: 'encrypt-to',
          value: 'key',
          repeat: true,
          summary: 'Encrypt for this public key of age (age1…); several may open it',
        },
      ],
      examples: [
        { command: 'dartwing person export ana@acme.test --to ana-data', note: 'What Art. 15 GDPR asks for' },
        {
          command: 'dartwing person export ana@acme.test --to ana-data --reason "Request of 3 May" --json',
          note: 'With the request in the trail',
        },
      ],
      output: ['Operation'],
      danger: 'none',
      mutates: false,
      long: true,
      exits: { 3: 'no such person', 5: 'the folder is not empty' },
      seeAlso: ['person erase'],
      load: () => import('./export.js'),
    },
    {
      name: 'erase',
      summary: 'Erase everything that is kept about a person, for good',
      description:
        'Memberships end, documents about the person go, devices are told to let go; rows that others need keep the id ' +
        'alone. What the trails hold of the person becomes unreadable, and every chain stays valid.',
      arguments: [person],
      examples: [
        {
          command: 'dartwing person erase ana@acme.test --reason "Request of 3 May" --confirm ana@acme.test',
          note: 'What Art. 17 GDPR asks for',
        },
        {
          command: 'dartwing person erase ana@acme.test --reason test --dry-run',
          note: 'What would go, and what stands in the way',
        },
      ],
      output: ['Change'],
      danger: 'severe',
      mutates: true,
      needsReason: true,
      long: true,
      exits: {
        3: 'no such person',
        5: 'legal hold, last supervisor, equipment, jobs that have not ended, or erased already',
      },
      seeAlso: ['person export'],
      load: () => import('./erase.js'),
    },
    {
      name: 'replay',
      summary: 'Erase again whom a database has that was put back from a backup',
      description:
        'The ledger of erasures beside the archive names who was erased since. Servers and workers do not start before it is ' +
        'done (ERASURES_PENDING). Run audit restore before it: what is written anew takes the place of what the archive has. What keeps an erasure back keeps this one back too, and is told for each person.',
      examples: [
        {
          command: 'dartwing person replay --reason "backup of 3 May" --dry-run',
          note: 'Whom, and what stands in the way',
        },
        { command: 'dartwing person replay --reason "backup of 3 May" --confirm again', note: 'In a script' },
      ],
      output: ['Bulk'],
      danger: 'severe',
      mutates: true,
      needsReason: true,
      long: true,
      exits: {
        5: 'there is no archive, or something keeps the only one back',
        8: 'some are left as they were',
      },
      seeAlso: ['person erase', 'audit restore'],
      load: () => import('./replay.js'),
    },
    {
      name: 'restrict',
      summary: 'Keep what an organization has of a person, and let nobody change it',
      description:
        'Documents about the person are neither changed, added nor deleted, online or by devices, and retention passes ' +
        'them by, until person release. The record of the person, which serves all organizations, is changed by that ' +
        'person alone, and neither deleted, merged nor erased.',
      arguments: [person],
      examples: [
        {
          command: 'dartwing person restrict ana@acme.test --org acme --reason "She disputes an entry"',
          note: 'GDPR Art. 18',
        },
        {
          command: 'dartwing person restrict PERSON-2026-00007 --org acme --reason claim --dry-run',
          note: 'What would change',
        },
      ],
      output: ['Change'],
      danger: 'mild',
      mutates: true,
      needsReason: true,
      exits: { 3: 'no such person or organization' },
      seeAlso: ['person release', 'person erase'],
      load: () => import('./restrict.js'),
    },
    {
      name: 'release',
      summary: 'Lift a restriction of processing',
      arguments: [person],
      examples: [
        {
          command: 'dartwing person release ana@acme.test --org acme --reason "The entry is corrected"',
          note: 'Documents may be changed again',
        },
        {
          command: 'dartwing person release PERSON-2026-00007 --org acme --reason settled --json',
          note: 'For a program',
        },
      ],
      output: ['Change'],
      danger: 'mild',
      mutates: true,
      needsReason: true,
      exits: { 3: 'no such person or organization, or nothing is restricted' },
      seeAlso: ['person restrict'],
      load: () => import('./release.js'),
    },
    {
      name: 'password',
      summary: 'Give a person a password, where lite mode is on',
      description:
        'At least 12 characters of three kinds: lower case, upper case, digits, other signs; asked for without echo. ' +
        'Sessions of the former password end.',
      arguments: [person],
      flags: [{ name: 'password-file', value: 'file', summary: 'File with the password; - for stdin' }],
      examples: [
        { command: 'dartwing person password ana@acme.test', note: 'Asks twice' },
        {
          command: 'pass show acme/ana | dartwing person password ana@acme.test --password-file -',
          note: 'From a password store',
        },
      ],
      output: ['Change'],
      danger: 'mild',
      mutates: true,
      exits: { 3: 'there is none', 5: 'lite mode is off' },
      seeAlso: ['profile login', 'person reset'],
      load: () => import('./password.js'),
    },
    {
      name: 'reset',
      summary: 'Mail a person a token for a new password, where lite mode is on',
      description: 'The token opens once, within an hour. The second factor stays as it is.',
      arguments: [person],
      examples: [
        { command: 'dartwing person reset ana@acme.test', note: 'Needs a mail server: smtp_url' },
        {
          command: 'dartwing person reset ana@acme.test --field after.mail',
          note: 'queued, no_transport, no_organization or asked_a_moment_ago',
        },
      ],
      output: ['Change'],
      danger: 'mild',
      mutates: true,
      exits: { 3: 'there is none', 5: 'lite mode is off' },
      seeAlso: ['profile password', 'person password'],
      load: () => import('./reset.js'),
    },
    {
      name: 'unlock',
      summary: 'Take away the second factor and the waits of a person',
      description:
        'For somebody who lost the app and the recovery codes. Make sure of who asks: a thief would too.',
      arguments: [person],
      examples: [
        { command: 'dartwing person unlock ana@acme.test --reason "lost the phone"', note: 'Asks first' },
        {
          command: 'dartwing person unlock ana@acme.test --reason "lost the phone" --yes',
          note: 'Without a question',
        },
      ],
      output: ['Change'],
      danger: 'moderate',
      mutates: true,
      needsReason: true,
      exits: { 3: 'there is none', 5: 'lite mode is off' },
      load: () => import('./unlock.js'),
    },
    {
      name: 'verify',
      summary: 'Have the owner of an address prove it',
      description:
        'Mails a link to the address; whoever opens it proves the address. It happens by itself when an address is ' +
        'changed. With --token-file it takes the token of such a link instead.',
      arguments: [{ ...person, required: false }],
      flags: [{ name: 'token-file', value: 'file', summary: 'File with a mailed token; - for stdin' }],
      examples: [
        { command: 'dartwing person verify ana@acme.test', note: 'Mail the link once more' },
        { command: 'dartwing person verify --token-file - < token.txt', note: 'Take the token of a link' },
      ],
      output: ['Change'],
      danger: 'mild',
      mutates: true,
      exits: { 3: 'there is none', 5: 'the token is not valid, or they were merged' },
      seeAlso: ['person update'],
      load: () => import('./verify.js'),
    },
    {
      name: 'sync',
      summary: 'Try again to make the login account',
      description:
        'Refused when there is nothing to do. Retries that are due are made by retryDue() of the library.',
      arguments: [person],
      examples: [
        { command: 'dartwing person sync ana@acme.test', note: 'After the identity provider is back' },
        {
          command: 'dartwing person sync PERSON-2026-00007 --field after.user_sync_status',
          note: 'synced, pending or failed',
        },
      ],
      output: ['Change'],
      danger: 'mild',
      mutates: true,
      exits: { 3: 'there is none', 5: 'they were merged' },
      load: () => import('./sync.js'),
    },
  ],
};
