/** Documents of this room. */
import type { Channels } from './channels.js';
import { promqlOf } from './promql.js';
import type { InstanceRow, SilenceRow } from './queries.js';
import { conditionOf, type Preset, type Rule, runbookOf, type Severity } from './rules.js';

/** The document `Alert`. */
export interface AlertDocument {
  kind: 'Alert';
  rule: string;
  severity: Severity;
  state: 'pending' | 'firing' | 'resolved';
  summary: string;
  labels: Record<string, string>;
  value: number;
  since: string;
  resolved_at: string | null;
  /** Why nobody is told of it. */
  quiet: string | null;
  runbook: string;
}

export function alertDocument(
  row: InstanceRow,
  rules: readonly Pick<Rule, 'id' | 'summary'>[],
  quiet: { kind: string; by: string } | undefined,
): AlertDocument {
  return {
    kind: 'Alert',
    rule: row.rule,
    severity: row.severity,
    state: row.state,
    summary: rules.find(({ id }) => id === row.rule)?.summary ?? 'A rule that is no longer there',
    labels: row.labels,
    value: row.value,
    since: (row.fired_at ?? row.active_at).toISOString(),
    resolved_at: row.resolved_at?.toISOString() ?? null,
    quiet: quiet === undefined ? null : `${quiet.kind} by ${quiet.by}`,
    runbook: runbookOf(row.rule),
  };
}

/** The document `AlertRule`. */
export interface RuleDocument {
  kind: 'AlertRule';
  id: string;
  preset: Preset;
  group: string;
  summary: string;
  enabled: boolean;
  levels: {
    severity: Severity;
    threshold: number;
    for_seconds: number;
    channels: string[];
    promql: string;
  }[];
  keep_seconds: number;
  inhibits: string[];
  runbook: string;
}

export function ruleDocument(rule: Rule, channels: Pick<Channels, 'of'>): RuleDocument {
  return {
    kind: 'AlertRule',
    id: rule.id,
    preset: rule.preset,
    group: rule.group,
    summary: rule.summary,
    enabled: rule.isEnabled,
    levels: rule.levels.map((level) => ({
      severity: level.severity,
      threshold: level.threshold,
      for_seconds: level.forSeconds,
      channels: [...channels.of(level.severity)],
      promql: promqlOf(conditionOf(rule, level)),
    })),
    keep_seconds: rule.keepSeconds,
    inhibits: [...rule.inhibits],
    runbook: runbookOf(rule.id),
  };
}

/** The document `AlertSilence`. */
export interface SilenceDocument {
  kind: 'AlertSilence';
  id: string;
  matchers: Record<string, string>;
  reason: string;
  created_by: string;
  created_at: string;
  until: string;
  ended_at: string | null;
}

export function silenceDocument(row: SilenceRow): SilenceDocument {
  const { id, matchers, reason, created_by, created_at, until, ended_at } = row;
  return {
    kind: 'AlertSilence',
    id,
    matchers,
    reason,
    created_by,
    created_at: created_at.toISOString(),
    until: until.toISOString(),
    ended_at: ended_at?.toISOString() ?? null,
  };
}
