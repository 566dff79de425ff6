/** What is behind the numbers that rules watch: of which organization, and since when. */
import type { Tx } from '../db/index.js';
import { limits } from '../limits.js';
import {
  type ControlCause,
  findControls,
  findIntegrations,
  findLines,
  findMail,
  findSyncTrouble,
  type IntegrationCause,
  type LineCause,
  type MailCause,
  type SyncCause,
} from './cause-queries.js';

/** At most `causesMax` of each kind, the worst first. */
export interface Causes {
  integrations: IntegrationCause[];
  lines: LineCause[];
  sync: SyncCause[];
  controls: ControlCause[];
  mail: MailCause[];
}

/** A device that called within five minutes is online, as for the metrics of sync. */
const onlineSeconds = 300;

export async function findCauses(tx: Tx): Promise<Causes> {
  const max = limits.causesMax;
  const [integrations, lines, sync, controls, mail] = await Promise.all([
    findIntegrations(tx, max),
    findLines(tx, max),
    findSyncTrouble(tx, { onlineSeconds, max }),
    findControls(tx, max),
    findMail(tx, max),
  ]);
  return { integrations, lines, sync, controls, mail };
}
