import { personSpec } from '../person/spec.js';
import type { ArgumentSpec, FlagSpec, NounSpec, VerbRun, VerbSpec } from '../spec.js';

const frameworks = ['hipaa', 'soc2', 'gdpr'] as const;
type FrameworkName = (typeof frameworks)[number];

const framework: ArgumentSpec = {
  name: 'framework',
  summary: 'hipaa, soc2 or gdpr',
  required: true,
  choices: frameworks,
};
const acknowledge: FlagSpec = {
  name: 'acknowledge',
  value: 'control=reason',
  repeat: true,
  summary: 'Answer for a control that is enforced outside of dartwing',
};
const check: FlagSpec = { name: 'check', summary: 'Exit with 6 when a control fails' };
const one: FlagSpec = { name: 'control', value: 'id', summary: 'Only this one: sess.idle' };

const enable: VerbSpec = {
  name: 'enable',
  summary: 'Enforce every control of a framework at once, or none',
  description:
    'Every prerequisite is looked at; each missing one is named with its fix, and then nothing changes. With all of them ' +
    'there, the strictest merge of all enabled frameworks is put in force and every control is tried where it is ' +
    'enforced, in one transaction.',
  arguments: [framework],
  flags: [acknowledge],
  examples: [
    {
      command: 'dartwing compliance enable hipaa --org acme --yes',
      note: 'All controls, or what is missing',
    },
    {
      command:
        'dartwing compliance enable soc2 --org acme --acknowledge "crypt.keys=HSM of the data centre" --yes',
      note: 'Somebody answers for the keys',
    },
  ],
  output: ['Change'],
  danger: 'moderate',
  mutates: true,
  exits: { 3: 'no such organization', 5: 'prerequisites are missing; each is named with its fix' },
  seeAlso: ['compliance status', 'compliance baa'],
  load: () => import('./enable.js'),
};

const disable: VerbSpec = {
  name: 'disable',
  summary: 'Ask to take a framework out of force; a second person approves it',
  description:
    'It stays in force until somebody else has approved it and a day has passed; then the schedule compliance.disabling ' +
    'ends it, or asking again. Enabling the framework takes the wish back. What another enabled framework asks for stays ' +
    'in force, and nothing that was kept is deleted.',
  arguments: [framework],
  examples: [
    {
      command: 'dartwing compliance disable hipaa --org acme --reason "Contract ended" --confirm acme',
      note: 'The name of the organization, typed',
    },
    {
      command: 'dartwing compliance disable hipaa --org acme --reason test --dry-run',
      note: 'What would be left in force',
    },
  ],
  output: ['Change'],
  danger: 'severe',
  mutates: true,
  needsReason: true,
  exits: { 3: 'no such organization', 5: 'it is not enabled' },
  seeAlso: ['compliance approve'],
  load: () => import('./disable.js'),
};

const approve: VerbSpec = {
  name: 'approve',
  summary: 'Approve as a second person that a framework goes out of force',
  description:
    'Whoever asked for it cannot approve it. It stays in force until a day after it was asked for.',
  arguments: [framework],
  examples: [
    {
      command: 'dartwing compliance approve hipaa --org acme --confirm acme',
      note: 'The name of the organization, typed',
    },
    { command: 'dartwing compliance approve hipaa --org acme --dry-run', note: 'Whether there is a wish' },
  ],
  output: ['Change'],
  danger: 'severe',
  mutates: true,
  exits: { 3: 'no such organization, or nobody asked', 5: 'it is not enabled, or you asked yourself' },
  seeAlso: ['compliance disable'],
  load: () => import('./approve.js'),
};

const status: VerbSpec = {
  name: 'status',
  summary: 'Try every control where it is enforced, and show what came of it',
  description: 'Without a framework it is each one that is enabled. Nothing is kept of the trials.',
  arguments: [{ ...framework, required: false }],
  flags: [check],
  examples: [
    { command: 'dartwing compliance status --org acme', note: 'All that are enabled' },
    { command: 'dartwing compliance status hipaa --org acme --check --quiet', note: 'For a monitor' },
  ],
  output: ['ComplianceStatus', 'ComplianceStatusList'],
  danger: 'none',
  mutates: false,
  exits: { 3: 'no such organization', 6: 'with --check: a control fails' },
  seeAlso: ['compliance verify'],
  load: () => import('./status.js'),
};

const verify: VerbSpec = {
  name: 'verify',
  summary: 'Try the controls of an organization and keep the evidence',
  description:
    'The schedule compliance.drift does it every 15 minutes for every organization with a framework.',
  flags: [one],
  examples: [
    { command: 'dartwing compliance verify --org acme', note: 'Findings with clause and fix' },
    { command: 'dartwing compliance verify --org acme --control auth.mfa --json', note: 'One control' },
  ],
  output: ['Report'],
  danger: 'none',
  mutates: false,
  exits: { 3: 'no such organization or control', 6: 'a control fails' },
  seeAlso: ['compliance report'],
  load: () => import('./verify.js'),
};

