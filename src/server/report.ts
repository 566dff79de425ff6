/** The document `Report` of a check over HTTP. */

interface Found {
  findings: readonly { severity: string }[];
  /** How many were looked at and are well. */
  pass: number;
}

/** What was found, counted by severity. */
export function reportOf(check: string, { findings, pass }: Found) {
  const count = (severity: string) => findings.filter((finding) => finding.severity === severity).length;
  return {
    api_version: 'dartwing/v1' as const,
    kind: 'Report' as const,
    check,
    ok: count('fail') === 0,
    findings,
    summary: { pass, warn: count('warn'), fail: count('fail') },
  };
}
