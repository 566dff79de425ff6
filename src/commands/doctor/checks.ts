/** The checks of doctor, in the order in which they make sense. */
import type { Check } from './check.js';
import { clock, connections, database, indexes, isolation, keys, migrations, tls } from './database.js';
import { integrations, realtime, sync } from './outside.js';
import { alerts, processes } from './processes.js';
import { config, disk, node, profile, redis } from './surroundings.js';
import { audit, compliance, dataKeys, erasures } from './trust.js';
import { jobs, mail, queues, schedules, workers } from './work.js';

export const checks: readonly Check[] = [
  node,
  config,
  profile,
  disk,
  database,
  tls,
  clock,
  keys,
  migrations,
  isolation,
  indexes,
  connections,
  redis,
  dataKeys,
  audit,
  erasures,
  compliance,
  queues,
  jobs,
  workers,
  schedules,
  mail,
  integrations,
  sync,
  realtime,
  processes,
  alerts,
];
