/** Methods about organizations and their concrete records (requirements §3.7). */
import { z } from 'zod';
import { DartwingError } from '../../../core/errors.js';
import type { OrganizationDocument } from '../../../core/index.js';
import { requirePerson } from '../../routes/persons.js';
import { type Method, method } from '../method.js';
import { clamped, named } from '../parameters.js';
import { placeOf } from '../records.js';
import { plainWord, titled, views } from '../words.js';

const organization = z.object({ organization: named });
const company = z.object({ company: named });
const api = (name: string) => [
  `dartwing.dartwing_core.api.${name}`,
  `dartwing.dartwing_core.api.organization_api.${name}`,
  `dartwing.dartwing_core.doctype.organization.organization.${name}`,
];

/** Id or slug of a method's organization. Null and blank never reach the data (requirements §2.3). @throws ORGANIZATION_REQUIRED */
export function requireNamed(given: string | null | undefined): string {
  if (given === undefined || given === null || given.trim() === '')
    throw new DartwingError('ORGANIZATION_REQUIRED');
  return given;
}

/** The concrete record, which stands under the name of the type. */
function concreteOf(org: OrganizationDocument): Record<string, unknown> | null {
  const concrete = org[org.type] as Record<string, unknown> | null | undefined;
  if (concrete === null || concrete === undefined) return null;
  return { doctype: titled(org.type), name: org.status.linked_name, organization: org.id, ...concrete };
}

const viewOf = (org: OrganizationDocument) => views.Organization!(org);

export const organizationMethods: readonly Method[] = [
  method({
    name: 'dartwing_core.get_concrete_doc',
    aliases: api('get_concrete_doc'),
    summary: 'Give the concrete record of an organization, or null',
    params: organization,
    counts: 'organization',
    run: async ({ dartwing, given, call, enter }) => {
      const org = requireNamed(given.organization);
      await enter(org);
      return concreteOf(await dartwing.tenancy.show(org, call));
    },
  }),
  method({
    name: 'dartwing_core.get_organization_with_details',
    aliases: api('get_organization_with_details'),
    summary: 'Give an organization together with its concrete record',
    params: organization,
    counts: 'organization',
    run: async ({ dartwing, given, call, enter }) => {
      const org = requireNamed(given.organization);
      await enter(org);
      const document = await dartwing.tenancy.show(org, call);
      return { ...viewOf(document), concrete_type: concreteOf(document) };
    },
  }),
  method({
    name: 'dartwing_core.get_user_organizations',
    aliases: api('get_user_organizations'),
    summary: 'List all memberships of the caller, former ones included',
    params: z.object({}),
    counts: 'organization',
    run: async ({ dartwing, caller, call }) => {
      const { items, total_count } = await dartwing.people.person.organizations(
        requirePerson(caller),
        undefined,
        call,
      );
      const data = items.map(
        ({ organization: name, slug, org_type, status, membership_status, ...rest }) => ({
          name,
          slug,
          ...rest,
          org_type: titled(org_type),
          status: titled(status),
          membership_status: titled(membership_status),
        }),
      );
      return { data, total_count };
    },
  }),
  method({
    name: 'dartwing_core.get_org_members',
    aliases: api('get_org_members'),
    summary: 'List members of an organization; addresses are for its supervisors',
    params: organization.extend({ limit: clamped, offset: clamped, status: named }),
    counts: 'organization',
    run: async ({ dartwing, given, call, enter }) => {
      const org = requireNamed(given.organization);
      await enter(org);
      const state = given.status ? plainWord(given.status) : undefined;
      const { items, total_count, limit, offset } = await dartwing.people.member.list(
        org,
        { state, includeInactive: state === undefined, limit: given.limit, offset: given.offset },
        call,
      );
      return { data: items.map((item) => views['Org Member']!(item)), total_count, limit, offset };
    },
  }),
  method({
    name: 'dartwing_core.validate_organization_links',
    aliases: api('validate_organization_links'),
    summary: 'Tell whether an organization and its concrete record agree',
    params: organization,
    counts: 'organization',
    run: async ({ dartwing, given, call, enter }) => {
      const org = requireNamed(given.organization);
      await enter(org);
      const { api_version: _version, kind: _kind, ...links } = await dartwing.tenancy.links(org, call);
      return links;
    },
  }),
  method({
    name: 'dartwing_core.get_company_with_org_details',
    aliases: [
      'dartwing.dartwing_company.api.get_company_with_org_details',
      ...api('get_company_with_org_details'),
    ],
    summary: 'Give a company together with name, state and logo of its organization',
    params: company,
    counts: 'organization',
    run: async (asked) => {
      const document = await companyOf(asked);
      const { org_name, status, logo } = viewOf(document);
      return { ...concreteOf(document), org_details: { org_name, status, logo } };
    },
  }),
  method({
    name: 'dartwing_core.get_user_companies',
    aliases: ['dartwing.dartwing_company.api.get_user_companies', ...api('get_user_companies')],
    summary: 'List the companies that the caller may read',
    params: z.object({ limit: clamped, offset: clamped }),
    counts: 'organization',
    run: async ({ dartwing, given, call }) => {
      const { items, total_count } = await dartwing.tenancy.list(
        {
          type: 'company',
          limit: Math.min(Math.max(Math.trunc(given.limit ?? 20), 1), 500),
          offset: Math.max(Math.trunc(given.offset ?? 0), 0),
        },
        call,
      );
      return {
        data: items.map((item) => ({ ...viewOf(item), company: item.status.linked_name })),
        total_count,
      };
    },
  }),
  method({
    name: 'dartwing_core.validate_ownership',
    aliases: ['dartwing.dartwing_company.api.validate_ownership', ...api('validate_ownership')],
    summary: 'Add up shares and votes of a company',
    params: company,
    counts: 'organization',
    run: async (asked) => {
      const document = await companyOf(asked);
      const partners = (concreteOf(document)?.members_partners ?? []) as Record<string, number | null>[];
      const total = (field: string) => partners.reduce((sum, row) => sum + (row[field] ?? 0), 0);
      const [ownership, votes] = [total('ownership_percent'), total('voting_rights')];
      const warnings = [
        ...(ownership > 100 ? [`Ownership adds up to ${ownership} percent`] : []),
        ...(votes > 100 ? [`Voting rights add up to ${votes} percent`] : []),
      ];
      return {
        valid: warnings.length === 0,
        total_ownership: ownership,
        total_voting_rights: votes,
        warnings,
      };
    },
  }),
];

/** The organization of a company's id. @throws RECORD_NOT_FOUND, VALIDATION_ERROR */
async function companyOf(
  asked: Parameters<typeof placeOf>[0] & { given: { company?: string | null | undefined } },
): Promise<OrganizationDocument> {
  const { company: name } = asked.given;
  if (name === undefined || name === null || name.trim() === '')
    throw new DartwingError('VALIDATION_ERROR', { message: 'company: is required' });
  return asked.dartwing.tenancy.show(await placeOf(asked, 'Company', name), asked.call);
}
