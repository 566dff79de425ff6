import type { NounSpec } from '../spec.js';

export const alertSpec: NounSpec = {
  name: 'alert',
  aliases: ['alerts'],
  group: 'Product',
  summary: 'What is wrong, since when, and who is told',
  verbs: [
    {
      name: 'list',
      summary: 'List alerts that fire or are about to',
      description:
        'Servers and workers keep samples of their metrics every 15 s, and one of them evaluates the rules. Says on ' +
        'stderr when no process has done so for a minute.',
      flags: [
        { name: 'since', value: 'time', summary: 'Also what was over since then: -2h' },
        { name: 'check', summary: 'Exit 6 when something fires' },
      ],
      examples: [
        { command: 'dartwing alert list', note: 'What is wrong now' },
        { command: 'dartwing alert list --since -1d --json', note: 'With what was wrong yesterday' },
      ],
      output: ['AlertList'],
      danger: 'none',
      mutates: false,
      exits: { 6: 'something fires, with --check' },
      seeAlso: ['alert show', 'doctor'],
      load: () => import('./list.js'),
    },
    {
      name: 'show',
      summary: 'Show a rule, what fires by it, and what to do',
      arguments: [{ name: 'rule', summary: 'Name of the rule: dead_letters', required: true }],
      examples: [
        { command: 'dartwing alert show dead_letters', note: 'With its runbook' },
        { command: 'dartwing alert show sync_lag --json', note: 'For a program' },
      ],
      output: ['AlertRule'],
      danger: 'none',
      mutates: false,
      exits: { 3: 'there is no such rule' },
      seeAlso: ['alert rule'],
      load: () => import('./show.js'),
    },
    {
      name: 'check',
      summary: 'Evaluate the rules now, over the samples that are kept',
      description:
        'Changes nothing and tells nobody. What has a span is pending here, however long it has held.',
      arguments: [{ name: 'rule', summary: 'Only this one', required: false }],
      examples: [
        { command: 'dartwing alert check', note: 'All; 6 when one holds' },
        { command: 'dartwing alert check queue_backlog --json', note: 'One' },
      ],
      output: ['AlertList'],
      danger: 'none',
      mutates: false,
      exits: { 3: 'there is no such rule', 6: 'a rule holds' },
      load: () => import('./check.js'),
    },
    {
      name: 'rule',
      summary: 'Work on rules: list, show, change, try and export them',
      description:
        'list, show and export read. set changes the threshold or the span of one level, or switches a rule; reset takes ' +
        'it back to what was shipped. test says at which steps a rule fires on given series, which are written as ' +
        'promtool writes them. export is for Prometheus.',
      arguments: [
        {
          name: 'act',
          summary: 'What to do',
          required: true,
          choices: ['list', 'show', 'set', 'reset', 'test', 'export'],
        },
        { name: 'rule', summary: 'Name of the rule, for show, set, reset and test', required: false },
      ],
      flags: [
        { name: 'threshold', value: 'n', summary: 'set: from where on it holds' },
        { name: 'for', value: 'dur', summary: 'set: how long it has to hold, 0 for at once' },
        {
          name: 'severity',
          value: 'level',
          summary: 'set, test: which level, where there are several',
          choices: ['critical', 'warning', 'info'],
        },
        { name: 'on', summary: 'set: evaluate it' },
        { name: 'off', summary: 'set: do not evaluate it' },
        { name: 'file', short: 'f', value: 'file', summary: 'test: series as YAML or JSON; - for stdin' },
        { name: 'preset', value: 'name', summary: 'list: only of operations, product or objectives' },
      ],
      examples: [
        { command: 'dartwing alert rule list --preset operations', note: 'Thresholds and spans' },
        { command: 'dartwing alert rule set dead_letters --threshold 200 --for 10m', note: 'Be told later' },
        { command: 'dartwing alert rule export > dartwing.rules.json', note: 'For Prometheus: JSON is YAML' },
        { command: 'dartwing alert rule test queue_backlog -f series.yaml', note: 'When it would fire' },
      ],
      output: ['AlertRuleList', 'AlertRule', 'AlertTest', 'Change'],
      danger: 'mild',
      mutates: true,
      exits: { 3: 'there is no such rule' },
      load: () => import('./rule.js'),
    },
    {
      name: 'silence',
      summary: 'Keep alerts quiet for a while, list what is quiet, or end it',
      arguments: [
        { name: 'act', summary: 'What to do', required: true, choices: ['add', 'list', 'end'] },
        {
          name: 'match',
          summary: 'add: what all has to match, rule=dead_letters queue=bulk; end: ids',
          required: false,
          variadic: true,
        },
      ],
      flags: [{ name: 'for', value: 'dur', summary: 'add: how long, 2h unless told' }],
      examples: [
        { command: 'dartwing alert silence list', note: 'What is quiet' },
        {
          command: 'dartwing alert silence add rule=dead_letters queue=bulk --for 4h --reason "import runs"',
          note: 'One queue, until it is done',
        },
        { command: 'dartwing alert silence end 0199f7c2-7c4e-7000-8000-000000000000', note: 'Hear again' },
      ],
      output: ['AlertSilenceList', 'Change', 'Bulk'],
      danger: 'mild',
      mutates: true,
      exits: { 3: 'there is no such rule or silence', 8: 'some failed' },
      load: () => import('./silence.js'),
    },
  ],
};
