/** Rules as a file of Prometheus. */
import { durationText, promqlOf } from './promql.js';
import { conditionOf, type Rule, runbookOf } from './rules.js';

/** A rule file: what `promtool check rules` takes, as YAML or as JSON. */
export interface RuleFile {
  groups: { name: string; interval: string; rules: PrometheusRule[] }[];
}

export interface PrometheusRule {
  alert: string;
  expr: string;
  for?: string;
  keep_firing_for?: string;
  labels: { severity: string; group: string };
  annotations: { summary: string; runbook: string };
}

/** One alert per level, in one group per preset. */
export function ruleFile(rules: readonly Rule[], interval = '15s'): RuleFile {
  const groups = new Map<string, PrometheusRule[]>();
  for (const rule of rules.filter(({ isEnabled }) => isEnabled))
    for (const level of rule.levels) {
      const of = groups.get(rule.preset) ?? [];
      groups.set(rule.preset, of);
      of.push({
        alert: rule.id,
        expr: promqlOf(conditionOf(rule, level)),
        ...(level.forSeconds === 0 ? {} : { for: durationText(level.forSeconds) }),
        ...(rule.keepSeconds === 0 ? {} : { keep_firing_for: durationText(rule.keepSeconds) }),
        labels: { severity: level.severity, group: rule.group },
        annotations: { summary: rule.summary, runbook: runbookOf(rule.id) },
      });
    }
  return { groups: [...groups].map(([name, of]) => ({ name: `dartwing_${name}`, interval, rules: of })) };
}
