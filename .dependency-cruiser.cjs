/** The house rules on imports: data flows one way, and every room is entered by its door. */
const rooms = [
  'db',
  'audit',
  'access',
  'keys',
  'jobs',
  'tenancy',
  'residency',
  'people',
  'mail',
  'equipment',
  'invitations',
  'identity',
  'lite',
  'browser',
  'quota',
  'documents',
  'sync',
  'realtime',
  'tokens',
  'metrics',
  'alerts',
  'export',
  'privacy',
  'compliance',
  'apply',
  'remote',
];
const groundFloor =
  '^src/core/(errors|folders|config|config-keys|config-files|config-sources|clock|core-dump|doorbell|duration|ids|input|limits|log|log-scrubber|pino-log|json|package-root|sensitive|trace)\\.ts$';

/** A room may import only rooms that stand before it in the list. */
const upward = rooms.map((room, index) => ({
  name: `${room}-imports-nothing-above`,
  comment:
    'A room imports only rooms before it; for the other direction it publishes an event (access/events.ts)',
  severity: 'error',
  from: { path: `^src/core/${room}/` },
  to: { path: `^src/core/(${rooms.slice(index + 1).join('|') || 'none'})/` },
}));

module.exports = {
  forbidden: [
    ...upward.slice(0, -1),
    {
      name: 'rooms-by-their-door',
      comment: "Another room's files are reached through its index.ts",
      severity: 'error',
      from: { path: '^src/core/([^/]+)/' },
      to: {
        path: '^src/core/([^/]+)/.+',
        pathNot: ['^src/core/$1/', '^src/core/[^/]+/index\\.ts$', '^src/core/db/embedded/index\\.ts$'],
      },
    },
    {
      name: 'core-by-its-doors',
      comment:
        'Commands and server use the core through index.ts, the doors of its rooms, or the single files of the ground floor',
      severity: 'error',
      from: { path: '^src/(commands|server)/' },
      to: {
        path: '^src/core/',
        pathNot: [
          '^src/core/index\\.ts$',
          '^src/core/[^/]+/index\\.ts$',
          '^src/core/db/embedded/index\\.ts$',
          groundFloor,
        ],
      },
    },
    {
      name: 'core-imports-nothing-downstairs',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { path: '^src/(commands|server|simulation)/' },
    },
    {
      name: 'simulation-by-its-door',
      comment: 'It stands beside the server: commands and tests use it, and it uses core and client',
      severity: 'error',
      from: { path: '^src/(?!simulation/)' },
      to: { path: '^src/simulation/', pathNot: '^src/simulation/index\\.ts$' },
    },
    {
      name: 'simulation-imports-no-doors',
      severity: 'error',
      from: { path: '^src/simulation/' },
      to: { path: '^src/(commands|server)/' },
    },
    {
      name: 'server-imports-no-commands',
      severity: 'error',
      from: { path: '^src/server/' },
      to: { path: '^src/commands/' },
    },
    {
      name: 'client-stands-alone',
      comment:
        'The client runs on phones and in browsers: it loads nothing of the house, and nothing of it loads the client',
      severity: 'error',
      from: { path: '^src/client/' },
      to: { path: '^src/', pathNot: '^src/client/' },
    },
    {
      name: 'auditor-stands-alone',
      comment: 'Whoever checks a proof reads one file, which needs Node and nothing of the house',
      severity: 'error',
      from: { path: '^src/auditor/' },
      to: { pathNot: '^(crypto|fs|url)$' },
    },
    {
      name: 'house-uses-no-client',
      severity: 'error',
      comment: 'Only the simulation brings both sides together',
      from: { path: '^src/', pathNot: '^src/(client|simulation)/' },
      to: { path: '^src/client/' },
    },
    {
      name: 'client-needs-no-node',
      comment: 'Only the file store is for Node alone',
      severity: 'error',
      from: { path: '^src/client/', pathNot: '^src/client/file-store\\.ts$' },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev'] },
    },
    {
      name: 'ground-floor-imports-no-room',
      severity: 'error',
      from: { path: groundFloor },
      to: { path: '^src/core/', pathNot: groundFloor },
    },
    {
      name: 'specs-stay-light',
      comment: 'Specs are on the way of --help: they import nothing but each other and the flags they share',
      severity: 'error',
      from: { path: '^src/commands/.*spec\\.ts$' },
      to: {
        pathNot: ['^src/commands/.*spec\\.ts$', '^src/commands/flags\\.ts$', '^src/commands/context\\.ts$'],
        dependencyTypesNot: ['type-only'],
        dynamic: false,
      },
    },
    {
      name: 'no-circles',
      severity: 'error',
      from: { path: '^src' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only', 'dynamic-import'] } },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '^src', pathNot: ['^src/core/testing\\.ts$', '^src/commands/main\\.ts$'] },
      to: {},
    },
    {
      name: 'no-test-code-in-the-house',
      severity: 'error',
      from: { path: '^src' },
      to: { path: '^(test|bench|scripts)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js'] },
  },
};
