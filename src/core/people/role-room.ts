/** Role templates as callers see them: each verb in a transaction of its own. */
import type { CallOptions, Change, Session } from '../access/index.js';
import {
  type CreateRoleInput,
  changeRole,
  createRole,
  deleteRole,
  listRoles,
  type RoleChanges,
  type RoleDocument,
  type RoleList,
  seedMissingRoles,
  showRole,
} from './role.js';

type RoleChange = Promise<Change<RoleDocument>>;

/** Role templates, by name. */
export interface RoleVerbs {
  list(type?: string, call?: CallOptions): Promise<RoleList>;
  show(name: string, call?: CallOptions): Promise<RoleDocument>;
  create(input: CreateRoleInput, call?: CallOptions): RoleChange;
  update(name: string, changes: RoleChanges, call?: CallOptions): RoleChange;
  delete(name: string, call?: CallOptions): RoleChange;
  seed(call?: CallOptions): Promise<{ added: number; total: number }>;
}

export function roleVerbs({ run }: Session): RoleVerbs {
  return {
    list: (type, call) => run('role list', call, (scope) => listRoles(scope, type)),
    show: (name, call) => run('role show', call, (scope) => showRole(scope, name)),
    create: (input, call) => run('role create', call, (scope) => createRole(scope, input), { ...input }),
    update: (name, changes, call) =>
      run('role update', call, (scope) => changeRole(scope, name, changes), { name, changes }),
    delete: (name, call) => run('role delete', call, (scope) => deleteRole(scope, name), { name }),
    seed: (call) => run('role seed', call, seedMissingRoles),
  };
}
