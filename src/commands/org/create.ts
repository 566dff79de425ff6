import { join } from 'node:path';
import type { WantedOrganization } from '../../core/apply/index.js';
import { DartwingError } from '../../core/errors.js';
import type { CreateOrganizationInput } from '../../core/index.js';
import { readSources } from '../apply/sources.js';
import { callOf } from '../call.js';
import { pairsFlag, textFlag } from '../flag-values.js';
import type { Parsed, VerbRun } from '../spec.js';
import { requireTemplate } from '../templates.js';
import { organizationChange } from './answer.js';
import { changesFrom } from './settings.js';

export const run: VerbRun = async (context, parsed) => {
  const input = await inputOf(context, parsed);
  const dartwing = await context.open();
  const change = await dartwing.tenancy.create(input, callOf(context));
  const { slug, id, type } = change.after!;
  const did = change.op === 'none' ? 'exists' : 'created';
  return organizationChange(context, change, `Organization ${slug} (${id}, ${type}) ${did}`, [
    `dartwing org show ${slug} -o yaml --with members`,
    `dartwing audit query --org ${slug}`,
  ]);
};

async function inputOf(
  context: Parameters<VerbRun>[0],
  { args, flags }: Parsed,
): Promise<CreateOrganizationInput> {
  const slug = String(args.slug);
  const file = textFlag(flags, 'file');
  const template = textFlag(flags, 'template');
  const wanted = {
    ...(template === undefined ? {} : await policiesOf(context, template)),
    ...(file === undefined ? {} : await documentOf(context, file, slug)),
  };
  const { concrete, status, ...settings } = changesFrom(pairsFlag(flags, 'set'));
  if (status !== undefined) {
    throw new DartwingError('VALIDATION_ERROR', {
      message: 'a new organization is active; change its status with dartwing org update',
    });
  }
  const type = textFlag(flags, 'type') ?? wanted.type;
  if (type === undefined) {
    throw new DartwingError('INPUT_REQUIRED', {
      what: 'The type of the organization',
      flag: '--type {family|company|nonprofit|association|club}',
    });
  }
  return {
    slug,
    type,
    name: textFlag(flags, 'name') ?? settings.name ?? wanted.name,
    region: textFlag(flags, 'region') ?? wanted.region,
    tier: textFlag(flags, 'tier') ?? settings.tier ?? wanted.tier,
    logo: settings.logo === undefined ? wanted.logo : settings.logo,
    legalHold: settings.legal_hold ?? wanted.legal_hold,
    mfaRequired: settings.mfa_required ?? wanted.mfa_required,
    sessionTimeoutMinutes:
      settings.session_timeout_minutes === undefined
        ? wanted.session_timeout_minutes
        : settings.session_timeout_minutes,
    concrete: { ...wanted.concrete, ...concrete },
    owner: textFlag(flags, 'owner'),
    ownerRole: textFlag(flags, 'role'),
    ifNotExists: flags.ifNotExists === true,
  };
}

/** What a template says of every organization of its kind: its names, records and people are an example's. */
async function policiesOf(
  context: Parameters<VerbRun>[0],
  template: string,
): Promise<Partial<WantedOrganization>> {
  const { parseDocuments } = await import('../../core/apply/index.js');
  const file = join(requireTemplate(template).directory, 'org.yaml');
  const [document] = await parseDocuments(await readSources(context, [file]));
  const { type, tier, region, mfa_required, session_timeout_minutes } = document ?? {};
  const policies = { type, tier, region, mfa_required, session_timeout_minutes };
  return Object.fromEntries(Object.entries(policies).filter(([, value]) => value !== undefined));
}

/** The Org document of a file. Members are for `apply`: here they would be left out silently. */
async function documentOf(context: Parameters<VerbRun>[0], file: string, slug: string) {
  const { parseDocuments } = await import('../../core/apply/index.js');
  const [document, ...others] = await parseDocuments(await readSources(context, [file]));
  if (document === undefined || others.length > 0) {
    throw new DartwingError('BAD_FILE', {
      file,
      message: 'org create takes one document; use dartwing apply for several',
    });
  }
  if (document.slug !== slug)
    throw new DartwingError('BAD_FILE', { file, message: `its slug is "${document.slug}", not "${slug}"` });
  if (document.members !== undefined) {
    throw new DartwingError('BAD_FILE', {
      file,
      message: 'it has members; use dartwing apply -f, which sets them too',
    });
  }
  return document;
}
