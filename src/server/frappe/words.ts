/** Words as clients of Frappe's shape write them, and as our documents do. Pure. */

/** `in_repair` → `In Repair` */
export function titled(word: string): string {
  return word.replace(
    /(^|_)([a-z])/g,
    (_, gap: string, letter: string) => (gap ? ' ' : '') + letter.toUpperCase(),
  );
}

/** `In Repair` → `in_repair`; what is written our way already stays as it is. */
export function plainWord(word: string): string {
  return word.trim().toLowerCase().replace(/ +/g, '_');
}

type Fields = Readonly<Record<string, unknown>>;

/** What every record has there beside its own fields (requirements §2.5). */
function record(
  doctype: string,
  name: unknown,
  document: Fields,
  owner: unknown = null,
): Record<string, unknown> {
  return {
    doctype,
    name,
    owner,
    creation: document.created_at ?? null,
    modified: document.modified_at ?? null,
    docstatus: 0,
  };
}

function stateOf(document: Fields): string {
  return titled(String((document.status as Fields | undefined)?.state ?? ''));
}

/** How the documents of our rooms look there, by doctype. */
export const views: Readonly<Record<string, (document: Fields) => Record<string, unknown>>> = {
  Organization: (org) => {
    const status = org.status as Fields;
    return {
      ...record('Organization', org.id, org),
      org_name: org.name,
      org_type: titled(String(org.type)),
      logo: org.logo,
      status: stateOf(org),
      linked_doctype: status.linked_doctype,
      linked_name: status.linked_name,
      slug: org.slug,
      tier: org.tier,
      data_region: org.region,
      version: org.version,
    };
  },
  Person: (person) => {
    const {
      api_version: _version,
      kind: _kind,
      id: _id,
      status: _status,
      created_at,
      modified_at,
      ...own
    } = person;
    return {
      ...record('Person', person.id, { created_at, modified_at }, person.frappe_user),
      ...own,
      status: stateOf(person),
    };
  },
  'Org Member': (member) => ({
    ...record('Org Member', member.id, member),
    person: member.person,
    member_name: member.name,
    organization: member.organization,
    role: member.role,
    status: stateOf(member),
    start_date: member.start_date,
    end_date: member.end_date,
    is_supervisor: member.is_supervisor,
    ...(member.email === undefined ? {} : { person_email: member.email }),
  }),
  'Role Template': (role) => ({
    ...record('Role Template', role.name, role),
    role_name: role.name,
    applies_to_org_type: titled(String(role.applies_to_org_type)),
    is_supervisor: role.is_supervisor,
    default_hourly_rate: Number(role.default_hourly_rate_cents) / 100,
  }),
  Equipment: (equipment) => {
    const {
      api_version: _version,
      kind: _kind,
      id: _id,
      status: _status,
      created_at,
      modified_at,
      ...own
    } = equipment;
    return {
      ...record('Equipment', equipment.id, { created_at, modified_at }),
      ...own,
      status: stateOf(equipment),
    };
  },
};

/** A document of the room of doctypes: its fields stand beside the name. */
export function documentView(document: Fields): Record<string, unknown> {
  const { doctype, name, owner, version, organization, data } = document;
  return {
    ...record(String(doctype), name, document, owner),
    organization,
    version,
    modified_by: document.modified_by,
    ...(data as Fields),
  };
}
