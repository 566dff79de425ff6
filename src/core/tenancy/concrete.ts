/**
 * The concrete types: what a family, a company, an association and a nonprofit have beside the organization they
 * share, as data. Columns, documents, validation and `apply` are made from these tables. Pure.
 */
import { z } from 'zod';
import type { SeriesName } from '../ids.js';
import { limits } from '../limits.js';
import { storableText } from './text.js';

export const organizationTypes = ['family', 'company', 'nonprofit', 'association'] as const;
export type OrganizationType = (typeof organizationTypes)[number];

/** Rows that belong to a concrete record, kept in their order. */
export interface ChildTable {
  /** Key in the document. */
  key: string;
  table: string;
  /** Fixed columns that tell whose rows they are, where a table serves two types. */
  fixed: Readonly<Record<string, string>>;
  fields: Readonly<Record<string, z.ZodType>>;
}

export interface ConcreteType {
  /** Entity name, as links and grants write it. */
  doctype: string;
  table: string;
  series: SeriesName & OrganizationType;
  /** Field that takes the organization's name when the record is made. */
  nameField?: string;
  /** Whether that field follows later renames. */
  mirrorsName?: boolean;
  fields: Readonly<Record<string, z.ZodType>>;
  children: readonly ChildTable[];
}

const title = storableText.min(1).max(limits.nameCharsMax);
const text = title.nullable();
const longText = storableText.max(5_000).nullable();
/** A day of the calendar; PostgreSQL's begins with the year 1. */
const date = z.iso
  .date()
  .refine((day) => !day.startsWith('0000'), 'has no year 0')
  .nullable();
const cents = z.int().nonnegative().nullable();
const percent = z.number().min(0, 'must be 0 or more').max(100, 'must be 100 or less').nullable();
const oneOf = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.enum(values).nullable();

const officerFields = {
  person: z.string().min(1),
  title,
  start_date: date.optional(),
  end_date: date.optional(),
};

export const concreteTypes: Readonly<Record<OrganizationType, ConcreteType>> = {
  family: {
    doctype: 'Family',
    table: 'family',
    series: 'family',
    nameField: 'family_name',
    mirrorsName: true,
    fields: {
      family_name: text,
      family_nickname: text,
      primary_residence: text,
      parental_controls_enabled: z.boolean(),
      screen_time_limit_minutes: z.int32().nonnegative().nullable(),
    },
    children: [],
  },
  company: {
    doctype: 'Company',
    table: 'company',
    series: 'company',
    nameField: 'legal_name',
    fields: {
      legal_name: title,
      tax_id: text,
      entity_type: oneOf([
        'C-Corp',
        'S-Corp',
        'LLC',
        'Limited Partnership (LP)',
        'General Partnership',
        'LLP',
        'WFOE (China)',
        'Benefit Corporation',
        'Cooperative',
      ]),
      jurisdiction_country: text,
      jurisdiction_state: text,
      formation_date: date,
      registered_address: text,
      physical_address: text,
      registered_agent: text,
    },
    children: [
      {
        key: 'officers',
        table: 'organization_officer',
        fixed: { parent_doctype: 'Company' },
        fields: officerFields,
      },
      {
        key: 'members_partners',
        table: 'organization_member_partner',
        fixed: {},
        fields: {
          person: z.string().min(1),
          ownership_percent: percent.optional(),
          capital_contribution_cents: z.int().nullable().optional(),
          voting_rights: percent.optional(),
        },
      },
    ],
  },
  association: {
    doctype: 'Association',
    table: 'association',
    series: 'association',
    fields: {
      association_type: z.enum([
        'Club',
        'HOA',
        'Alumni Association',
        'Professional Society',
        'Trade Association',
        'Other',
      ]),
      default_dues_amount_cents: cents,
      amenities: longText,
      facility_address: text,
    },
    children: [
      {
        key: 'membership_tiers',
        table: 'organization_membership_tier',
        fixed: {},
        fields: {
          tier_name: title,
          annual_fee_cents: cents.optional(),
          benefits: longText.optional(),
        },
      },
    ],
  },
  nonprofit: {
    doctype: 'Nonprofit',
    table: 'nonprofit',
    series: 'nonprofit',
    fields: {
      tax_exempt_status: oneOf(['501(c)(3)', '501(c)(4)', '501(c)(6)', '501(c)(7)', 'Other']),
      ein: text,
      determination_date: date,
      fiscal_year_end: oneOf([
        'January',
        'February',
        'March',
        'April',
        'May',
        'June',
        'July',
        'August',
        'September',
        'October',
        'November',
        'December',
      ]),
      mission_statement: longText,
      registered_address: text,
      mailing_address: text,
    },
    children: [
      {
        key: 'board_members',
        table: 'organization_officer',
        fixed: { parent_doctype: 'Nonprofit' },
        fields: officerFields,
      },
    ],
  },
};

/** Schema of a concrete part as a user writes it: every field optional, no others. */
export function concreteSchema(type: OrganizationType) {
  const { fields, children } = concreteTypes[type];
  const shape: Record<string, z.ZodType> = {};
  for (const [name, field] of Object.entries(fields)) shape[name] = field.optional();
  for (const child of children) shape[child.key] = z.array(childSchema(child)).max(limits.pageMax).optional();
  return z.strictObject(shape);
}

function childSchema(child: ChildTable) {
  return z
    .strictObject({ ...child.fields })
    .refine(
      (row) => !('start_date' in row && row.start_date && row.end_date) || row.end_date! >= row.start_date!,
      {
        message: 'end_date is before start_date',
        path: ['end_date'],
      },
    );
}

/**
 * Warnings that do not stop a save: percentages of a company that add up to more than 100 (entries may be partial
 * or in the middle of a change).
 */
export function ownershipWarnings(concrete: Readonly<Record<string, unknown>>): string[] {
  const rows = (concrete.members_partners ?? []) as {
    ownership_percent?: number | null;
    voting_rights?: number | null;
  }[];
  const warnings: string[] = [];
  for (const [field, label] of [
    ['ownership_percent', 'Ownership'],
    ['voting_rights', 'Voting rights'],
  ] as const) {
    const total = rows.reduce((sum, row) => sum + (row[field] ?? 0), 0);
    if (total > 100) warnings.push(`${label} adds up to ${total} percent`);
  }
  return warnings;
}
