/** Every SQL statement of this room. */
import type { Tx } from '../db/index.js';
import type { AlertInstance } from './life.js';
import type { RuleChange, Severity } from './rules.js';

type Row<T> = T & Record<string, unknown>;

/** Takes the right to evaluate for this transaction; undefined when somebody else has it. */
export async function lockWatch(tx: Tx): Promise<{ evaluated_at: Date | null; now: Date } | undefined> {
  const text = 'select evaluated_at, clock_timestamp() as now from alert_watch for update skip locked';
  type Watch = Row<{ evaluated_at: Date | null; now: Date }>;
  return (await tx.query<Watch>(text, [], 'dartwing_alert_lock')).rows[0];
}

export async function noteEvaluation(tx: Tx, at: Date): Promise<void> {
  await tx.query('update alert_watch set evaluated_at = $1', [at], 'dartwing_alert_evaluated');
}

export async function findEvaluation(tx: Tx): Promise<{ evaluated_at: Date | null; now: Date }> {
  const text = 'select evaluated_at, clock_timestamp() as now from alert_watch';
  return (await tx.query<Row<{ evaluated_at: Date | null; now: Date }>>(text)).rows[0]!;
}

export async function databaseTime(tx: Tx): Promise<Date> {
  return (await tx.query<{ now: Date }>('select clock_timestamp() as now', [], 'dartwing_alert_time'))
    .rows[0]!.now;
}

export async function listRuleChanges(tx: Tx): Promise<RuleChange[]> {
  const text = `select rule, severity, threshold, for_seconds as "forSeconds", is_enabled as "isEnabled" from alert_rule`;
  return (await tx.query<Row<RuleChange>>(text, [], 'dartwing_alert_rules')).rows;
}

export async function upsertRuleChange(tx: Tx, change: RuleChange, at: Date, by: string): Promise<void> {
  const text = `insert into alert_rule as r (rule, severity, threshold, for_seconds, is_enabled, modified_at, modified_by)
    values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (rule, severity) do update set threshold = coalesce(excluded.threshold, r.threshold),
      for_seconds = coalesce(excluded.for_seconds, r.for_seconds), is_enabled = coalesce(excluded.is_enabled, r.is_enabled),
      modified_at = excluded.modified_at, modified_by = excluded.modified_by`;
  const { rule, severity, threshold, forSeconds, isEnabled } = change;
  await tx.query(text, [rule, severity, threshold, forSeconds, isEnabled, at, by]);
}

/** Takes a rule back to what it was shipped as. */
export async function deleteRuleChanges(tx: Tx, rule: string): Promise<number> {
  return (await tx.query('delete from alert_rule where rule = $1', [rule])).rowCount;
}

export interface InstanceRow {
  rule: string;
  severity: Severity;
  labels_text: string;
  labels: Record<string, string>;
  state: 'pending' | 'firing' | 'resolved';
  value: number;
  active_at: Date;
  fired_at: Date | null;
  kept_since: Date | null;
  resolved_at: Date | null;
}

/** Alerts that hold or fire; with `resolvedSince` also those that ended since then. */
export async function listInstances(tx: Tx, resolvedSince?: Date): Promise<InstanceRow[]> {
  const text = `select rule, severity, labels_text, labels, state, value, active_at, fired_at, kept_since, resolved_at
    from alert_instance where state <> 'resolved' or resolved_at >= $1
    order by state, array_position(array['critical', 'warning', 'info'], severity), active_at, rule, labels_text`;
  return (await tx.query<Row<InstanceRow>>(text, [resolvedSince ?? null], 'dartwing_alert_instances')).rows;
}

export interface InstanceKey {
  rule: string;
  severity: Severity;
  labelsText: string;
}

export async function upsertInstances(
  tx: Tx,
  instances: readonly (InstanceKey & AlertInstance)[],
): Promise<void> {
  if (instances.length === 0) return;
  const text = `insert into alert_instance (rule, severity, labels_text, labels, state, value, active_at, fired_at, kept_since)
    select rule, severity, labels_text, labels, state, value, to_timestamp(active_at), to_timestamp(fired_at), to_timestamp(kept_since)
    from jsonb_to_recordset($1::jsonb) as i (rule text, severity text, labels_text text, labels jsonb, state text,
      value double precision, active_at double precision, fired_at double precision, kept_since double precision)
    on conflict (rule, severity, labels_text) do update set state = excluded.state, value = excluded.value,
      active_at = excluded.active_at, fired_at = excluded.fired_at, kept_since = excluded.kept_since, resolved_at = null`;
  const rows = instances.map(({ rule, severity, labelsText, labels, state, value, ...times }) => ({
    rule,
    severity,
    labels_text: labelsText,
    labels,
    state,
    // JSON knows no infinity, and a quotient by nothing is one.
    value: Number.isFinite(value) ? value : Number.MAX_SAFE_INTEGER,
    active_at: times.activeAt,
    fired_at: times.firedAt,
    kept_since: times.keptSince,
  }));
  await tx.query(text, [JSON.stringify(rows)], 'dartwing_alert_upsert');
}

export async function resolveInstances(tx: Tx, keys: readonly InstanceKey[], at: Date): Promise<void> {
  if (keys.length === 0) return;
  const text = `update alert_instance i set state = 'resolved', resolved_at = $2
    from jsonb_to_recordset($1::jsonb) as k (rule text, severity text, "labelsText" text)
    where i.rule = k.rule and i.severity = k.severity and i.labels_text = k."labelsText"`;
  await tx.query(text, [JSON.stringify(keys.map(keyRow)), at], 'dartwing_alert_resolve');
}

