import type { NounSpec } from '../spec.js';

export const serveSpec: NounSpec = {
  name: 'serve',
  group: 'Server',
  summary: 'Serve HTTP and sockets until it is told to stop',
  verbs: [
    {
      name: '',
      summary: 'Serve HTTP and sockets until it is told to stop',
      description:
        'Works on a database that has been migrated. /openapi.json describes what it answers, /reference shows it; ' +
        'sockets (Socket.IO) are served beside it. ' +
        'SIGTERM or Ctrl-C: takes no more, lets running requests finish. Logs are NDJSON on stderr, readable lines on ' +
        'a terminal.',
      flags: [
        { name: 'host', value: 'address', summary: 'Address to listen on, 127.0.0.1 unless told' },
        {
          name: 'port',
          value: 'n',
          summary: 'Port to listen on, 4000 unless told; 0 chooses one',
          env: 'DARTWING_PORT',
        },
        {
          name: 'trust-proxy',
          value: 'cidr',
          repeat: true,
          summary: 'Proxy in front whose word on addresses of callers counts',
        },
        {
          name: 'allow-origin',
          value: 'origin',
          repeat: true,
          summary: 'Origin whose pages may call: https://app.acme.test',
        },
        {
          name: 'sticky',
          summary: 'The proxy in front keeps a client on one server: sockets may then be polled for',
        },
        { name: 'tls-cert', value: 'file', summary: 'Certificate chain in PEM: then HTTPS, TLS 1.3' },
        { name: 'tls-key', value: 'file', summary: 'Key of the certificate in PEM' },
        {
          name: 'drain-timeout',
          value: 'dur',
          summary: 'How long running requests may finish, 30s unless told',
        },
      ],
      examples: [
        { command: 'dartwing serve', note: 'On 127.0.0.1:4000, until Ctrl-C' },
        { command: 'dartwing serve --host 0.0.0.0 --trust-proxy 10.0.0.0/8', note: 'Behind a proxy' },
        {
          command: 'dartwing serve --port 0 --json',
          note: 'The first line of stdout is a ServerReady document',
        },
      ],
      output: ['ServerReady'],
      danger: 'none',
      mutates: false,
      long: true,
      exits: { 5: 'the port is in use, or the schema is another', 143: 'ended by SIGTERM' },
      seeAlso: ['api', 'worker', 'up'],
      load: () => import('./serve.js'),
    },
  ],
};
