/** What is known of a provider, as data. Pure. */
import { z } from 'zod';
import { webhookSchema } from './webhook/scheme.js';

const name = /^[a-z][a-z0-9_]{0,39}$/;
const template = z
  .string()
  .max(500)
  .regex(/^https?:\/\/\S+$/, 'is an address');
const words = z.array(z.string().min(1)).default([]);
const parameters = z.record(z.string(), z.string()).default({});

const setting = z
  .strictObject({
    label: z.string().min(1),
    /** What a value must be, anchored: `^[a-z0-9-]+$`. */
    pattern: z
      .string()
      .regex(/^\^.+\$$/, 'begins with ^ and ends with $')
      .optional(),
    choices: z.array(z.string().min(1)).optional(),
    default: z.string().optional(),
  })
  .refine((given) => (given.pattern === undefined) !== (given.choices === undefined), {
    message: 'has either a pattern or choices',
  });

/** One provider of the catalogue. Addresses may hold `{name}` of a setting. */
export const providerSchema = z.strictObject({
  title: z.string().min(1),
  category: z.enum([
    'crm',
    'accounting',
    'productivity',
    'communication',
    'document',
    'storage',
    'automation',
    'commerce',
    'development',
    'health',
  ]),
  tier: z.enum(['free', 'pro', 'enterprise']),
  auth: z.enum(['oauth2', 'api_key', 'basic']),
  authorize_url: template.optional(),
  token_url: template.optional(),
  refresh_url: template.optional(),
  revoke_url: template.optional(),
  device_url: template.optional(),
  /** Compared with `iss` of the callback where the provider sends one (RFC 9207). */
  issuer: template.optional(),
  pkce: z.enum(['S256', 'none']).default('S256'),
  /** `basic` encodes id and secret as RFC 6749 says; `basic_raw` does not, which some servers want. */
  token_auth: z.enum(['post', 'basic', 'basic_raw', 'none']).default('post'),
  token_body: z.enum(['form', 'json']).default('form'),
  token_headers: parameters,
  revoke_body: z.enum(['form', 'json', 'bearer']).default('form'),
  scopes: words,
  scope_separator: z.enum([' ', ',']).default(' '),
  /** Name of the parameter of scopes, where it is another. */
  scope_parameter: z.string().default('scope'),
  authorize_params: parameters,
  token_params: parameters,
  refresh_params: parameters,
  /** Member of the answer under which the tokens lie. */
  token_path: z.string().optional(),
  /** Life of a token whose answer does not tell it; `never` where it has no end then. */
  expires: z.union([z.literal('never'), z.int().min(30)]).optional(),
  refresh: z
    .strictObject({
      rotates: z.enum(['always', 'sometimes', 'never', 'none']),
      single_use: z.boolean().default(false),
      /** How long a used refresh token still works. */
      grace_s: z.int().optional(),
      idle_days: z.int().optional(),
      absolute_days: z.int().optional(),
    })
    .default({ rotates: 'none', single_use: false }),
  /** Words of `error` that mean: authorize again. `invalid_grant` always does. */
  reauthorize_errors: words,
  /** Parameter of the callback, or member of the answer, that names the account at the provider. */
  account: z.strictObject({ from: z.enum(['callback', 'token']), name: z.string() }).optional(),
  /** Members of the answer that callers need: `instance_url`. */
  keep: words,
  /** How a request carries the credential. */
  inject: z
    .strictObject({ header: z.string().default('Authorization'), scheme: z.string().default('Bearer') })
    .default({ header: 'Authorization', scheme: 'Bearer' }),
  settings: z.record(z.string().regex(/^[a-z][a-z0-9_]*$/), setting).default({}),
  /** Hosts to which a credential may be sent: names, or `*.` and the end of names. */
  hosts: z.array(z.string().regex(/^(\*\.)?[a-z0-9{}_.:-]+$/)).min(1),
  health: z
    .strictObject({
      url: template,
      method: z.enum(['GET', 'POST']).default('GET'),
      headers: parameters,
      /** A member of the answer that is not false when all is well: Slack answers 200 with `ok: false`. */
      ok: z.string().optional(),
    })
    .optional(),
  /** How the service signs what it sends to us. */
  webhook: webhookSchema.optional(),
  notes: z.string().optional(),
  /**
   * Day on which addresses and the way of asking for tokens were compared with what the provider publishes, or with at
   * least two public clients of it where its own pages could not be read. Absent: written from memory.
   */
  checked: z.iso.date().optional(),
  docs: z.url(),
});

export type Provider = z.output<typeof providerSchema> & { name: string };
export type ProviderInput = z.input<typeof providerSchema>;

/** What is wrong with a provider beyond the forms of its fields; empty when nothing is. */
export function faultsOf(provider: Provider): string[] {
  const faults: string[] = [];
  const addresses = addressesOf(provider);
  if (!name.test(provider.name)) faults.push('its name is not written like google_drive');
  if (provider.auth === 'oauth2') {
    for (const field of ['authorize_url', 'token_url'] as const)
      if (provider[field] === undefined) faults.push(`${field} is missing`);
  } else if (addresses.some(([field]) => field !== 'health.url'))
    faults.push('only OAuth has token addresses');
  for (const [field, address] of addresses) {
    for (const used of namesIn(address))
      if (!Object.hasOwn(provider.settings, used))
        faults.push(`${field} uses {${used}}, which is no setting`);
    const plain = address.replace(/\{\w+\}/g, 'x');
    if (!URL.canParse(plain)) faults.push(`${field} is no address`);
    else if (new URL(plain).username !== '' || new URL(plain).hash !== '')
      faults.push(`${field} holds a user or a fragment`);
  }
  for (const host of provider.hosts)
    for (const used of namesIn(host))
      if (!Object.hasOwn(provider.settings, used)) faults.push(`hosts use {${used}}, which is no setting`);
  for (const [key, { pattern, default: value, choices }] of Object.entries(provider.settings)) {
    if (pattern !== undefined && /[/@:\\#?]/.test(sampleOf(pattern)))
      faults.push(`the setting ${key} lets an address be changed`);
    if (value !== undefined && choices !== undefined && !choices.includes(value))
      faults.push(`the default of ${key} is none of its choices`);
  }
  return faults;
}

/** Addresses that hold credentials or are asked with them, by field. */
export function addressesOf(provider: Provider): [string, string][] {
  const { authorize_url, token_url, refresh_url, revoke_url, device_url, health } = provider;
  const given = { authorize_url, token_url, refresh_url, revoke_url, device_url, 'health.url': health?.url };
  return Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined);
}

export function namesIn(text: string): string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map(([, found]) => found!);
}

/** Characters that a pattern names, to look for such as would end a host name. */
function sampleOf(pattern: string): string {
  const re = new RegExp(pattern);
  return [...'/@:\\#?']
    .filter((character) =>
      ['a', 'ab', ''].some((text) => re.test(`${text}${character}`) || re.test(`${text}${character}${text}`)),
    )
    .join('');
}
