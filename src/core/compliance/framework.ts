/** The frameworks that come with dartwing: templates/compliance. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { DartwingError, nearest } from '../errors.js';
import { packageRoot } from '../package-root.js';
import { settingsSchema } from './settings.js';

const schema = z.strictObject({
  framework: z.string().regex(/^[a-z][a-z0-9]{1,19}$/),
  title: z.string().min(1),
  authority: z.string().min(1),
  summary: z.string().min(1),
  settings: settingsSchema,
  /** Where data of its organizations may be. */
  regions: z.array(z.string()).min(1),
  /** The clause that each control answers. */
  controls: z.record(z.string(), z.string().min(1)),
});

export type Framework = z.output<typeof schema>;

export interface Frameworks {
  all(): readonly Framework[];
  /** @throws FRAMEWORK_UNKNOWN */
  require(name: string): Framework;
}

/** @throws CONFIG_INVALID naming file and field */
export function readFrameworks(
  controls: ReadonlySet<string>,
  folder: string = join(packageRoot(), 'templates', 'compliance'),
): Frameworks {
  const frameworks = readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .map((file) => readOne(file, parse(readFileSync(join(folder, file), 'utf8')), controls));
  return {
    all: () => frameworks,
    require: (name) => {
      const found = frameworks.find(({ framework }) => framework === name);
      if (found !== undefined) return found;
      const names = frameworks.map(({ framework }) => framework);
      const near = nearest(name, names);
      throw new DartwingError('FRAMEWORK_UNKNOWN', {
        framework: name.slice(0, 40),
        known: names.join(', '),
        suggestion: near === undefined ? '' : `Did you mean ${near}?`,
      });
    },
  };
}

function readOne(file: string, value: unknown, controls: ReadonlySet<string>): Framework {
  const read = schema.safeParse(value);
  const invalid = (message: string) => new DartwingError('CONFIG_INVALID', { where: file, message });
  if (!read.success) {
    const [issue] = read.error.issues;
    throw invalid(`${issue?.path.join('.')}: ${issue?.message}`);
  }
  const unknown = Object.keys(read.data.controls).find((id) => !controls.has(id));
  if (unknown !== undefined) throw invalid(`there is no control ${unknown}`);
  return Object.freeze(read.data);
}
