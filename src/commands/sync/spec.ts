import { detachFlag } from '../flags.js';
import type { NounSpec } from '../spec.js';

export const syncSpec: NounSpec = {
  name: 'sync',
  group: 'Sync',
  summary: 'Offline clients: how far they are behind, and what they send and get',
  verbs: [
    {
      name: 'status',
      summary: 'Show clients, lag, waiting operations and conflicts',
      flags: [
        { name: 'check', summary: 'Exit 6 when a limit below is passed' },
        { name: 'max-lag', value: 'duration', summary: 'Lag of a client that is online, 5m unless told' },
        { name: 'max-depth', value: 'n', summary: 'Operations that wait on devices, 1000 unless told' },
        { name: 'max-conflict-rate', value: 'share', summary: 'Conflicts of what is pushed, 5% unless told' },
      ],
      examples: [
        { command: 'dartwing sync status --org acme', note: 'How its clients are' },
        { command: 'dartwing sync status --org acme --check --max-lag 30s', note: 'For a monitor' },
      ],
      output: ['SyncStatus'],
      danger: 'none',
      mutates: false,
      exits: { 3: 'no such organization', 6: 'with --check: a limit is passed' },
      load: () => import('./status.js'),
    },
    {
      name: 'lag',
      summary: 'List how far clients are behind, the worst first',
      flags: [
        {
          name: 'by',
          value: 'what',
          choices: ['client', 'doctype', 'entity', 'org'],
          summary: 'A row for each; client unless told. entity is doctype; org needs no --org',
        },
        { name: 'since', value: 'time', summary: 'Only clients that called since: 1h, 2026-11-23T10:00:00Z' },
        { name: 'max', value: 'duration', summary: 'Exit 6 when something is further behind' },
        { name: 'watch', value: 'dur', summary: 'Look again every 10s, or so, until Ctrl-C' },
      ],
      examples: [
        { command: 'dartwing sync lag --org acme', note: 'Each client' },
        {
          command: 'dartwing sync lag --org acme --by entity --max 30s',
          note: 'Each doctype, for a monitor',
        },
        { command: 'dartwing sync lag --by org --since 1h', note: 'Each organization whose clients called' },
      ],
      output: ['LagList'],
      danger: 'none',
      mutates: false,
      long: true,
      exits: { 3: 'no such organization', 6: 'something is behind by more than --max' },
      load: () => import('./lag.js'),
    },
    {
      name: 'feed',
      summary: 'Print the documents and changes that a client would get',
      description: 'Ends with a line that has the cursor to go on with (--since).',
      flags: [
        {
          name: 'entity',
          value: 'doctype',
          repeat: true,
          summary: 'Only of this doctype; repeat for several',
        },
        {
          name: 'since',
          value: 'cursor',
          summary: 'Cursor of the last line, or a time: -10m, 2026-11-23T10:00:00Z',
        },
        { name: 'limit', value: 'n', summary: 'Rows of a page, at most 500' },
        { name: 'follow', summary: 'Go on with what changes, until Ctrl-C' },
      ],
      examples: [
        { command: 'dartwing sync feed --org acme --entity Task -o ndjson', note: 'Every task, as lines' },
        {
          command: 'dartwing sync feed --org acme --entity Task --follow -o ndjson',
          note: 'What is there, and what comes',
        },
        { command: 'dartwing sync feed --org acme --since -10m', note: 'What changed in ten minutes' },
      ],
      output: ['FeedRow'],
      danger: 'none',
      mutates: false,
      long: true,
      exits: { 3: 'no such organization or doctype', 5: 'the cursor is too old' },
      load: () => import('./feed.js'),
    },
    {
      name: 'push',
      summary: 'Send operations as a client would',
      description: 'One operation a line, as docs/sync-protocol.md describes them.',
      flags: [
        {
          name: 'file',
          short: 'f',
          value: 'file',
          complete: 'files',
          summary: 'Operations as NDJSON; - is stdin',
        },
        { name: 'client', value: 'id', summary: 'Id of the device, cli unless told' },
      ],
      examples: [
        {
          command: 'dartwing sync push --org acme -f operations.ndjson',
          note: 'Each gets a result of its own',
        },
        {
          command: 'dartwing sync push --org acme -f - --client ward-tablet',
          note: 'From stdin, for one device',
        },
      ],
      output: ['Bulk'],
      danger: 'mild',
      mutates: true,
      long: true,
      exits: { 3: 'no such organization', 8: 'some operations were not taken' },
      seeAlso: ['conflict list'],
      load: () => import('./push.js'),
    },
    {
      name: 'resync',
      summary: 'Make a client begin again',
      description: 'Its next call is refused with FULL_RESYNC_REQUIRED; unsent edits are kept by the client.',
      arguments: [{ name: 'client', summary: 'Id of the device', required: true }],
      examples: [
        {
          command: 'dartwing sync resync ward-tablet --org acme --yes',
          note: 'For a client that seems wrong',
        },
        { command: 'dartwing sync resync ward-tablet --org acme --dry-run', note: 'Whether it is known' },
      ],
      output: ['Bulk'],
      danger: 'moderate',
      mutates: true,
      exits: { 3: 'no such organization or client' },
      seeAlso: ['sync lag'],
      load: () => import('./resync.js'),
    },
    {
      name: 'replay',
      summary: 'Send a part of the log to clients once more',
      description:
        'For devices that lost or spoilt what they had. With its next call each gets the documents that changed there, as they are now; edits that wait on a device stay.',
      flags: [
        {
          name: 'from',
          value: 'place',
          summary: 'Number of a change, or a time: 881, 2h, 2026-11-23T10:00:00Z',
        },
        { name: 'to', value: 'place', summary: 'The last change, the newest unless told' },
        { name: 'client', value: 'id', summary: 'Only this device' },
        {
          name: 'entity',
          value: 'doctype',
          repeat: true,
          summary: 'Only of this doctype; repeat for several',
        },
      ],
      examples: [
        {
          command: 'dartwing sync replay --org acme --from 2h --client ward-tablet --yes',
          note: 'What changed in two hours, for one device',
        },
        {
          command: 'dartwing sync replay --org acme --from 881 --to 950 --entity Task --dry-run',
          note: 'Whom it would concern',
        },
      ],
      output: ['Bulk'],
      danger: 'moderate',
      mutates: true,
      exits: { 3: 'no such organization, client or doctype', 5: 'the log has forgotten that part' },
      seeAlso: ['sync resync'],
      load: () => import('./replay.js'),
    },
    {
      name: 'compact',
      summary: 'Forget changes and tombstones that are older than they are kept',
      flags: [
        { name: 'keep', value: 'duration', summary: 'How long, in whole days, 30d unless told and at least' },
        detachFlag,
      ],
      examples: [
        { command: 'dartwing sync compact --org acme --yes', note: 'What is older than 30 days' },
        { command: 'dartwing sync compact --org acme --keep 90d --dry-run', note: 'What would go' },
      ],
      output: ['SyncCompaction', 'Operation'],
      danger: 'moderate',
      mutates: true,
      long: true,
      exits: { 3: 'no such organization' },
      load: () => import('./compact.js'),
    },
    {
      name: 'simulate',
      summary: 'Play edits of several devices against a server of its own',
      description:
        'Starts an installation that is thrown away at the end; nothing else is written. A scenario (YAML or JSON) has documents that all devices hold, edits that they make without a network, and decide: server or client for what waits for a person. A seed alone plays a random history, as the tests do. With --org the rules of that organization hold.',
      flags: [
        {
          name: 'file',
          short: 'f',
          value: 'file',
          complete: 'files',
          summary: 'Scenario as YAML or JSON; - is stdin',
        },
        {
          name: 'rules',
          value: 'file',
          complete: 'files',
          summary: 'Conflict rules to try, as for sync rules set',
        },
        { name: 'seed', value: 'n', summary: 'Random history, or order in which the devices come back' },
        { name: 'histories', value: 'n', summary: 'Random histories from the seed on, 1 unless told' },
        { name: 'steps', value: 'n', summary: 'Steps of the longest random history' },
      ],
      examples: [
        { command: 'dartwing sync simulate -f scenario.yaml', note: 'What becomes of some edits' },
        {
          command: 'dartwing sync simulate -f scenario.yaml --rules rules.yaml',
          note: 'And under other rules',
        },
        {
          command: 'dartwing sync simulate --seed 7 --histories 50',
          note: 'Random edits over a bad network',
        },
      ],
      output: ['Simulation'],
      danger: 'none',
      mutates: false,
      long: true,
      exits: { 6: 'the devices do not end with what the server has' },
      seeAlso: ['sync rules'],
      load: () => import('./simulate.js'),
    },
    {
      name: 'rules',
      summary: 'Show or change or try the rules for edits that meet',
      description:
        'list and show tell what holds in the organization; set changes what the doctype allows to be changed, and a document that names only its entity takes the changes back; test resolves the cases of a file by the rules and compares them with what they expect.',
      arguments: [
        {
          name: 'action',
          summary: 'What to do',
          required: true,
          choices: ['list', 'show', 'set', 'test'],
        },
        { name: 'entity', summary: 'Doctype, for show', required: false },
      ],
      flags: [
        {
          name: 'file',
          short: 'f',
          value: 'file',
          complete: 'files',
          summary: 'For set and test: YAML or JSON, one mapping or a list; - is stdin',
        },
      ],
      examples: [
        { command: 'dartwing sync rules show Task --org acme', note: 'Who owns which field' },
        {
          command: 'dartwing sync rules set --org acme -f rules.yaml --reason "the ward decides"',
          note: 'entity: Task, strategy: three_way',
        },
        {
          command: 'dartwing sync rules test --org acme -f cases.yaml',
          note: 'Exit 6 when one comes out otherwise',
        },
      ],
      output: ['SyncRuleSet', 'SyncRuleSetList', 'Bulk', 'Report'],
      danger: 'moderate',
      mutates: true,
      exits: {
        3: 'no such organization or doctype',
        6: 'test: a case comes out otherwise',
        8: 'set: some were not taken',
      },
      seeAlso: ['conflict list', 'doctype show'],
      load: () => import('./rules.js'),
    },
  ],
};
