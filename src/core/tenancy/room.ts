/** The room as callers see it: each verb in a transaction of its own. */
import type { CallOptions, Change, Session } from '../access/index.js';
import type { DartwingError } from '../errors.js';
import { createOrganization } from './create.js';
import type { OrganizationDocument } from './document.js';
import type { CreateOrganizationInput, OrganizationChanges } from './input.js';
import {
  dissolveOrganization,
  listPurgeable,
  purgeOrganization,
  restoreOrganization,
  suspendOrganization,
} from './lifecycle.js';
import { type OrganizationLinks, showLinks } from './reconcile.js';
import {
  type ListOrganizationsInput,
  listOrganizations,
  type OrganizationList,
  showOrganization,
} from './show.js';
import { updateOrganizationSettings } from './update.js';

type OrganizationChange = Promise<Change<OrganizationDocument>>;

/** Organizations: what operators and services can do with them. */
export interface OrganizationVerbs {
  create(input: CreateOrganizationInput, call?: CallOptions): OrganizationChange;
  show(ref: string, call?: CallOptions): Promise<OrganizationDocument>;
  list(input?: ListOrganizationsInput, call?: CallOptions): Promise<OrganizationList>;
  /** Whether the organization and its concrete record point at each other. */
  links(ref: string, call?: CallOptions): Promise<OrganizationLinks>;
  update(
    ref: string,
    changes: OrganizationChanges,
    call?: CallOptions & { ifVersion?: number | undefined },
  ): OrganizationChange;
  suspend(ref: string, options?: { until?: Date | undefined }, call?: CallOptions): OrganizationChange;
  restore(ref: string, call?: CallOptions): OrganizationChange;
  dissolve(
    ref: string,
    options?: { purgeAfterDays?: number | undefined },
    call?: CallOptions,
  ): OrganizationChange;
  purge(ref: string, call?: CallOptions): OrganizationChange;
  /** Slugs of organizations whose purge date has come. */
  listPurgeable(call?: CallOptions): Promise<string[]>;
}

export function organizationVerbs(session: Session): OrganizationVerbs {
  const { run } = session;
  const create: OrganizationVerbs['create'] = (input, call) =>
    run('org create', call, (scope) => createOrganization(scope, input), { ...input });
  return {
    create: (input, call) =>
      create(input, call).catch((error: DartwingError) => {
        // Another process created it between our look and our insert: now there is something to compare with.
        if (error.code === 'ORGANIZATION_EXISTS' && input.ifNotExists) return create(input, call);
        throw error;
      }),
    show: (ref, call) => run('org show', call, (scope) => showOrganization(scope, ref)),
    links: (ref, call) => run('org links', call, (scope) => showLinks(scope, ref)),
    list: (input, call) => run('org list', call, (scope) => listOrganizations(scope, input)),
    update: (ref, changes, { ifVersion, ...call } = {}) =>
      run('org update', call, (scope) => updateOrganizationSettings(scope, ref, changes, ifVersion), {
        ref,
        changes,
        ifVersion,
      }),
    suspend: (ref, { until } = {}, call) =>
      run('org suspend', call, (scope) => suspendOrganization(scope, ref, until), {
        ref,
        until,
      }),
    restore: (ref, call) => run('org restore', call, (scope) => restoreOrganization(scope, ref), { ref }),
    dissolve: (ref, { purgeAfterDays } = {}, call) =>
      run('org delete', call, (scope) => dissolveOrganization(scope, ref, purgeAfterDays), {
        ref,
        purgeAfterDays,
      }),
    purge: (ref, call) => run('org purge', call, (scope) => purgeOrganization(scope, ref), { ref }),
    listPurgeable: (call) => run('org purge', call, listPurgeable),
  };
}
