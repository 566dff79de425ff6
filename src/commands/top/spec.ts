import type { NounSpec } from '../spec.js';

export const topSpec: NounSpec = {
  name: 'top',
  group: 'Work',
  summary: 'Watch queues, sync, tokens and alerts',
  verbs: [
    {
      name: '',
      summary: 'Watch queues, sync, tokens and alerts, and act on them',
      description:
        'On a terminal of at least 60 x 12 a screen that is renewed every 2 s: up and down select a queue, enter shows ' +
        'it, p pauses or resumes it, r replays its dead letters, / filters, o chooses an organization, ? shows the ' +
        'keys, q quits. What changes something asks first. In a smaller terminal one line; elsewhere one sample.',
      flags: [
        {
          name: 'panel',
          value: 'name',
          summary: 'Only this part',
          choices: ['all', 'queues', 'sync', 'tokens', 'alerts'],
        },
        { name: 'interval', value: 'dur', summary: 'How often it looks, 2s unless told' },
        { name: 'once', summary: 'One sample, also on a terminal' },
      ],
      examples: [
        { command: 'dartwing top --once -o json', note: 'One sample, for a program' },
        { command: 'dartwing top', note: 'The screen' },
        { command: 'dartwing top --panel queues --interval 5s', note: 'Queues only, more slowly' },
      ],
      output: ['TopSample'],
      danger: 'none',
      mutates: false,
      long: true,
      seeAlso: ['queue list', 'alert list', 'doctor'],
      load: () => import('./top.js'),
    },
  ],
};
