/**
 * The schemas of all documents by kind: `dartwing schema` prints them, and the tests hold every answer against
 * them. Loaded only where they are needed.
 */
import { z } from 'zod';
import { access } from './access.js';
import { answers } from './answers.js';
import { commandLine } from './command-line.js';
import { configFileSchema } from './config-file.js';
import { identity } from './identity.js';
import { installation } from './installation.js';
import { invitations } from './invitations.js';
import { people } from './people.js';
import { tenancy } from './tenancy.js';

export const schemas: Readonly<Record<string, z.ZodType>> = {
  ...tenancy,
  ...people,
  ...invitations,
  ...access,
  ...answers,
  ...identity,
  ...installation,
  ...commandLine,
  ConfigFile: configFileSchema(),
};

/** JSON Schema (draft 2020-12) of a kind, or undefined when there is none. */
export function jsonSchema(kind: string): Readonly<Record<string, unknown>> | undefined {
  const schema = Object.hasOwn(schemas, kind) ? schemas[kind] : undefined;
  return schema === undefined ? undefined : { title: kind, ...z.toJSONSchema(schema) };
}
