/**
 * What a process that lives does every fifteen seconds: it keeps a sample of its metrics; one of all processes evaluates
 * the rules; whoever finds a message that is due sends it. A process that dies between two of these leaves rows that the
 * next one takes up. While the database is gone nobody can keep anything, so each process says that by itself.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Clock } from '../clock.js';
import type { Tx } from '../db/index.js';
import { uuidv7 } from '../ids.js';
import { limits } from '../limits.js';
import type { Log } from '../log.js';
import {
  installationInstance,
  keepSample,
  keptReadings,
  keptSeries,
  type Metrics,
  openSampleStore,
  thinSamples,
} from '../metrics/index.js';
import { type Channels, SendFailure } from './channels.js';
import { evaluateRound, pauseAfter } from './evaluation.js';
import { bodyFor } from './message.js';
import {
  claimNotifications,
  databaseTime,
  deleteOld,
  listRuleChanges,
  lockWatch,
  noteEvaluation,
  noteFailed,
  noteSent,
} from './queries.js';
import { type Rule, withChanges } from './rules.js';

export interface WatchParts {
  metrics: Pick<Metrics, 'meter' | 'readings'>;
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  rules: readonly Rule[];
  channels: Channels;
  installation: string;
  clock: Clock;
  log: Log;
  /** Unlike any other process. */
  instance?: string | undefined;
  /** Pause between rounds; default `limits.sampleMs`. */
  everyMs?: number | undefined;
}

export interface Watch {
  /** One round now. Returns whether this process evaluated the rules. */
  round(): Promise<boolean>;
  stop(): Promise<void>;
}

/** The rule about a database that does not answer; nobody can evaluate it then. */
const databaseRule = 'database_down';

export function startWatch(parts: WatchParts): Watch {
  const { metrics, transaction, rules, channels, installation, clock, log } = parts;
  const instance = parts.instance ?? `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`;
  const store = openSampleStore();
  let rounds = 0;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<unknown> = Promise.resolve();
  let isStopped = false;
  let goneSince: number | undefined;
  let hasTold = false;

  const keepAndEvaluate = async (): Promise<boolean> => {
    // Both are read before a transaction begins: reading may take longer than a row should be locked.
    const series = keptSeries(await metrics.meter.values());
    const readings = await metrics.readings();
    return transaction(async (tx) => {
      await keepSample(tx, await databaseTime(tx), instance, series);
      const watch = await lockWatch(tx);
      if (watch === undefined) return false;
      const { evaluated_at: last, now } = watch;
      if (last !== null && now.getTime() - last.getTime() < limits.sampleMs * 0.8) return false;
      await keepSample(tx, now, installationInstance, keptReadings(readings));
      if (rounds++ % 20 === 0) {
        await thinSamples(tx, now);
        await deleteOld(tx, new Date(now.getTime() - limits.alertKeptMs));
      }
      await store.load(tx, now);
      const current = withChanges(rules, await listRuleChanges(tx));
      await evaluateRound(tx, { rules: current, samples: store, channels, installation }, now);
      await noteEvaluation(tx, now);
      return true;
    });
  };

  const sendDue = async (): Promise<void> => {
    const due = await transaction((tx) =>
      claimNotifications(tx, 3 * limits.alertSendMs, limits.alertRoundMax),
    );
    for (const message of due) {
      const failure = await channels.send(message).then(
        () => undefined,
        (error: Error) => error,
      );
      if (failure !== undefined)
        log.warn({ rule: message.rule, channel: message.channel, error: failure.message }, 'alert not sent');
      const isLast =
        message.attempts >= limits.alertAttemptsMax || (failure instanceof SendFailure && failure.isFinal);
      await transaction((tx) =>
        failure === undefined
          ? noteSent(tx, message.id)
          : noteFailed(
              tx,
              message.id,
              failure.message.slice(0, 500),
              isLast ? undefined : pauseAfter(message.attempts),
            ),
      );
    }
  };

  /** Says that the database is gone, once, or that it is back. */
  const tellOfDatabase = async (status: 'firing' | 'resolved'): Promise<void> => {
    const rule = rules.find(({ id }) => id === databaseRule);
    if (rule === undefined || !rule.isEnabled) return;
    hasTold = status === 'firing';
    const at = clock.now();
    const alert = { labels: {}, value: 0, status, startsAt: at, endsAt: status === 'resolved' ? at : null };
    const telling = { rule, severity: 'critical' as const, status, alerts: [alert], installation };
    for (const channel of channels.of('critical')) {
      const message = { id: uuidv7(at), channel, body: bodyFor(channel, telling), created_at: at };
      await channels.send(message).catch((error: Error) => {
        log.warn({ rule: databaseRule, channel, error: error.message }, 'alert not sent');
      });
    }
  };

  const round = async (): Promise<boolean> => {
    try {
      const evaluated = await keepAndEvaluate();
      if (hasTold) await tellOfDatabase('resolved');
      goneSince = undefined;
      await sendDue();
      return evaluated;
    } catch (error) {
      log.warn({ err: error }, 'alerts');
      const now = clock.monotonicMs();
      goneSince ??= now;
      if (!hasTold && now - goneSince >= limits.databaseGoneMs) await tellOfDatabase('firing');
      return false;
    }
  };

  const next = (): void => {
    if (isStopped) return;
    timer = setTimeout(() => {
      running = round().finally(next);
    }, parts.everyMs ?? limits.sampleMs);
    timer.unref();
  };
  next();

  return {
    round: async () => {
      const mine = running.then(round);
      running = mine;
      return mine;
    },
    stop: async () => {
      isStopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
