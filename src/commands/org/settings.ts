/** `--set key=value`: settings of an organization and, with the type in front or not, fields of its concrete record. */
import type { OrganizationChanges } from '../../core/index.js';
import { concreteTypes } from '../../core/tenancy/index.js';

const settingNames = [
  'name',
  'tier',
  'logo',
  'status',
  'legal_hold',
  'mfa_required',
  'session_timeout_minutes',
];
/** Fields that hold something else than text, so that 77 is a number there and a text in all others. */
const scalarKinds = ['boolean', 'minutes', 'cents', 'signed_cents', 'percent'];
const scalarFields = new Set([
  'legal_hold',
  'mfa_required',
  'session_timeout_minutes',
  ...Object.values(concreteTypes).flatMap(({ fields }) =>
    Object.keys(fields).filter((key) => scalarKinds.includes(fields[key] as string)),
  ),
]);

/**
 * Sorts pairs into settings and concrete fields, which may have the type in front. Values are read as the field wants
 * them: true, 12 or text; null and nothing empty it.
 */
export function changesFrom(pairs: readonly (readonly [string, string])[]): OrganizationChanges {
  const settings: Record<string, unknown> = {};
  const concrete: Record<string, unknown> = {};
  for (const [key, text] of pairs) {
    const value = scalarFields.has(key.slice(key.indexOf('.') + 1)) ? scalar(text) : textOf(text);
    if (settingNames.includes(key)) settings[key] = value;
    else concrete[key] = value;
  }
  return { ...settings, ...(Object.keys(concrete).length > 0 ? { concrete } : {}) } as OrganizationChanges;
}

function scalar(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  if (/^-?(0|[1-9]\d{0,14})(\.\d{1,6})?$/.test(text)) return Number(text);
  return textOf(text);
}

function textOf(text: string): string | null {
  if (text === 'null' || text === '') return null;
  const quoted = /^"(.*)"$/s.exec(text);
  return quoted ? quoted[1]! : text;
}
