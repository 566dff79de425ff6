import type { NounSpec } from '../spec.js';

export const doctorSpec: NounSpec = {
  name: 'doctor',
  group: 'Start',
  summary: 'Check the installation and say how to repair it',
  verbs: [
    {
      name: '',
      summary: 'Check the installation and say how to repair it',
      description:
        'Node, configuration, database, isolation of tenants, keys, audit trails, queues, workers, schedules, mail, other ' +
        'services, sync, running processes and what alerts say; each with what was measured and the command that repairs it.',
      flags: [
        { name: 'only', value: 'id,id', summary: 'Only these checks: database, isolation' },
        { name: 'strict', summary: 'Warnings count as failures' },
        {
          name: 'fix',
          summary: 'Run the safe repairs, each after a question; with --dry-run only tell them',
        },
        {
          name: 'watch',
          value: 'dur',
          summary: 'Check again every 10s, or so; what changed is told, until Ctrl-C',
        },
        {
          name: 'report',
          summary: 'Add versions, settings and metrics for an issue; no secret and no name of a tenant',
        },
      ],
      examples: [
        { command: 'dartwing doctor --strict', note: '0 ready, 6 not ready' },
        { command: 'dartwing doctor --only isolation,migrations --json', note: 'Two checks, for a program' },
        { command: 'dartwing doctor --fix --dry-run', note: 'What --fix would do' },
        { command: 'dartwing doctor --watch 10s', note: 'While something is repaired' },
        { command: 'dartwing doctor --report > report.json', note: 'For an issue: a document in a file' },
      ],
      output: ['DoctorReport', 'DoctorCheck'],
      danger: 'moderate',
      mutates: true,
      long: true,
      exits: { 6: 'a check failed (with --strict: or warned)', 7: 'the database cannot be reached' },
      seeAlso: ['migrate verify', 'config validate'],
      load: () => import('./doctor.js'),
    },
  ],
};
