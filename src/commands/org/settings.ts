/** `--set key=value`: settings of an organization and, with the type in front or not, fields of its concrete record. */
import type { OrganizationChanges } from '../../core/index.js';

const settingNames = [
  'name',
  'tier',
  'logo',
  'status',
  'legal_hold',
  'mfa_required',
  'session_timeout_minutes',
];
const typeNames = ['family', 'company', 'nonprofit', 'association'];

/**
 * Sorts pairs into settings and concrete fields. Values are read as YAML scalars: true, 12, null or text.
 */
export function changesFrom(pairs: readonly (readonly [string, string])[]): OrganizationChanges {
  const settings: Record<string, unknown> = {};
  const concrete: Record<string, unknown> = {};
  for (const [key, text] of pairs) {
    const [first, ...rest] = key.split('.');
    const isTyped = first !== undefined && typeNames.includes(first) && rest.length > 0;
    if (isTyped) concrete[rest.join('.')] = scalar(text);
    else if (settingNames.includes(key)) settings[key] = scalar(text);
    else concrete[key] = scalar(text);
  }
  return { ...settings, ...(Object.keys(concrete).length > 0 ? { concrete } : {}) } as OrganizationChanges;
}

function scalar(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  if (text === 'null' || text === '') return null;
  if (/^-?(0|[1-9]\d{0,14})(\.\d{1,6})?$/.test(text)) return Number(text);
  const quoted = /^"(.*)"$/s.exec(text);
  return quoted ? quoted[1] : text;
}
