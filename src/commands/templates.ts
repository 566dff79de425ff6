/** The templates of projects: the folders of templates/ that hold a dartwing.yaml and an org.yaml. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DartwingError, nearest } from '../core/errors.js';
import { packageRoot } from '../core/package-root.js';

export interface ProjectTemplate {
  name: string;
  /** First comment line of its org.yaml. */
  summary: string;
  directory: string;
  files: readonly string[];
}

/** All templates by name. */
export function listTemplates(): ProjectTemplate[] {
  const folder = join(packageRoot(), 'templates');
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => existsSync(join(folder, entry.name, 'org.yaml')))
    .map(({ name }) => {
      const directory = join(folder, name);
      const first = readFileSync(join(directory, 'org.yaml'), 'utf8').split('\n')[0] ?? '';
      return { name, summary: first.replace(/^#\s*/, ''), directory, files: readdirSync(directory).sort() };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** @throws TEMPLATE_NOT_FOUND with the nearest name */
export function requireTemplate(name: string): ProjectTemplate {
  const all = listTemplates();
  const found = all.find((template) => template.name === name);
  if (found) return found;
  const names = all.map((template) => template.name);
  const near = nearest(name, names);
  const suggestion = `${near ? `Did you mean ${near}? ` : ''}There are ${names.join(', ')}`;
  throw new DartwingError('TEMPLATE_NOT_FOUND', { name: name.slice(0, 80), suggestion });
}
