/** The shape that clients of Frappe know, beside /v1: the same verbs under the documented names (decision 27). */
import type { Route } from '../route.js';
import { aliasRoutes, methodRoutes } from './method.js';
import { equipmentMethods } from './methods/equipment.js';
import { memberMethods } from './methods/members.js';
import { organizationMethods } from './methods/organizations.js';
import { permissionMethods } from './methods/permissions.js';
import { personMethods } from './methods/persons.js';
import { resourceRoutes } from './resource.js';

const methods = [
  ...organizationMethods,
  ...memberMethods,
  ...personMethods,
  ...permissionMethods,
  ...equipmentMethods,
];

export const frappeRoutes: readonly Route[] = [...resourceRoutes, ...methodRoutes(methods)];

/** Other names of the same methods; they are not in the reference. */
export const frappeAliases: readonly Route[] = aliasRoutes(methods);