/** Forgets what was only pending. */
export async function deleteInstances(tx: Tx, keys: readonly InstanceKey[]): Promise<void> {
  if (keys.length === 0) return;
  const text = `delete from alert_instance i using jsonb_to_recordset($1::jsonb) as k (rule text, severity text, "labelsText" text)
    where i.rule = k.rule and i.severity = k.severity and i.labels_text = k."labelsText" and i.state = 'pending'`;
  await tx.query(text, [JSON.stringify(keys.map(keyRow))], 'dartwing_alert_forget');
}

function keyRow({ rule, severity, labelsText }: InstanceKey): InstanceKey {
  return { rule, severity, labelsText };
}

export interface GroupRow {
  rule: string;
  severity: Severity;
  opened_at: Date;
  notified_at: Date | null;
  told: string[];
}

export async function listGroups(tx: Tx): Promise<GroupRow[]> {
  const text = 'select rule, severity, opened_at, notified_at, told from alert_group';
  return (await tx.query<Row<GroupRow>>(text, [], 'dartwing_alert_groups')).rows;
}

export async function upsertGroup(
  tx: Tx,
  { rule, severity, opened_at, notified_at, told }: GroupRow,
): Promise<void> {
  const text = `insert into alert_group (rule, severity, opened_at, notified_at, told) values ($1, $2, $3, $4, $5)
    on conflict (rule, severity) do update set notified_at = excluded.notified_at, told = excluded.told`;
  await tx.query(text, [rule, severity, opened_at, notified_at, JSON.stringify(told)]);
}

export async function deleteGroup(tx: Tx, rule: string, severity: Severity): Promise<void> {
  await tx.query('delete from alert_group where rule = $1 and severity = $2', [rule, severity]);
}

export type ChannelName = 'pagerduty' | 'slack' | 'webhook' | 'mail';

export interface NotificationRow {
  id: string;
  channel: ChannelName;
  rule: string;
  severity: Severity;
  status: 'firing' | 'resolved';
  body: unknown;
  created_at: Date;
  attempts: number;
}

export async function insertNotification(tx: Tx, row: Omit<NotificationRow, 'attempts'>): Promise<void> {
  const text = `insert into alert_notification (id, channel, rule, severity, status, body, created_at, due_at)
    values ($1, $2, $3, $4, $5, $6, $7, $7)`;
  const { id, channel, rule, severity, status, body, created_at } = row;
  await tx.query(text, [id, channel, rule, severity, status, JSON.stringify(body), created_at]);
}

/** Takes messages that are due, one attempt each: nobody else takes them while it may last. */
export async function claimNotifications(tx: Tx, leaseMs: number, most: number): Promise<NotificationRow[]> {
  const text = `update alert_notification n set attempts = attempts + 1,
      due_at = clock_timestamp() + $1 * interval '1 millisecond'
    where id in (select id from alert_notification where sent_at is null and given_up_at is null
      and due_at <= clock_timestamp() order by due_at limit $2 for update skip locked)
    returning id, channel, rule, severity, status, body, created_at, attempts`;
  return (await tx.query<Row<NotificationRow>>(text, [leaseMs, most], 'dartwing_alert_claim')).rows;
}

export async function noteSent(tx: Tx, id: string): Promise<void> {
  await tx.query('update alert_notification set sent_at = clock_timestamp(), error = null where id = $1', [
    id,
  ]);
}

/** Puts a message off, or gives it up. */
export async function noteFailed(
  tx: Tx,
  id: string,
  error: string,
  pauseMs: number | undefined,
): Promise<void> {
  const text = `update alert_notification set error = $2,
      due_at = case when $3::float8 is null then due_at else clock_timestamp() + $3 * interval '1 millisecond' end,
      given_up_at = case when $3::float8 is null then clock_timestamp() end where id = $1`;
  await tx.query(text, [id, error, pauseMs ?? null]);
}

export interface SilenceRow {
  id: string;
  matchers: Record<string, string>;
  reason: string;
  created_by: string;
  created_at: Date;
  until: Date;
  ended_at: Date | null;
}

export async function listSilences(tx: Tx, now: Date): Promise<SilenceRow[]> {
  const text = `select id, matchers, reason, created_by, created_at, until, ended_at from alert_silence
    where ended_at is null and until > $1 order by created_at, id`;
  return (await tx.query<Row<SilenceRow>>(text, [now], 'dartwing_alert_silences')).rows;
}

export async function insertSilence(tx: Tx, row: Omit<SilenceRow, 'ended_at'>): Promise<void> {
  const text = `insert into alert_silence (id, matchers, reason, created_by, created_at, until) values ($1, $2, $3, $4, $5, $6)`;
  const { id, matchers, reason, created_by, created_at, until } = row;
  await tx.query(text, [id, JSON.stringify(matchers), reason, created_by, created_at, until]);
}

export async function endSilence(tx: Tx, id: string, at: Date, by: string): Promise<SilenceRow | undefined> {
  const text = `update alert_silence set ended_at = $2, ended_by = $3 where id = $1 and ended_at is null and until > $2
    returning id, matchers, reason, created_by, created_at, until, ended_at`;
  return (await tx.query<Row<SilenceRow>>(text, [id, at, by])).rows[0];
}

export async function deleteOld(tx: Tx, before: Date): Promise<void> {
  await tx.query("delete from alert_instance where state = 'resolved' and resolved_at < $1", [before]);
  await tx.query('delete from alert_notification where coalesce(sent_at, given_up_at) < $1', [before]);
  await tx.query('delete from alert_silence where until < $1', [before]);
}
