/** What users give of a person, parsed once at the door of each verb. Pure. */
import { z } from 'zod';
import { parseInput } from '../input.js';
import { limits } from '../limits.js';
import { parseEmail } from './email.js';
import { parsePhone } from './phone.js';

const name = z.string().trim().min(1, 'must not be blank').max(limits.nameCharsMax);
const externalId = z.string().trim().min(1, 'must not be blank').max(255);
const account = z.string().trim().toLowerCase().min(1, 'must not be blank').max(254);

const creation = z.strictObject({
  primary_email: z.string(),
  first_name: name,
  last_name: name,
  source: z.enum(['signup', 'invite', 'import']),
  mobile_no: z.string().nullish(),
  keycloak_user_id: externalId.nullish(),
  frappe_user: account.nullish(),
  is_minor: z.boolean().optional(),
});

const changes = z.strictObject({
  primary_email: z.string().optional(),
  first_name: name.optional(),
  last_name: name.optional(),
  mobile_no: z.string().nullish(),
  keycloak_user_id: externalId.optional(),
  frappe_user: account.optional(),
  personal_org: z.string().min(1).nullish(),
  status: z.enum(['active', 'inactive']).optional(),
});

/** Keys as in the document. */
export type CreatePersonInput = z.input<typeof creation> & {
  /** Accept a person of this address who exists with the same values. */
  ifNotExists?: boolean | undefined;
};

/** A change; absent means leave as it is. Keys as in the document; `status` is active or inactive. */
export type PersonChanges = z.input<typeof changes>;

export type ParsedPerson = z.output<typeof creation>;
export type ParsedChanges = z.output<typeof changes>;

/** @throws VALIDATION_ERROR with every wrong field, EMAIL_INVALID, PHONE_INVALID */
export async function parsePerson({
  ifNotExists: _accept,
  ...input
}: CreatePersonInput): Promise<ParsedPerson> {
  return normalized(parseInput(creation, input));
}

/** @throws VALIDATION_ERROR with every wrong field, EMAIL_INVALID, PHONE_INVALID */
export async function parsePersonChanges(input: PersonChanges): Promise<ParsedChanges> {
  return normalized(parseInput(changes, input));
}

/** Address and phone number in the one form in which they are kept. */
async function normalized<
  Fields extends { primary_email?: string | undefined; mobile_no?: string | null | undefined },
>(fields: Fields): Promise<Fields> {
  const { primary_email: email, mobile_no: phone } = fields;
  return {
    ...fields,
    ...(email === undefined ? {} : { primary_email: parseEmail(email) }),
    ...(phone === undefined || phone === null ? {} : { mobile_no: await parsePhone(phone) }),
  };
}
