/** Every route of the server, room by room. A route is put here and nowhere else. */
import { frappeAliases, frappeRoutes } from '../frappe/index.js';
import type { Route } from '../route.js';
import { apiKeyRoutes } from './api-keys.js';
import { applyRoutes } from './apply.js';
import { auditRoutes } from './audit.js';
import { browserRoutes } from './browser.js';
import { callRoutes } from './calls.js';
import { complianceRoutes } from './compliance.js';
import { documentRoutes } from './documents.js';
import { equipmentRoutes } from './equipment.js';
import { invitationRoutes } from './invitations.js';
import { jobRoutes } from './jobs.js';
import { liteRoutes } from './lite.js';
import { memberRoutes } from './members.js';
import { organizationRoutes } from './organizations.js';
import { permissionRoutes } from './permissions.js';
import { personRoutes } from './persons.js';
import { realtimeRoutes } from './realtime.js';
import { roleRoutes } from './roles.js';
import { syncRoutes } from './sync.js';
import { tokenRoutes } from './tokens.js';

export const allRoutes: readonly Route[] = [
  ...browserRoutes,
  ...liteRoutes,
  ...organizationRoutes,
  ...memberRoutes,
  ...personRoutes,
  ...roleRoutes,
  ...invitationRoutes,
  ...equipmentRoutes,
  ...documentRoutes,
  ...syncRoutes,
  ...realtimeRoutes,
  ...jobRoutes,
  ...permissionRoutes,
  ...apiKeyRoutes,
  ...tokenRoutes,
  ...auditRoutes,
  ...complianceRoutes,
  ...applyRoutes,
  ...callRoutes,
  ...frappeRoutes,
];

/** Other names of routes that are in `allRoutes`. */
export const aliases: readonly Route[] = frappeAliases;
