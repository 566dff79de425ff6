import { DartwingError } from '../../core/errors.js';
import { openProfiles } from '../profile/user-file.js';
import type { VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const started = performance.now();
  const slug = await chosen();
  const profiles = openProfiles(context);
  const profile = profiles.current() ?? 'default';
  if (!context.global.dryRun) {
    const { org: _previous, ...values } = profiles.values(profile) ?? {};
    profiles.put(profile, slug === undefined ? values : { ...values, org: slug });
    profiles.use(profile);
    await profiles.save();
  }
  const document = {
    api_version: 'dartwing/v1' as const,
    kind: 'Context',
    profile,
    org: slug ?? null,
    ms: Math.round(performance.now() - started),
  };
  return {
    document,
    table: { columns: [], sentence: slug === undefined ? 'No organization is chosen' : `Working in ${slug}` },
  };

  async function chosen(): Promise<string | undefined> {
    if (flags.clear === true) return undefined;
    const ref = args.org === undefined ? await pick() : String(args.org);
    const dartwing = await context.open();
    return (await dartwing.tenancy.show(ref)).slug;
  }

  /** On a terminal one can pick; elsewhere the name is required. */
  async function pick(): Promise<string> {
    if (!context.io.interactive)
      throw new DartwingError('INPUT_REQUIRED', { what: 'The organization', flag: '<org> or --clear' });
    const dartwing = await context.open();
    const { items } = await dartwing.tenancy.list({ state: 'active', sort: 'slug', limit: 500 });
    const { askChoice } = await import('../ui/prompt.js');
    const choices = items.map(({ slug, name }) => ({ value: slug, label: `${slug}  ${name}` }));
    return askChoice(context.io, 'Organization', '<org>', choices);
  }
};
