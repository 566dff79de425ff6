/** What channels are told, in the form that each of them reads. */
import { createHash } from 'node:crypto';
import { limits } from '../limits.js';
import type { ChannelName } from './queries.js';
import { type Rule, runbookOf, type Severity } from './rules.js';

export interface NamedAlert {
  labels: Readonly<Record<string, string>>;
  value: number;
  status: 'firing' | 'resolved';
  startsAt: Date;
  endsAt: Date | null;
}

/** Everything that is said of one rule and severity at once. */
export interface Telling {
  rule: Pick<Rule, 'id' | 'summary' | 'group'>;
  severity: Severity;
  status: 'firing' | 'resolved';
  alerts: readonly NamedAlert[];
  installation: string;
}

/** The body for a channel, without its secrets: those are added when it is sent. */
export function bodyFor(channel: ChannelName, telling: Telling): object {
  if (channel === 'pagerduty') return pagerDutyEvent(telling);
  if (channel === 'slack') return slackMessage(telling);
  return channel === 'mail' ? mailContent(telling) : webhookPayload(telling);
}

/** The same for every message about one rule and severity, so that PagerDuty sees one incident. */
export function dedupKey({
  rule,
  severity,
  installation,
}: Pick<Telling, 'rule' | 'severity' | 'installation'>): string {
  return createHash('sha256').update(`${installation}\n${rule.id}\n${severity}`).digest('hex').slice(0, 40);
}

/** PagerDuty Events API v2; the routing key is added when it is sent. */
function pagerDutyEvent(telling: Telling): object {
  const { rule, severity, status, installation, alerts } = telling;
  const common = { dedup_key: dedupKey(telling), event_action: status === 'firing' ? 'trigger' : 'resolve' };
  if (status === 'resolved') return common;
  return {
    ...common,
    payload: {
      summary: title(telling),
      source: installation,
      severity,
      component: rule.group,
      group: rule.group,
      class: rule.id,
      custom_details: {
        alerts: alerts.slice(0, limits.alertNamedMax).map(line),
        runbook: runbookOf(rule.id),
      },
    },
  };
}

/** An incoming webhook of Slack. */
function slackMessage(telling: Telling): object {
  const { alerts, rule } = telling;
  const lines = alerts.slice(0, limits.alertNamedMax).map((alert) => `• ${slackText(line(alert))}`);
  const more = alerts.length - limits.alertNamedMax;
  return {
    text: slackText(title(telling)),
    blocks: [
      { type: 'section', text: { type: 'mrkdwn', text: `*${slackText(title(telling))}*` } },
      {
        type: 'section',
        text: {
          type: 'mrkdwn',
          text: [
            ...lines,
            ...(more > 0 ? [`and ${more} more`] : []),
            `What to do: \`${runbookOf(rule.id)}\``,
          ].join('\n'),
        },
      },
    ],
  };
}

/** What Slack would read as markup. */
function slackText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** As Alertmanager's webhook, version 4. */
function webhookPayload(telling: Telling): object {
  const { rule, severity, status, installation, alerts } = telling;
  const common = { alertname: rule.id, severity, group: rule.group };
  const annotations = { summary: rule.summary, runbook: runbookOf(rule.id) };
  return {
    version: '4',
    groupKey: `{}:{alertname="${rule.id}",severity="${severity}"}`,
    truncatedAlerts: Math.max(0, alerts.length - limits.alertNamedMax),
    status,
    receiver: 'dartwing',
    groupLabels: { alertname: rule.id, severity },
    commonLabels: common,
    commonAnnotations: annotations,
    externalURL: installation,
    alerts: alerts.slice(0, limits.alertNamedMax).map(({ labels, status: own, startsAt, endsAt }) => ({
      status: own,
      labels: { ...common, ...labels },
      annotations,
      startsAt: startsAt.toISOString(),
      endsAt: endsAt?.toISOString() ?? '0001-01-01T00:00:00Z',
      generatorURL: installation,
      fingerprint: createHash('sha256')
        .update(JSON.stringify([rule.id, severity, labels]))
        .digest('hex')
        .slice(0, 16),
    })),
  };
}

function mailContent(telling: Telling): object {
  const { alerts, rule } = telling;
  const text = [
    title(telling),
    '',
    ...alerts.slice(0, limits.alertNamedMax).map((alert) => `- ${line(alert)}`),
    '',
    `What to do: ${runbookOf(rule.id)}, or dartwing alert show ${rule.id}`,
  ].join('\n');
  return { subject: title(telling), text };
}

function title({ rule, severity, status, installation }: Telling): string {
  return `[${status === 'firing' ? severity.toUpperCase() : 'RESOLVED'}] ${rule.summary} (${rule.id}, ${installation})`;
}

function line({ labels, value, status, startsAt, endsAt }: NamedAlert): string {
  const names = Object.entries(labels).map(([name, text]) => `${name} ${text}`);
  const since = `since ${startsAt.toISOString()}`;
  const shown = Number(value.toPrecision(4));
  const state =
    status === 'firing' ? `${shown}, ${since}` : `over since ${endsAt?.toISOString() ?? 'just now'}`;
  return names.length === 0 ? state : `${names.join(', ')}: ${state}`;
}
