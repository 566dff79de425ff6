/**
 * The schemas of all documents by kind: `dartwing schema` prints them, and the tests hold every answer against
 * them. Loaded only where they are needed.
 */
import { z } from 'zod';
import { documentSchemas } from '../../core/schemas/index.js';
import { commandLine } from './command-line.js';
import { configFileSchema } from './config-file.js';
import { installation } from './installation.js';
import { operations } from './operations.js';

export const schemas: Readonly<Record<string, z.ZodType>> = {
  ...documentSchemas,
  ...installation,
  ...operations,
  ...commandLine,
  ConfigFile: configFileSchema(),
};

/** JSON Schema (draft 2020-12) of a kind, or undefined when there is none. */
export function jsonSchema(kind: string): Readonly<Record<string, unknown>> | undefined {
  const schema = Object.hasOwn(schemas, kind) ? schemas[kind] : undefined;
  return schema === undefined ? undefined : { title: kind, ...z.toJSONSchema(schema) };
}
