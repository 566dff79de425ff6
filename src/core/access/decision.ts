/** Why somebody may or may not do something: the same decision as `authorize`, told layer by layer. Pure. */
import { bitOf } from './actions.js';
import { isAllowed, organizationOf, ownerOf } from './authorize.js';
import type { AccessContext } from './context.js';
import { fieldsOf } from './fields.js';
import type { Ref } from './principal.js';
import type { Standing } from './queries.js';
import { type Right, rightOn } from './rights.js';

/** One of the four layers; `skip` when an earlier one has decided. */
export interface DecisionLayer {
  layer: 'system_role' | 'org_grant' | 'role' | 'field';
  result: 'allow' | 'deny' | 'skip';
  why: string;
}

/** The document `Decision`. */
export interface Decision {
  api_version: 'dartwing/v1';
  kind: 'Decision';
  person: string;
  email: string;
  action: string;
  ref: string;
  organization: string | null;
  allowed: boolean;
  layers: DecisionLayer[];
}

/** What a decision is made from. */
export interface Question {
  email: string;
  action: string;
  ref: Ref;
  context: AccessContext;
  standing: Standing;
}

type Verdict = Omit<DecisionLayer, 'layer'>;

/** Tells the decision. The first layer that says no is the one to change. */
export function explainDecision(question: Question): Decision {
  const { context, action, ref, email } = question;
  const verdicts: [DecisionLayer['layer'], (question: Question) => Verdict][] = [
    ['system_role', systemRole],
    ['org_grant', organizationGrant],
    ['role', roleTemplate],
    ['field', fieldMasks],
  ];
  const layers: DecisionLayer[] = [];
  for (const [layer, judge] of verdicts) {
    const denied = layers.find(({ result }) => result === 'deny');
    layers.push({ layer, ...(denied ? skip(`decided by ${denied.layer}`) : judge(question)) });
  }
  return {
    api_version: 'dartwing/v1',
    kind: 'Decision',
    person: context.person,
    email,
    action,
    ref: `${ref.doctype}/${ref.name}`,
    organization: organizationOf(ref) ?? null,
    allowed: isAllowed(context, action, ref),
    layers,
  };
}

function systemRole({ context, standing }: Question): Verdict {
  if (standing.person_status !== 'active') return deny(`the person is ${standing.person_status}`);
  if (standing.user === null) return deny('the person has no login account');
  if (!standing.enabled) return deny(`the account ${standing.user} is disabled`);
  if (context.everywhere !== undefined) return allow('a System Manager may act everywhere');
  if (context.systemRoles.length === 0) return deny(`the account ${standing.user} has no system role`);
  return allow(context.systemRoles.join(', '));
}

function organizationGrant(question: Question): Verdict {
  const { context, ref, standing } = question;
  if (context.everywhere !== undefined) return skip('a System Manager needs none');
  const organization = organizationOf(ref);
  if (isOwnRecord(question)) return skip('the record is open without an organization');
  if (organization === undefined) return deny(`${ref.doctype} without an organization is denied`);
  if (context.closed.has(organization)) return deny(`${organization} is suspended`);
  if (context.organizations.has(organization)) return allow(`member of ${organization}`);
  if (isGrantedDocument(question)) return allow(`${ref.doctype}/${ref.name} is granted to this guest`);
  if (standing.organization_status === 'dissolved') return deny(`${organization} is dissolved`);
  if (standing.membership === null) return deny(`no membership in ${organization}`);
  if (standing.membership !== 'active')
    return deny(`the membership in ${organization} is ${standing.membership}`);
  if (!standing.granted) return deny(`no grant for ${organization}`);
  return deny(`the time of this guest in ${organization} is over`);
}

function roleTemplate(question: Question): Verdict {
  const { context, action, ref } = question;
  if (context.everywhere !== undefined) {
    return judge(question, 'System Manager', rightOn(context.everywhere, ref.doctype));
  }
  if (isOwnRecord(question)) return allow(`every account may ${action} it`);
  if (isGrantedDocument(question)) return allow('a granted document may be read');
  const membership = context.organizations.get(organizationOf(ref) ?? '');
  if (membership === undefined) return deny(`a granted document may be read, not ${action}`);
  return judge(question, membership.role, rightOn(membership.rights, ref.doctype));
}

function judge({ context, action, ref }: Question, role: string, right: Right): Verdict {
  const bit = bitOf(action);
  if ((right.allow & bit) !== 0) return allow(`${role} may ${action} ${ref.doctype}`);
  if ((right.ifOwner & bit) === 0) return deny(`${role} may not ${action} ${ref.doctype}`);
  const owner = ownerOf(ref);
  if (owner === context.person) return allow(`${role} may ${action} ${ref.doctype} of their own`);
  return deny(`${role} may ${action} only ${ref.doctype} of their own; the owner is ${owner ?? 'not known'}`);
}

function fieldMasks({ context, ref }: Question): Verdict {
  const { hidden, readOnly } = fieldsOf(context, ref);
  const masks = [
    ...(hidden.size > 0 ? [`hidden: ${[...hidden].join(', ')}`] : []),
    ...(readOnly.size > 0 ? [`read only: ${[...readOnly].join(', ')}`] : []),
  ];
  return allow(masks.length === 0 ? 'every field' : masks.join('; '));
}

/** Allowed by what every account may do with records of no organization, such as its own person. */
function isOwnRecord({ context, action, ref }: Question): boolean {
  const membership = context.organizations.get(organizationOf(ref) ?? '');
  if (membership !== undefined && (rightOn(membership.rights, ref.doctype).allow & bitOf(action)) !== 0)
    return false;
  return (
    context.own.named.has(ref.doctype) && isAllowed({ ...context, organizations: new Map() }, action, ref)
  );
}

function isGrantedDocument({ context, action, ref }: Question): boolean {
  const names = context.documents.get(organizationOf(ref) ?? '')?.get(ref.doctype);
  return (
    names?.has(ref.name) === true &&
    (rightOn(context.documentRights, ref.doctype).allow & bitOf(action)) !== 0
  );
}

const allow = (why: string): Verdict => ({ result: 'allow', why });
const deny = (why: string): Verdict => ({ result: 'deny', why });
const skip = (why: string): Verdict => ({ result: 'skip', why });
