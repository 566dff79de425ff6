/**
 * Alerts: rules over the metrics of all processes, who is told, and what to do.
 *
 *     const watch = dartwing.alerts.watch();      // in a process that lives; serve, worker and up do it
 *     await dartwing.alerts.list();
 *
 * Every process keeps a sample of its metrics each fifteen seconds; one of them at a time evaluates the rules of
 * templates/alerts over the samples of all, in one transaction with what became of each alert and with the messages
 * about it. So a process that dies, or ten of them, change nothing. The same rules are exported for Prometheus
 * (`exportRules`); both fire at the same steps, which a test shows on random series.
 *
 * An alert is pending until it has held for its span. First words wait half a minute for others of the same rule, news
 * five minutes, and what goes on is repeated after four hours. Critical ones go to PagerDuty and Slack, warnings to
 * Slack; a webhook gets all of them in Alertmanager's form, signed as Standard Webhooks say; mail goes to addresses. A
 * message is sent at least once, and carries an id by which a receiver knows it again.
 *
 * Limits: `sample…`, `alert…` and `silence…` in limits.ts. Audit, in the installation's trail: alert.rule.set,
 * alert.rule.reset, alert.silence, alert.silence.end. No message and no label names an organization or a person.
 */
export type { Causes } from './causes.js';
export type { AlertOptions } from './channels.js';
export type { AlertDocument, RuleDocument, SilenceDocument } from './document.js';
export type { RuleFile } from './export.js';
export { type AlertList, type Alerts, openAlerts, type RuleChanges } from './room.js';
export { type Rule, readRules, type Severity } from './rules.js';
export { tryLevel } from './trial.js';
export type { Watch } from './watch.js';
