import type { NounSpec } from '../spec.js';

export const metricSpec: NounSpec = {
  name: 'metric',
  aliases: ['metrics'],
  group: 'Product',
  summary: 'What is measured, and how it stands',
  verbs: [
    {
      name: 'list',
      summary: 'List every metric with its unit, labels and meaning',
      flags: [
        {
          name: 'group',
          value: 'name',
          summary: 'Only of http, jobs, database, integrations, sync, realtime, security or process',
        },
      ],
      examples: [
        { command: 'dartwing metric list', note: 'All' },
        { command: 'dartwing metric list --group jobs --columns name,help', note: 'What is told of jobs' },
      ],
      output: ['MetricList'],
      danger: 'none',
      mutates: false,
      seeAlso: ['metric scrape'],
      load: () => import('./list.js'),
    },
    {
      name: 'query',
      summary: 'Show how a metric went, from the samples that are kept',
      description:
        'serve, worker and up keep a sample every 15 s for six hours, and one of five minutes for four days. On a ' +
        'terminal each series has its course; a counter shows by how much it grew.',
      arguments: [{ name: 'name', summary: 'Name of the metric', required: true }],
      flags: [
        { name: 'since', value: 'time', summary: 'From when on, an hour ago unless told: -6h' },
        {
          name: 'by',
          value: 'labels',
          summary: 'One series for each value of these, comma-separated: added up, of ages the largest',
        },
        { name: 'step', value: 'duration', summary: 'One point for each so long: 5m' },
        { name: 'where', value: 'label=value', summary: 'Only series with this label', repeat: true },
      ],
      examples: [
        { command: 'dartwing metric query dartwing_job_oldest_seconds', note: 'The last hour' },
        {
          command: 'dartwing metric query dartwing_job_queue_depth --where queue=default --since -6h --json',
          note: 'Points, for a program',
        },
        {
          command: 'dartwing metric query dartwing_job_queue_depth --by queue --step 5m --since -6h',
          note: 'A series for each queue',
        },
      ],
      output: ['MetricSeriesList', 'MetricHistory'],
      danger: 'none',
      mutates: false,
      exits: { 3: 'there is no such metric' },
      seeAlso: ['metric list', 'alert list'],
      load: () => import('./query.js'),
    },
    {
      name: 'scrape',
      summary: 'Print metrics as Prometheus reads them',
      description:
        'Without an address this process reads the database: depths, ages and lags of the installation. With one it ' +
        'asks a server or a worker, showing the operator token, and prints what that process counted as well.',
      flags: [
        {
          name: 'from',
          value: 'url',
          summary: 'Address of a server or a worker: http://127.0.0.1:4000/metrics',
        },
      ],
      examples: [
        { command: 'dartwing metric scrape', note: 'The installation, from its database' },
        {
          command: 'dartwing metric scrape --from http://127.0.0.1:4000/metrics',
          note: 'A server, with what it counted',
        },
      ],
      output: ['Text'],
      danger: 'none',
      mutates: false,
      seeAlso: ['metric list', 'worker'],
      load: () => import('./scrape.js'),
    },
    {
      name: 'dashboard',
      summary: 'Print a dashboard for Grafana, made from the catalogue of metrics',
      description:
        'The same files lie in templates/dashboards. Grafana asks for the Prometheus that scrapes dartwing when one is ' +
        'imported.',
      arguments: [
        {
          name: 'name',
          summary: 'Which one',
          required: true,
          choices: ['overview', 'jobs', 'sync', 'integrations', 'security'],
        },
      ],
      examples: [
        { command: 'dartwing metric dashboard overview > overview.json', note: 'To be imported in Grafana' },
        { command: 'dartwing metric dashboard jobs', note: 'Queues, workers, dead letters' },
      ],
      output: [],
      danger: 'none',
      mutates: false,
      seeAlso: ['metric list', 'alert rule'],
      load: () => import('./dashboard.js'),
    },
  ],
};
