import { loadConfig } from '../../core/config.js';
import { configKeyNames } from '../../core/config-keys.js';
import { asDartwingError, type DartwingError, type FieldError } from '../../core/errors.js';
import type { VerbRun } from '../spec.js';

const codes = [
  'CONFIG_INVALID',
  'CONFIG_SECRET_IN_PROJECT',
  'CONFIG_PERMISSIONS',
  'PROFILE_NOT_FOUND',
  'BAD_FILE',
];

export const run: VerbRun = async ({ configInput }) => {
  const { only: _, ...everything } = configInput;
  const error = await loadConfig(everything).then(() => undefined, asDartwingError);
  if (error !== undefined && !codes.includes(error.code)) throw error;
  const findings = error === undefined ? [] : findingsOf(error);
  const fail = findings.length;
  return {
    document: {
      api_version: 'dartwing/v1',
      kind: 'Report',
      check: 'config.validate',
      ok: fail === 0,
      findings,
      summary: { pass: Math.max(0, configKeyNames.length - fail), warn: 0, fail },
    },
    findings: fail > 0,
    table: { columns: [], sentence: fail === 0 ? 'The configuration is valid' : lines(findings) },
  };
};

function findingsOf(error: DartwingError) {
  const fix = error.fix[0] ?? '';
  if (error.fields.length === 0) return [{ id: error.code, severity: 'fail', what: error.message, fix }];
  return error.fields.map((field) => ({
    id: field.path || error.code,
    severity: 'fail',
    what: describe(field),
    fix,
  }));
}

function describe({ file, line, column, path, message }: FieldError): string {
  return file === undefined ? `${path} ${message}` : `${file}:${line ?? 1}:${column ?? 1} ${message}`;
}

function lines(findings: readonly { what: string }[]): string {
  return findings.map(({ what }) => what).join('\n');
}
