import { detachFlag } from '../flags.js';
import type { FlagSpec, NounSpec } from '../spec.js';

const filters: readonly FlagSpec[] = [
  { name: 'actor', value: 'id', summary: 'Who did it' },
  { name: 'action', value: 'word', summary: 'What was done: create, member.*' },
  { name: 'ref', value: 'ref', summary: 'To what: Organization/ORG-2026-00001, or a doctype alone' },
  { name: 'phi', summary: 'Only entries that touch protected health information' },
  { name: 'text', value: 'words', summary: 'With --org: anywhere in the entry, whatever the case' },
  { name: 'since', value: 'time', summary: 'From then on: -2h, 2026-11-01' },
];

export const auditSpec: NounSpec = {
  name: 'audit',
  group: 'Trust',
  summary: 'The trail of who did what, and its verification',
  verbs: [
    {
      name: 'query',
      summary: 'List entries, newest first',
      description:
        'Reading the trail leaves an entry in it. --org SYSTEM is the trail of the installation itself.',
      flags: [
        ...filters,
        { name: 'until', value: 'time', summary: 'Up to then' },
        { name: 'limit', value: 'n', summary: 'Entries of a page, 100 unless told, at most 500' },
        { name: 'cursor', value: 'text', summary: 'Continue a list behind its last page' },
        { name: 'all', summary: 'Every entry, page by page' },
        { name: 'pager', summary: 'Show it page by page with $PAGER; only on a terminal' },
      ],
      examples: [
        { command: 'dartwing audit query --org acme --since -1d', note: 'The last day of one organization' },
        { command: 'dartwing audit query --actor root --action "member.*" --json', note: 'For a program' },
      ],
      output: ['AuditEntryList'],
      danger: 'none',
      mutates: false,
      seeAlso: ['audit tail', 'audit verify', 'audit prove'],
      load: () => import('./query.js'),
    },
    {
      name: 'tail',
      summary: 'Print entries as they come, oldest first',
      flags: [
        ...filters,
        { name: 'since-seq', value: 'n', summary: 'Begin behind this number of one organization' },
        { name: 'follow', summary: 'Go on until Ctrl-C' },
      ],
      examples: [
        { command: 'dartwing audit tail --follow', note: 'Everything from now on' },
        {
          command: 'dartwing audit tail --org acme --since -1h -o ndjson',
          note: 'The last hour, for a program',
        },
      ],
      output: ['AuditEntry'],
      danger: 'none',
      mutates: false,
      long: true,
      load: () => import('./tail.js'),
    },
    {
      name: 'verify',
      summary: 'Prove that no entry was changed, removed or added',
      description:
        'Reads every entry, recomputes hashes, chain and Merkle tree, compares them with every signed checkpoint, and names ' +
        'the first fault of each trail with its kind: change, deletion, insertion, reordering, truncation, fork, forgery. ' +
        'With --all also the log of all checkpoints, which knows trails that are gone with everything. --anchor compares ' +
        'with checkpoints that were kept outside of the database.',
      flags: [
        { name: 'all', summary: 'Every trail and the log over them; so without --org' },
        { name: 'since-checkpoint', summary: 'Only what is newer than the last signed checkpoint' },
        detachFlag,
        { name: 'from', value: 'time', summary: 'From the last checkpoint before then on: -1d' },
        { name: 'to', value: 'time', summary: 'Up to what was sequenced then' },
        {
          name: 'anchor',
          value: 'file',
          summary: 'Signed checkpoints from elsewhere, as audit checkpoint --to writes them',
          complete: 'files',
        },
        {
          name: 'offline',
          value: 'place',
          summary: 'From an archive alone: a folder, s3://bucket/prefix, or archive for the configured one',
        },
        {
          name: 'verifier',
          value: 'key',
          summary: 'With --offline: the key that must have signed',
          repeat: true,
        },
      ],
      examples: [
        { command: 'dartwing audit verify --all', note: 'Every organization, 6 on a fault' },
        { command: 'dartwing audit verify --org acme --json', note: 'One organization' },
        { command: 'dartwing audit verify --from -1d', note: 'Every night' },
        { command: 'dartwing audit verify --offline s3://acme-audit', note: 'Without the database' },
        {
          command: 'dartwing audit verify --all --anchor checkpoints.txt',
          note: 'Against a copy kept elsewhere',
        },
      ],
      output: ['Report', 'Operation'],
      danger: 'none',
      mutates: false,
      long: true,
      exits: { 3: 'there is no such organization', 6: 'a trail has a fault' },
      seeAlso: ['audit checkpoint', 'audit prove'],
      load: () => import('./verify.js'),
    },
    {
      name: 'checkpoint',
      summary: 'Sign how far trails have come, for keeping elsewhere',
      description:
        'A checkpoint is a signed note (C2SP) with the size and the root of a trail. Schedules sign them by themselves; ' +
        '--to writes the newest of every trail and of the log over them to a file, which belongs where nobody who ' +
        'administers the database can change it. --rotate announces and begins the next signing key.',
      flags: [
        {
          name: 'to',
          value: 'file',
          summary: 'Write the newest checkpoints there; - for stdout',
          complete: 'files',
        },
        { name: 'rotate', summary: 'Begin the next signing key; needs --reason' },
      ],
      examples: [
        { command: 'dartwing audit checkpoint', note: 'Sign what is new' },
        {
          command: 'dartwing audit checkpoint --to checkpoints.txt',
          note: 'For another machine, every hour',
        },
        { command: 'dartwing audit checkpoint --rotate --reason "yearly"', note: 'The next key' },
      ],
      output: ['AuditSigning', 'Change'],
      danger: 'mild',
      mutates: true,
      long: true,
      exits: { 5: 'the trail is not the one that was signed last', 6: 'a trail was refused' },
      seeAlso: ['audit verify'],
      load: () => import('./checkpoint.js'),
    },
    {
      name: 'export',
      summary: 'Write entries to a file, signed and encrypted if wanted',
      description:
        'One JSON document a line, oldest first. Beside it comes <file>.manifest.json with number, size and SHA-256, and with ' +
        '--sign a signed note over them. The export is itself in the trail.',
      flags: [
        { name: 'to', value: 'file', summary: 'Where to; it must not exist', complete: 'files' },
        ...filters,
        { name: 'until', value: 'time', summary: 'Up to then' },
        { name: 'sign', summary: 'Sign number and hash with the key of checkpoints' },
        {
          name: 'encrypt-to',
          value: 'key',
          summary: 'Encrypt for this public key of age (age1…)',
          repeat: true,
        },
      ],
      examples: [
        { command: 'dartwing audit export --org acme --to acme.ndjson --sign', note: 'For an auditor' },
        { command: 'dartwing audit export --since -30d --to month.ndjson --json', note: 'Every trail' },
      ],
      output: ['Operation'],
      danger: 'none',
      mutates: false,
      long: true,
      seeAlso: ['audit query', 'audit prove'],
      load: () => import('./export.js'),
    },
    {
      name: 'seal',
      summary: 'Write what is signed into the archive, and read it back',
      description:
        'Segments of up to 10,000 entries with a manifest each, to the bucket of audit_archive. It must have Object Lock and ' +
        'keep objects for seven years; a folder serves development and is not immutable. Can be stopped and repeated at ' +
        'any time. The schedule audit.seal does it every quarter of an hour.',
      examples: [
        { command: 'dartwing audit seal', note: 'Everything' },
        { command: 'dartwing audit seal --org acme --json', note: 'One trail' },
      ],
      output: ['Operation'],
      danger: 'mild',
      mutates: true,
      long: true,
      exits: { 5: 'the bucket does not protect what it keeps', 8: 'a trail was not sealed' },
      seeAlso: ['audit verify', 'audit restore'],
      load: () => import('./seal.js'),
    },
    {
      name: 'restore',
      summary: 'Put back from the archive what the database lost',
      description:
        'For trails that are gone or shorter than the archive tells, as after an older copy of the database was put back. ' +
        'Nothing is overwritten: what is there must be the beginning of what the archive has.',
      examples: [
        { command: 'dartwing audit restore --reason "copy of Monday" --yes', note: 'Then verify' },
        {
          command: 'dartwing audit restore --reason "copy of Monday" --dry-run',
          note: 'Whether it could begin',
        },
      ],
      output: ['Operation'],
      danger: 'moderate',
      mutates: true,
      needsReason: true,
      long: true,
      exits: { 5: 'a trail is another than that of the archive' },
      seeAlso: ['audit recover', 'audit verify'],
      load: () => import('./restore.js'),
    },
    {
      name: 'recover',
      summary: 'Declare signed entries as lost after an older copy was put back',
      description:
        'Try audit restore first. What the archive cannot give back is declared as lost, once: every verification tells of ' +
        'it, a new epoch of checkpoints begins, and each trail gets the entry audit.restored.',
      flags: [
        {
          name: 'anchor',
          value: 'file',
          summary: 'Checkpoints that tell of what was lost',
          complete: 'files',
        },
      ],
      examples: [
        {
          command: 'dartwing audit recover --reason "disk of Monday" --confirm audit',
          note: 'Against the archive',
        },
        {
          command:
            'dartwing audit recover --anchor checkpoints.txt --reason "disk of Monday" --confirm audit',
          note: 'Against checkpoints from elsewhere',
        },
      ],
      output: ['Change'],
      danger: 'severe',
      mutates: true,
      needsReason: true,
      long: true,
      seeAlso: ['audit restore', 'audit verify'],
      load: () => import('./recover.js'),
    },
    {
      name: 'prove',
      summary: 'Write a proof of one entry that an auditor checks offline',
      description:
        'The bundle holds the entry, the way to the signed root of its trail, and the way from there to the log over all ' +
        'trails. audit check-proof checks it without a database; so does dist/auditor/check-proof.js, one file that needs ' +
        'nothing but Node.',
      arguments: [
        {
          name: 'org',
          summary: 'Id or slug of the organization, or SYSTEM',
          required: true,
          complete: 'organizations',
        },
        { name: 'seq', summary: 'Number of the entry', required: true },
      ],
      flags: [
        { name: 'to', value: 'file', summary: 'Write it there instead of to stdout', complete: 'files' },
        {
          name: 'since-size',
          value: 'n',
          summary: 'Prove also that the trail continues its checkpoint of this size',
        },
      ],
      examples: [
        { command: 'dartwing audit prove acme 1 --json', note: 'To stdout' },
        { command: 'dartwing audit prove acme 412 --to proof.json', note: 'For an auditor' },
      ],
      output: ['AuditProof', 'Change'],
      danger: 'none',
      mutates: false,
      long: true,
      exits: { 3: 'there is no such organization or entry' },
      seeAlso: ['audit check-proof'],
      load: () => import('./prove.js'),
    },
    {
      name: 'check-proof',
      summary: 'Check a proof of audit prove, without a database',
      description:
        'Give the verifier key that you were told by another way: without it the proof shows only that somebody with the ' +
        'key in the bundle signed it.',
      arguments: [{ name: 'file', summary: 'The proof; - for stdin', required: true, complete: 'files' }],
      flags: [{ name: 'verifier', value: 'key', summary: 'The key that must have signed it', repeat: true }],
      examples: [
        { command: 'dartwing audit check-proof proof.json', note: '6 when it does not hold' },
        {
          command: 'dartwing audit check-proof proof.json --verifier "$(cat verifier.txt)"',
          note: 'Signed by that key and no other',
        },
      ],
      output: ['Report'],
      danger: 'none',
      mutates: false,
      exits: { 6: 'the proof does not hold' },
      seeAlso: ['audit prove'],
      load: () => import('./check-proof.js'),
    },
  ],
};
