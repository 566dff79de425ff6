/** One round: rules over samples, what became of alerts, and messages about it; all in one transaction. */
import type { Tx } from '../db/index.js';
import { uuidv7 } from '../ids.js';
import { limits } from '../limits.js';
import type { Channels } from './channels.js';
import { evaluate, type History } from './evaluate.js';
import { readsOf } from './expression.js';
import { type AlertInstance, step, textOf } from './life.js';
import { bodyFor, type NamedAlert } from './message.js';
import { newsOf } from './news.js';
import {
  deleteGroup,
  deleteInstances,
  type InstanceKey,
  type InstanceRow,
  insertNotification,
  listGroups,
  listInstances,
  listSilences,
  resolveInstances,
  upsertGroup,
  upsertInstances,
} from './queries.js';
import { quietReason } from './quiet.js';
import { conditionOf, type Level, type Rule } from './rules.js';

/** Samples of a name, enough of them for a window of `over` seconds. */
export interface Samples {
  select(name: string, over: number): ReturnType<History['select']>;
}

export interface RoundParts {
  rules: readonly Rule[];
  samples: Samples;
  channels: Channels;
  installation: string;
}

/** What a level finds now. */
export function findingsOf(rule: Rule, level: Level, samples: Samples, at: Date) {
  const condition = conditionOf(rule, level);
  const { over } = readsOf(condition);
  const history: History = { select: (name) => samples.select(name, over) };
  return evaluate(condition, history, at.getTime() / 1_000);
}

export async function evaluateRound(tx: Tx, parts: RoundParts, at: Date): Promise<void> {
  const { rules, samples } = parts;
  const known = await listInstances(tx);
  const alive: (InstanceKey & AlertInstance)[] = [];
  const over: InstanceKey[] = [];
  for (const rule of rules) {
    if (!rule.isEnabled) continue;
    for (const level of rule.levels) {
      const own = known.filter((row) => row.rule === rule.id && row.severity === level.severity);
      const span = { forSeconds: level.forSeconds, keepSeconds: rule.keepSeconds };
      const next = step(
        own.map(instanceOf),
        findingsOf(rule, level, samples, at),
        at.getTime() / 1_000,
        span,
      );
      const keyed = <T extends AlertInstance>(one: T) => ({
        ...one,
        rule: rule.id,
        severity: level.severity,
        labelsText: textOf(one.labels),
      });
      alive.push(...next.alive.map(keyed));
      over.push(...next.over.map(keyed));
    }
  }
  const stays = new Set([...alive, ...over].map(idOf));
  const left = known
    .map(({ rule, severity, labels_text: labelsText, state }) => ({ rule, severity, labelsText, state }))
    .filter((one) => !stays.has(idOf(one)));
  await upsertInstances(tx, alive);
  // Of rules that were switched off or are no longer there.
  await resolveInstances(tx, [...over, ...left.filter(({ state }) => state === 'firing')], at);
  await deleteInstances(tx, left);
  await tell(tx, parts, at);
}

async function tell(tx: Tx, { rules, channels, installation }: RoundParts, at: Date): Promise<void> {
  const instances = await listInstances(tx, new Date(at.getTime() - limits.alertRepeatMs));
  const firing = instances.filter(({ state }) => state === 'firing');
  const [groups, silences] = [await listGroups(tx), await listSilences(tx, at)];
  const told = new Map(groups.map((group) => [`${group.rule} ${group.severity}`, group]));
  const loud = new Map<string, InstanceRow[]>();
  for (const alert of firing) {
    if (quietReason(alert, firing, rules, silences) !== undefined) continue;
    const key = `${alert.rule} ${alert.severity}`;
    loud.set(key, [...(loud.get(key) ?? []), alert]);
  }
  for (const key of new Set([...told.keys(), ...loud.keys()])) {
    const alerts = loud.get(key) ?? [];
    const [id, severity] = key.split(' ') as [string, Level['severity']];
    const group = told.get(key) ?? { rule: id, severity, opened_at: at, notified_at: null, told: [] };
    const labels = alerts.map((alert) => alert.labels_text);
    const state = {
      openedAt: group.opened_at.getTime(),
      notifiedAt: group.notified_at?.getTime() ?? null,
      told: group.told,
    };
    const news = newsOf(state, labels, at.getTime());
    if (news.tell === 'forget') await deleteGroup(tx, id, severity);
    else if (news.tell === 'nothing') await upsertGroup(tx, group);
    else {
      const rule = rules.find((one) => one.id === id);
      const ended = news.tell === 'firing' ? news.ended : group.told;
      const named = [
        ...alerts.map((alert): NamedAlert => namedOf(alert, 'firing', at)),
        ...instances
          .filter((one) => one.rule === id && one.severity === severity && one.state === 'resolved')
          .filter(({ labels_text: text }) => ended.includes(text))
          .map((alert): NamedAlert => namedOf(alert, 'resolved', at)),
      ];
      const telling = {
        rule: { id, summary: rule?.summary ?? id, group: rule?.group ?? 'process' },
        severity,
        status: news.tell,
        alerts: named,
        installation,
      };
      for (const channel of channels.of(severity)) {
        const body = bodyFor(channel, telling);
        const row = { id: uuidv7(at), channel, rule: id, severity, status: news.tell, body, created_at: at };
        await insertNotification(tx, row);
      }
      if (news.tell === 'resolved') await deleteGroup(tx, id, severity);
      else await upsertGroup(tx, { ...group, notified_at: at, told: labels });
    }
  }
}

function namedOf(row: InstanceRow, status: NamedAlert['status'], at: Date): NamedAlert {
  return {
    labels: row.labels,
    value: row.value,
    status,
    startsAt: row.fired_at ?? row.active_at,
    endsAt: status === 'resolved' ? (row.resolved_at ?? at) : null,
  };
}

function instanceOf(row: InstanceRow): AlertInstance {
  const seconds = (date: Date | null) => (date === null ? null : date.getTime() / 1_000);
  return {
    labels: row.labels,
    state: row.state === 'firing' ? 'firing' : 'pending',
    value: row.value,
    activeAt: row.active_at.getTime() / 1_000,
    firedAt: seconds(row.fired_at),
    keptSince: seconds(row.kept_since),
  };
}

function idOf({ rule, severity, labelsText }: InstanceKey): string {
  return `${rule} ${severity} ${labelsText}`;
}

/** Pause before the next attempt to send. */
export function pauseAfter(attempts: number): number {
  return Math.min(limits.alertBackoffMsMax, limits.alertBackoffMsMin * 2 ** (attempts - 1));
}
