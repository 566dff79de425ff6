/** What users give: parsed once, at the door of each verb. */
import { z } from 'zod';
import { DartwingError } from '../errors.js';
import { parseInput } from '../input.js';
import { limits } from '../limits.js';
import { type OrganizationType, organizationTypes } from './concrete.js';
import { concreteSchema } from './concrete-schema.js';
import { tiers } from './document.js';
import { parseSlug } from './slug.js';
import { storableText } from './text.js';

/** Settings by their key in the document. */
export const settings = {
  name: storableText.min(1, 'must not be blank').max(limits.nameCharsMax),
  tier: z.enum(tiers),
  logo: storableText.min(1).max(500).nullable(),
  status: z.enum(['active', 'inactive']),
  legal_hold: z.boolean(),
  mfa_required: z.boolean(),
  session_timeout_minutes: z.int().min(1).max(600).nullable(),
};

/** Regions are written as clouds write them; which are offered is a matter of residency rules. */
export const region = z
  .string()
  .regex(
    /^(us|eu|ca|ap)-[a-z]+-\d$/,
    'is not a region such as us-east-1, eu-central-1, ca-central-1 or ap-southeast-2',
  );

export interface CreateOrganizationInput {
  slug: string;
  /** family, company, nonprofit, association, or club (an association of type Club). */
  type: string;
  name?: string | undefined;
  region?: string | undefined;
  tier?: string | undefined;
  logo?: string | null | undefined;
  legalHold?: boolean | undefined;
  mfaRequired?: boolean | undefined;
  sessionTimeoutMinutes?: number | null | undefined;
  /** Fields of the concrete record. */
  concrete?: Readonly<Record<string, unknown>> | undefined;
  /** E-mail of the first supervisor. */
  owner?: string | undefined;
  /** Role of the owner; by default the supervisor role of the type. */
  ownerRole?: string | undefined;
  /** Accept an organization that exists with the same values. */
  ifNotExists?: boolean | undefined;
}

/** A change of settings; absent means leave as it is. Keys as in the document. */
export interface OrganizationChanges {
  name?: string | undefined;
  tier?: string | undefined;
  logo?: string | null | undefined;
  status?: 'active' | 'inactive' | undefined;
  legal_hold?: boolean | undefined;
  mfa_required?: boolean | undefined;
  session_timeout_minutes?: number | null | undefined;
  concrete?: Readonly<Record<string, unknown>> | undefined;
}

export interface ParsedCreate {
  slug: string;
  type: OrganizationType;
  name: string;
  region: string;
  tier: (typeof tiers)[number];
  logo: string | null;
  legalHold: boolean;
  mfaRequired: boolean;
  sessionTimeoutMinutes: number | null;
  concrete: Record<string, unknown>;
}

/**
 * The type a word means.
 * @throws ORGANIZATION_TYPE_INVALID naming the allowed types.
 */
export function parseType(word: string): { type: OrganizationType; concrete: Record<string, unknown> } {
  const lower = word.toLowerCase();
  if (lower === 'club') return { type: 'association', concrete: { association_type: 'Club' } };
  const type = organizationTypes.find((known) => known === lower);
  if (type === undefined) throw new DartwingError('ORGANIZATION_TYPE_INVALID', { type: word.slice(0, 80) });
  return { type, concrete: {} };
}

/** @throws SLUG_INVALID, ORGANIZATION_TYPE_INVALID, VALIDATION_ERROR with every wrong field. */
export function parseCreate(input: CreateOrganizationInput): ParsedCreate {
  const slug = parseSlug(input.slug);
  const { type, concrete } = parseType(input.type);
  const given = withoutType(type, input.concrete ?? {});
  refuseOtherSubtype(input.type, concrete, given);
  const parsed = parseInput(createSchema(type), {
    name: input.name ?? slug,
    region: input.region ?? 'us-east-1',
    tier: input.tier ?? 'free',
    logo: input.logo ?? null,
    legalHold: input.legalHold ?? false,
    mfaRequired: input.mfaRequired ?? false,
    sessionTimeoutMinutes: input.sessionTimeoutMinutes ?? null,
    concrete: { ...given, ...concrete },
  });
  return { slug, type, ...parsed };
}

/**
 * Checks changes as far as it can be done without knowing the type, so that a wrong value is told before a missing
 * organization.
 * @throws VALIDATION_ERROR with every wrong field and a nearest name for each unknown one.
 */
export function parseSettings(changes: OrganizationChanges): OrganizationChanges {
  return parseInput(settingsSchema, changes) as OrganizationChanges;
}

/** Checks all changes. @throws VALIDATION_ERROR as `parseSettings` */
export function parseChanges(type: OrganizationType, changes: OrganizationChanges): OrganizationChanges {
  const { concrete } = changes;
  const given = concrete === undefined ? changes : { ...changes, concrete: withoutType(type, concrete) };
  return parseInput(changesSchema(type), given) as OrganizationChanges;
}

/** Fields of the concrete record may carry the type in front, as documents show them: `company.tax_id`. */
function withoutType(
  type: OrganizationType,
  fields: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const bare = (key: string) => (key.startsWith(`${type}.`) ? key.slice(type.length + 1) : key);
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [bare(key), value]));
}

/**
 * A word such as `club` names a type and its subtype; a field that says otherwise contradicts it.
 * @throws VALIDATION_ERROR
 */
export function refuseOtherSubtype(
  word: string,
  meant: Readonly<Record<string, unknown>>,
  given: Readonly<Record<string, unknown>>,
): void {
  for (const [key, value] of Object.entries(meant)) {
    if (given[key] === undefined || given[key] === value) continue;
    const message = `type "${word}" means ${key} "${String(value)}", not "${String(given[key])}"`;
    throw new DartwingError('VALIDATION_ERROR', { message }, { fields: [{ path: key, message }] });
  }
}

const createSchema = oncePerType((type) =>
  z.object({
    name: settings.name,
    region,
    tier: settings.tier,
    logo: settings.logo,
    legalHold: settings.legal_hold,
    mfaRequired: settings.mfa_required,
    sessionTimeoutMinutes: settings.session_timeout_minutes,
    concrete: concreteSchema(type),
  }),
);

const optionalSettings = Object.fromEntries(
  Object.entries(settings).map(([key, schema]) => [key, schema.optional()]),
);

const settingsSchema = z.strictObject({
  ...optionalSettings,
  concrete: z.record(z.string(), z.unknown()).optional(),
});

const changesSchema = oncePerType((type) =>
  z.strictObject({ ...optionalSettings, concrete: concreteSchema(type).optional() }),
);

/** zod compiles a schema at its first use, which takes longer than any parsing with it. */
export function oncePerType<Schema>(
  make: (type: OrganizationType) => Schema,
): (type: OrganizationType) => Schema {
  const made = new Map<OrganizationType, Schema>();
  return (type) => {
    const schema = made.get(type) ?? make(type);
    made.set(type, schema);
    return schema;
  };
}
