/**
 * The concrete types: what a family, a company, an association and a nonprofit have beside the organization they
 * share, as data. Columns, documents, validation and `apply` are made from these tables. Pure.
 */
import type { SeriesName } from '../ids.js';

export const organizationTypes = ['family', 'company', 'nonprofit', 'association'] as const;
export type OrganizationType = (typeof organizationTypes)[number];

/**
 * What a field holds. `title` is text that must not be blank, `cents` money that is not negative, `date` a day, `percent`
 * 0 to 100; a list is the words that are allowed. All but titles, persons, booleans and `required` words may be null.
 */
export type FieldKind =
  | 'title'
  | 'text'
  | 'long_text'
  | 'date'
  | 'cents'
  | 'signed_cents'
  | 'percent'
  | 'minutes'
  | 'boolean'
  | 'person'
  | readonly string[]
  | { required: readonly string[] };

/** Rows that belong to a concrete record, kept in their order. */
export interface ChildTable {
  /** Key in the document. */
  key: string;
  table: string;
  /** Fixed columns that tell whose rows they are, where a table serves two types. */
  fixed: Readonly<Record<string, string>>;
  /** Titles and persons must be given, the others may be left out. */
  fields: Readonly<Record<string, FieldKind>>;
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
  fields: Readonly<Record<string, FieldKind>>;
  children: readonly ChildTable[];
}

const officerFields: ChildTable['fields'] = {
  person: 'person',
  title: 'title',
  start_date: 'date',
  end_date: 'date',
};

export const concreteTypes: Readonly<Record<OrganizationType, ConcreteType>> = {
  family: {
    doctype: 'Family',
    table: 'family',
    series: 'family',
    nameField: 'family_name',
    mirrorsName: true,
    fields: {
      family_name: 'text',
      family_nickname: 'text',
      primary_residence: 'text',
      parental_controls_enabled: 'boolean',
      screen_time_limit_minutes: 'minutes',
    },
    children: [],
  },
  company: {
    doctype: 'Company',
    table: 'company',
    series: 'company',
    nameField: 'legal_name',
    fields: {
      legal_name: 'title',
      tax_id: 'text',
      entity_type: [
        'C-Corp',
        'S-Corp',
        'LLC',
        'Limited Partnership (LP)',
        'General Partnership',
        'LLP',
        'WFOE (China)',
        'Benefit Corporation',
        'Cooperative',
      ],
      jurisdiction_country: 'text',
      jurisdiction_state: 'text',
      formation_date: 'date',
      registered_address: 'text',
      physical_address: 'text',
      registered_agent: 'text',
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
          person: 'person',
          ownership_percent: 'percent',
          capital_contribution_cents: 'signed_cents',
          voting_rights: 'percent',
        },
      },
    ],
  },
  association: {
    doctype: 'Association',
    table: 'association',
    series: 'association',
    fields: {
      association_type: {
        required: ['Club', 'HOA', 'Alumni Association', 'Professional Society', 'Trade Association', 'Other'],
      },
      default_dues_amount_cents: 'cents',
      amenities: 'long_text',
      facility_address: 'text',
    },
    children: [
      {
        key: 'membership_tiers',
        table: 'organization_membership_tier',
        fixed: {},
        fields: {
          tier_name: 'title',
          annual_fee_cents: 'cents',
          benefits: 'long_text',
        },
      },
    ],
  },
  nonprofit: {
    doctype: 'Nonprofit',
    table: 'nonprofit',
    series: 'nonprofit',
    fields: {
      tax_exempt_status: ['501(c)(3)', '501(c)(4)', '501(c)(6)', '501(c)(7)', 'Other'],
      ein: 'text',
      determination_date: 'date',
      fiscal_year_end: [
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
      ],
      mission_statement: 'long_text',
      registered_address: 'text',
      mailing_address: 'text',
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