const report: VerbSpec = {
  name: 'report',
  summary: 'Write what an auditor asks for: controls, clauses, evidence',
  description:
    'It reports technical controls and certifies nobody. With --sign a signature (Ed25519) is written beside it, as ' +
    '<file>.sig.',
  flags: [
    { name: 'since', value: 'time', summary: 'Evidence from then on: 90 days unless told' },
    { name: 'to', value: 'file', summary: 'File that ends in .md, .json or .html', complete: 'files' },
    { name: 'sign', summary: 'Write a signature beside the file' },
  ],
  examples: [
    { command: 'dartwing compliance report --org acme', note: 'The whole document on stdout' },
    {
      command: 'dartwing compliance report --org acme --since 365d --to audit.html --sign',
      note: 'A year, for people',
    },
  ],
  output: ['ComplianceReport', 'Operation'],
  danger: 'none',
  mutates: false,
  exits: { 3: 'no such organization' },
  load: () => import('./report.js'),
};

export const complianceSpec: NounSpec = {
  name: 'compliance',
  group: 'Trust',
  summary: 'HIPAA, SOC 2, GDPR: controls, evidence, agreements',
  verbs: [
    enable,
    status,
    verify,
    report,
    disable,
    approve,
    {
      name: 'list',
      summary: 'List frameworks with their controls and clauses',
      examples: [
        { command: 'dartwing compliance list', note: 'For a person' },
        { command: 'dartwing compliance list --json', note: 'With every control and where it is enforced' },
      ],
      output: ['FrameworkList'],
      danger: 'none',
      mutates: false,
      load: () => import('./list.js'),
    },
    {
      name: 'residency',
      summary: 'Show the regions of the database and its exits, and what is refused',
      description:
        'The setting regions says it. Archive and exports elsewhere than the organization are refused, and so is a new ' +
        'organization in a region where the database is not, letters, and calls to integrations; events go around Redis.',
      flags: [{ name: 'check', summary: 'Exit with 6 when an exit is elsewhere' }],
      examples: [
        { command: 'dartwing compliance residency --org acme', note: 'Every exit with its region' },
        { command: 'dartwing compliance residency --org acme --check --quiet', note: 'For a monitor' },
      ],
      output: ['Report'],
      danger: 'none',
      mutates: false,
      exits: { 3: 'no such organization', 6: 'with --check: an exit is elsewhere' },
      seeAlso: ['compliance verify'],
      load: () => import('./residency.js'),
    },
    {
      name: 'baa',
      summary: 'Record business associate agreements and show them',
      description:
        'Of the contract its name, size and SHA-256 are kept; the file itself stays with you. The agreement that lasts ' +
        'longest counts.',
      arguments: [
        { name: 'action', summary: 'What to do', required: true, choices: ['add', 'list', 'show'] },
        { name: 'id', summary: 'Id of an agreement, for show: BAA-2026-00001', required: false },
      ],
      flags: [
        { name: 'file', value: 'file', summary: 'For add: the signed contract', complete: 'files' },
        { name: 'counterparty', value: 'name', summary: 'For add: who signed' },
        { name: 'signed', value: 'day', summary: 'For add: 2026-01-31' },
        { name: 'expires', value: 'day', summary: 'For add: its last day' },
      ],
      examples: [
        { command: 'dartwing compliance baa list --org acme', note: 'With what is left of each' },
        {
          command:
            'dartwing compliance baa add --org acme --file baa.pdf --counterparty "Cloud Ltd" --signed 2026-01-31 --expires 2027-01-31',
          note: 'A new one',
        },
      ],
      output: ['Change', 'Baa', 'BaaList'],
      danger: 'mild',
      mutates: true,
      exits: { 3: 'no such organization or agreement' },
      load: () => import('./baa.js'),
    },
  ],
};

type Module = { run: VerbRun; runFor: (framework: FrameworkName) => VerbRun };

/** `dartwing hipaa enable acme` is `dartwing compliance enable hipaa --org acme`. */
function aliasOf(name: FrameworkName): NounSpec {
  const organization: ArgumentSpec = {
    name: 'org',
    summary: 'Slug or id',
    required: false,
    complete: 'organizations',
  };
  const alias = (verb: VerbSpec, load: () => Promise<Module>): VerbSpec => ({
    ...verb,
    arguments: [organization],
    examples: [
      {
        command: `dartwing ${name} ${verb.name} acme`,
        note: `As compliance ${verb.name} ${name} --org acme`,
      },
      { command: `dartwing ${name} ${verb.name} --org acme --json`, note: 'For a program' },
    ],
    hidden: true,
    load: async () => ({ run: (await load()).runFor(name) }),
  });
  return {
    name,
    group: 'Trust',
    summary: `Controls of ${name}`,
    verbs: [
      alias(enable, () => import('./enable.js')),
      alias(disable, () => import('./disable.js')),
      alias(approve, () => import('./approve.js')),
      alias(status, () => import('./status.js')),
      alias(verify, () => import('./verify.js')),
      alias(report, () => import('./report.js')),
    ],
  };
}

export const hipaaSpec = aliasOf('hipaa');
export const soc2Spec = aliasOf('soc2');
/** What persons ask for by this name: `dartwing gdpr export ana@acme.test` is `dartwing person export ana@acme.test`. */
const gdpr = aliasOf('gdpr');
export const gdprSpec: NounSpec = {
  ...gdpr,
  verbs: [
    ...gdpr.verbs,
    ...personSpec.verbs
      .filter(({ name }) => name === 'export' || name === 'erase')
      .map((verb) => ({ ...verb, hidden: true })),
  ],
};
