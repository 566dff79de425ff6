/** The command line itself: versions, errors, configuration, profiles, help. */
import { z } from 'zod';
import { anything, document, list, row } from '../../core/schemas/index.js';

const configEntry = {
  key: z.string(),
  value: z.union([z.string(), z.number(), z.boolean(), z.null()]),
  secret: z.boolean(),
  origin: z.enum(['flag', 'environment', 'project', 'profile', 'default', 'none']),
  place: z.string(),
};

const profile = {
  name: z.string(),
  current: z.boolean(),
  org: z.string().optional(),
  url: z.string().optional().describe('without its password'),
  token: z.string().optional().describe('only that there is one'),
};

const errorCode = {
  code: z.string(),
  error_kind: z.string(),
  exit: z.int(),
  http_status: z.int(),
  what: z.string(),
  why: z.string().nullable(),
  fix: z.array(z.string()),
};

const schemaEntry = { name: z.string() };

export const commandLine = {
  Version: document('Version', {
    cli: z.string(),
    node: z.string(),
    platform: z.string(),
    server: z.string().optional(),
    schema: z.number().optional(),
    latest: z.string().optional().describe('only with --check: the newest in the registry'),
    outdated: z.boolean().optional(),
  }),
  Help: document('Help', {
    version: z.string(),
    global_flags: z.array(anything).optional(),
    nouns: z.array(anything),
  }),
  ErrorEvent: z.looseObject({
    type: z.literal('error'),
    error: z.looseObject({
      code: z.string(),
      kind: z.string(),
      message: z.string(),
      why: z.string().nullable(),
      fix: z.array(z.string()),
      docs: z.string(),
      exit: z.int(),
      request_id: z.string(),
      retry_after_ms: z.number().nullable(),
      fields: z.array(
        z.looseObject({
          path: z.string(),
          message: z.string(),
          file: z.string().optional(),
          line: z.int().optional(),
          column: z.int().optional(),
        }),
      ),
    }),
  }),
  ErrorCode: document('ErrorCode', errorCode),
  ErrorCodeList: list('ErrorCodeList', row(errorCode)),
  ConfigEntry: document('ConfigEntry', configEntry),
  ConfigView: list('ConfigView', row(configEntry)),
  ConfigPaths: document('ConfigPaths', {
    project: z.string().nullable(),
    project_exists: z.boolean(),
    user: z.string().nullable(),
    user_exists: z.boolean(),
  }),
  Profile: document('Profile', profile),
  ProfileList: list('ProfileList', row(profile)),
  /** What is text for a person: SQL, a page, a script. */
  Text: document('Text', { text: z.string() }),
  SchemaList: list('SchemaList', row(schemaEntry)),
};
