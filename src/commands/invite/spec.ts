import { pageFlags } from '../flags.js';
import type { ArgumentSpec, FlagSpec, NounSpec } from '../spec.js';

const invitation: ArgumentSpec = { name: 'id', summary: 'Id of the invitation', required: true };
const showLink: FlagSpec = {
  name: 'show-link',
  summary: 'Print the link, once; only on a terminal, since whoever has it can accept',
};
const states = ['pending', 'awaiting_approval', 'accepted', 'expired', 'revoked'] as const;

export const inviteSpec: NounSpec = {
  name: 'invite',
  aliases: ['invites', 'invitation', 'invitations'],
  group: 'Tenancy',
  summary: 'Invitations: send, remind, revoke, accept',
  verbs: [
    {
      name: 'create',
      summary: 'Invite somebody into the organization of --org',
      description:
        'Makes a pending member and sends a link that works once. Without a mail server (smtp_url) nothing is sent ' +
        'and the answer says so. With --guest-until the invitee may only read, until then. A child without an ' +
        'address is invited by QR code with --guardian and --name.',
      arguments: [{ name: 'email', summary: 'Whom: bo@acme.test; not for a child', required: false }],
      flags: [
        { name: 'role', value: 'role', complete: 'roles', summary: 'Role in the organization' },
        { name: 'expires', value: 'dur', summary: 'How long the link works: 7d unless told, 5m to 90d' },
        { name: 'guest-until', value: 'time', summary: 'End of a guest: +7d or 2026-12-01T00:00:00Z' },
        { name: 'qr', summary: 'A QR code to scan instead of a mail; drawn with --show-link' },
        { name: 'no-email', summary: 'Send nothing: the link is passed on by hand, with --show-link' },
        { name: 'guardian', value: 'email', summary: 'Guardian of a child, whose address it shares' },
        { name: 'name', value: 'text', summary: 'First name of the child' },
        showLink,
      ],
      examples: [
        { command: 'dartwing invite create bo@acme.test --org acme --role Employee', note: 'By mail' },
        {
          command: 'dartwing invite create eve@audit.test --org acme --role Employee --guest-until +30d',
          note: 'A guest who may read for a month',
        },
        {
          command:
            'dartwing invite create --qr --guardian ana@home.test --name Bo --org home --role Child --show-link',
          note: 'A child scans the code',
        },
      ],
      output: ['Invite'],
      danger: 'mild',
      mutates: true,
      exits: { 3: 'no such organization or role', 5: 'invited or a member already' },
      seeAlso: ['invite bulk', 'invite list'],
      load: () => import('./create.js'),
    },
    {
      name: 'bulk',
      summary: 'Invite everybody on a list',
      description:
        'CSV with the header email,role or email,role,expires (a duration such as 7d). Each line counts by itself: ' +
        'what fails is listed with its line, what succeeded stays.',
      flags: [{ name: 'csv', value: 'file', summary: 'The list; - reads it from stdin' }],
      examples: [
        { command: 'dartwing invite bulk --csv staff.csv --org acme --yes', note: 'More than 10 want a yes' },
        { command: 'dartwing invite bulk --csv - --org acme --dry-run -o json', note: 'Try the list first' },
      ],
      output: ['Bulk'],
      danger: 'moderate',
      mutates: true,
      long: true,
      exits: { 3: 'no such organization', 8: 'some lines failed' },
      load: () => import('./bulk.js'),
    },
    {
      name: 'list',
      summary: 'List invitations, newest first',
      flags: [
        { name: 'state', value: 'state', choices: states, summary: 'Only in this state' },
        ...pageFlags(500),
      ],
      examples: [
        { command: 'dartwing invite list --org acme --state pending', note: 'Who has not answered' },
        { command: 'dartwing invite list --org acme --field id', note: 'Ids, one per line' },
      ],
      output: ['InviteList'],
      danger: 'none',
      mutates: false,
      exits: { 3: 'no such organization' },
      load: () => import('./list.js'),
    },
    {
      name: 'show',
      summary: 'Show an invitation and how its mail stands',
      arguments: [invitation],
      examples: [
        { command: 'dartwing invite show 0192f0c1-… --org acme', note: 'State, reminders, mail' },
        { command: 'dartwing invite show 0192f0c1-… --org acme --field status.state', note: 'One value' },
      ],
      output: ['Invite'],
      danger: 'none',
      mutates: false,
      exits: { 3: 'there is none' },
      load: () => import('./show.js'),
    },
    {
      name: 'remind',
      summary: 'Send an invitation again, with a new link',
      description: 'The earlier link ends. At most 3 reminders, a day apart.',
      arguments: [invitation],
      flags: [showLink],
      examples: [
        { command: 'dartwing invite remind 0192f0c1-… --org acme', note: 'By mail' },
        { command: 'dartwing invite remind 0192f0c1-… --org acme --show-link', note: 'And see the link' },
      ],
      output: ['Invite'],
      danger: 'mild',
      mutates: true,
      exits: { 3: 'there is none', 5: 'it is not pending any more' },
      load: () => import('./remind.js'),
    },
    {
      name: 'revoke',
      summary: 'Take an invitation back',
      arguments: [invitation],
      examples: [
        { command: 'dartwing invite revoke 0192f0c1-… --org acme --yes', note: 'The link works no more' },
        {
          command: 'dartwing invite revoke 0192f0c1-… --org acme --reason "wrong address" --yes',
          note: 'With a reason for the trail',
        },
      ],
      output: ['Invite'],
      danger: 'moderate',
      mutates: true,
      exits: { 3: 'there is none', 5: 'it was accepted or has expired' },
      load: () => import('./revoke.js'),
    },
    {
      name: 'expire',
      summary: 'Write down which invitations have run out',
      description:
        'Of --org, or of all organizations. An expired link is refused whether or not this was run.',
      examples: [
        { command: 'dartwing invite expire', note: 'Daily, from a scheduler' },
        { command: 'dartwing invite expire --org acme --dry-run', note: 'Which it would be' },
      ],
      output: ['InviteList'],
      danger: 'mild',
      mutates: true,
      long: true,
      exits: { 3: 'no such organization' },
      load: () => import('./expire.js'),
    },
    {
      name: 'accept',
      summary: 'Accept an invitation with its link',
      description:
        'Takes the link, or the token in it, from stdin: on the command line others could read it.',
      flags: [
        { name: 'token-stdin', summary: 'Read the link from stdin' },
        { name: 'email', value: 'email', summary: 'Who accepts, where the invitation names nobody' },
      ],
      examples: [
        { command: 'dartwing invite accept --token-stdin < link.txt', note: 'From a file' },
        {
          command: 'pbpaste | dartwing invite accept --token-stdin --email bo@acme.test',
          note: 'A link for whoever has it',
        },
      ],
      output: ['Invite'],
      danger: 'mild',
      mutates: true,
      exits: { 3: 'no invitation has this link', 5: 'it was used, revoked or has expired' },
      load: () => import('./accept.js'),
    },
  ],
};
