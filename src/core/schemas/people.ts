/** Persons, role templates and memberships. */
import { z } from 'zod';
import { document, list, row, time } from './base.js';

const day = z.iso.date();

const person = {
  id: z.string().describe('PERSON-2026-00001'),
  primary_email: z.string(),
  first_name: z.string(),
  last_name: z.string(),
  full_name: z.string(),
  mobile_no: z.string().nullable().describe('E.164'),
  keycloak_user_id: z.string().nullable(),
  frappe_user: z.string().nullable().describe('login account'),
  personal_org: z.string().nullable(),
  email_verified_at: time.nullable().describe('when its owner proved the address'),
  is_minor: z.boolean(),
  consent_captured: z.boolean(),
  consent_timestamp: time.nullable(),
  consent_guardian: z.string().nullable(),
  source: z.enum(['signup', 'invite', 'import']),
  user_sync_status: z.enum(['synced', 'pending', 'failed']).nullable(),
  sync_error_message: z.string().nullable(),
  last_sync_at: time.nullable(),
  version: z.int(),
  created_at: time,
  modified_at: time,
  merge_logs: z
    .array(
      z.looseObject({
        source_person: z.string(),
        merged_at: time,
        merged_by: z.string(),
        notes: z.string().nullable(),
      }),
    )
    .optional(),
  status: z.looseObject({
    state: z.enum(['active', 'inactive', 'merged']),
    merged_into: z.string().optional(),
  }),
};

const member = {
  id: z.string(),
  organization: z.string(),
  person: z.string(),
  email: z.string().optional().describe('for supervisors and operators'),
  name: z.string(),
  role: z.string(),
  is_supervisor: z.boolean(),
  start_date: day,
  end_date: day.nullable(),
  status: z.looseObject({ state: z.enum(['active', 'inactive', 'pending']) }),
};

const role = {
  name: z.string(),
  applies_to_org_type: z.enum(['family', 'company', 'nonprofit', 'association']),
  is_supervisor: z.boolean(),
  default_hourly_rate_cents: z.int().min(0),
};

const duplicates = {
  reason: z.enum(['mailbox', 'name_and_phone']),
  persons: z
    .array(z.looseObject({ id: z.string(), primary_email: z.string(), full_name: z.string() }))
    .min(2),
};

const organizationOfPerson = {
  organization: z.string(),
  slug: z.string(),
  org_name: z.string(),
  org_type: z.string(),
  role: z.string(),
  is_supervisor: z.boolean(),
  membership_status: z.enum(['active', 'inactive', 'pending']),
  has_access: z.boolean().describe('false while grants are on their way, and for former members'),
};

export const people = {
  Person: document('Person', person),
  PersonList: list('PersonList', row(person)),
  DuplicateList: list('DuplicateList', row(duplicates)),
  PersonOrganizationList: list('PersonOrganizationList', row(organizationOfPerson)),
  Member: document('Member', member),
  MemberList: list('MemberList', row(member)),
  Role: document('Role', role),
  RoleList: list('RoleList', row(role)),
  RoleSeed: document('RoleSeed', { added: z.int(), total_count: z.int(), dry_run: z.boolean() }),
};
