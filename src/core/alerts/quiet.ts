/** Who is not told of: silenced alerts, and those that say nothing new beside another. */
import type { InstanceRow, SilenceRow } from './queries.js';
import type { Rule } from './rules.js';

export type Firing = Pick<InstanceRow, 'rule' | 'severity' | 'labels' | 'labels_text'>;

const weights = { critical: 2, warning: 1, info: 0 } as const;

/** Why nobody is told of an alert; undefined when somebody is. */
export function quietReason(
  alert: Firing,
  all: readonly Firing[],
  rules: readonly Pick<Rule, 'id' | 'inhibits'>[],
  silences: readonly Pick<SilenceRow, 'id' | 'matchers'>[],
): { kind: 'silenced' | 'inhibited'; by: string } | undefined {
  const silence = silences.find(({ matchers }) => isMatched(alert, matchers));
  if (silence !== undefined) return { kind: 'silenced', by: silence.id };
  const worse = all.find(
    (other) =>
      other.rule === alert.rule &&
      other.labels_text === alert.labels_text &&
      weights[other.severity] > weights[alert.severity],
  );
  if (worse !== undefined) return { kind: 'inhibited', by: `${worse.rule} (${worse.severity})` };
  const other = rules.find(
    ({ id, inhibits }) =>
      id !== alert.rule &&
      (inhibits.includes('*') || inhibits.includes(alert.rule)) &&
      all.some(({ rule }) => rule === id),
  );
  return other === undefined ? undefined : { kind: 'inhibited', by: other.id };
}

/** Matchers compare the name of the rule, the severity and labels, exactly; all of them have to hold. */
export function isMatched({ rule, severity, labels }: Firing, matchers: SilenceRow['matchers']): boolean {
  const facts: Readonly<Record<string, string>> = { ...labels, rule, severity };
  return Object.entries(matchers).every(([name, value]) => facts[name] === value);
}
