/** The report for an auditor: one document, which can also be read as Markdown or HTML. Pure but for what it reads. */
import type { Scope } from '../access/index.js';
import { limits } from '../limits.js';
import type { OrganizationRow } from '../tenancy/index.js';
import type { Site } from './control.js';
import { type EvidenceRow, listEvidence, listPolicies } from './queries.js';
import { agreementOf, type ComplianceStatus, checkControls, statusOf } from './status.js';

export const reportFormats = ['md', 'json', 'html'] as const;
export type ReportFormat = (typeof reportFormats)[number];

/** The document `ComplianceReport`. */
export interface ComplianceReport {
  api_version: 'dartwing/v1';
  kind: 'ComplianceReport';
  org: string;
  organization: string;
  region: string;
  generated_at: string;
  since: string;
  /** What this is and what it is not. */
  notice: string;
  frameworks: (ComplianceStatus & { title: string; authority: string })[];
  exceptions: Readonly<Record<string, string>>;
  baa: { state: string; expires_on: string | null };
  policies: {
    version: number;
    frameworks: readonly string[];
    hash: string;
    reason: string;
    at: string;
    by: string;
  }[];
  evidence: { control: string; at: string; result: string; evidence: string; policy_version: number }[];
  /** Whether there was more evidence than fits; a later `since` shows the rest. */
  evidence_truncated: boolean;
}

const notice =
  'This report tells what the technical controls of dartwing did when they were tried. It certifies nothing and nobody: ' +
  'whether an organization meets a framework is for its assessors to say.';

export async function composeReport(site: Site, since: Date): Promise<ComplianceReport> {
  const { scope, organization, policy, frameworks } = site;
  const statuses: ComplianceReport['frameworks'] = [];
  for (const framework of frameworks) {
    const { title, authority } = framework;
    statuses.push({
      ...statusOf(site, framework, await checkControls(site, framework)),
      title,
      authority,
    });
  }
  const rows = await listEvidence(scope.tx, organization.id, since, limits.evidenceRowsMax + 1);
  return {
    api_version: 'dartwing/v1',
    kind: 'ComplianceReport',
    ...facts(scope, organization),
    since: since.toISOString(),
    notice,
    frameworks: statuses,
    exceptions: policy.exceptions,
    baa: await agreementOf(scope, organization.id),
    policies: (await listPolicies(scope.tx, organization.id)).map((row) => ({
      version: row.version,
      frameworks: row.frameworks,
      hash: row.hash,
      reason: row.reason,
      at: row.created_at.toISOString(),
      by: row.created_by,
    })),
    evidence: rows.slice(0, limits.evidenceRowsMax).map(evidenceOf),
    evidence_truncated: rows.length > limits.evidenceRowsMax,
  };
}

function facts({ clock }: Scope, { slug, id, region }: OrganizationRow) {
  return { org: slug, organization: id, region, generated_at: clock.now().toISOString() };
}

function evidenceOf({ control, checked_at, result, evidence, policy_version }: EvidenceRow) {
  return { control, at: checked_at.toISOString(), result, evidence, policy_version };
}

/** The report as a file. */
export function renderReport(report: ComplianceReport, format: ReportFormat): string {
  if (format === 'json') return `${JSON.stringify(report, null, 2)}\n`;
  return format === 'md' ? markdownOf(report) : htmlOf(report);
}

/** A heading, paragraphs and tables: what both formats show. */
type Part = { heading: string } | { text: string } | { columns: string[]; rows: string[][] };

function partsOf(report: ComplianceReport): Part[] {
  const { org, organization, region, generated_at, since, frameworks, exceptions, baa, policies, evidence } =
    report;
  const parts: Part[] = [
    { text: `${organization} in ${region}, on ${generated_at}. ${report.notice}` },
    {
      text: `Business associate agreement: ${baa.state}${baa.expires_on ? `, until ${baa.expires_on}` : ''}.`,
    },
  ];
  if (frameworks.length === 0) parts.push({ text: `No framework is enabled for ${org}.` });
  for (const { title, authority, controls, items } of frameworks) {
    const { pass, warn, fail } = controls;
    parts.push(
      { heading: `${title} (${authority})` },
      { text: `${pass} controls passed, ${warn} with a reservation, ${fail} failed.` },
      {
        columns: ['Control', 'Result', 'Clause', 'What was seen', 'Enforced by'],
        rows: items.map((item) => [
          `${item.id}: ${item.title}`,
          item.result,
          item.citation,
          item.evidence,
          item.enforced,
        ]),
      },
    );
  }
  const answered = Object.entries(exceptions);
  if (answered.length > 0)
    parts.push(
      { heading: 'Answered for outside of dartwing' },
      { columns: ['Control', 'Reason'], rows: answered.map(([control, reason]) => [control, reason]) },
    );
  parts.push(
    { heading: 'Policies' },
    {
      columns: ['Version', 'In force from', 'Frameworks', 'By', 'Reason', 'Hash'],
      rows: policies.map(({ version, at, frameworks: names, by, reason, hash }) => [
        String(version),
        at,
        names.join(', ') || 'none',
        by,
        reason,
        hash.slice(0, 16),
      ]),
    },
    { heading: `Evidence since ${since}` },
    {
      columns: ['At', 'Control', 'Result', 'What was seen'],
      rows: evidence.map(({ at, control, result, evidence: seen }) => [at, control, result, seen]),
    },
  );
  if (report.evidence_truncated) parts.push({ text: 'There is more evidence: ask for a shorter time.' });
  return parts;
}

function markdownOf(report: ComplianceReport): string {
  const cell = (text: string) => text.replace(/\s+/g, ' ').replace(/[\\|<>[\]*_`]/g, '\\$&');
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const blocks = partsOf(report).map((part) => {
    if ('heading' in part) return `## ${cell(part.heading)}`;
    if ('text' in part) return cell(part.text);
    return [
      row(part.columns),
      row(part.columns.map(() => '---')),
      ...part.rows.map((cells) => row(cells.map(cell))),
    ].join('\n');
  });
  return `${[`# Compliance of ${cell(report.org)}`, ...blocks].join('\n\n')}\n`;
}

function htmlOf(report: ComplianceReport): string {
  const text = (value: string) => value.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
  const cells = (values: readonly string[], tag: 'td' | 'th') =>
    `<tr>${values.map((value) => `<${tag}>${text(value)}</${tag}>`).join('')}</tr>`;
  const blocks = partsOf(report).map((part) => {
    if ('heading' in part) return `<h2>${text(part.heading)}</h2>`;
    if ('text' in part) return `<p>${text(part.text)}</p>`;
    return `<table>\n${cells(part.columns, 'th')}\n${part.rows.map((row) => cells(row, 'td')).join('\n')}\n</table>`;
  });
  const title = text(`Compliance of ${report.org}`);
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${title}</title>
<style>body{font:14px/1.5 system-ui,sans-serif;margin:2rem;max-width:72rem}table{border-collapse:collapse;width:100%}td,th{border:1px solid #ccc;padding:.3rem .5rem;text-align:left;vertical-align:top}</style>
</head>
<body>
<h1>${title}</h1>
${blocks.join('\n')}
</body>
</html>
`;
}
