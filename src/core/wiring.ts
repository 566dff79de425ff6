/**
 * Which room answers to which event of another. Every line names its function anew, so that the code of a room is read
 * only when its event comes.
 */
import type { eventBoard } from './access/index.js';
import { dropCompliance } from './compliance/index.js';
import { dropDocuments } from './documents/index.js';
import { moveEquipment, refuseEnd, refuseLeaving } from './equipment/index.js';
import { dropApiKeys, followMerge } from './identity/index.js';
import { dropInvitations, followMergedInvitee } from './invitations/index.js';
import { dropJobs, followMergedOwner } from './jobs/index.js';
import { dropKeys } from './keys/index.js';
import { dropMail } from './mail/index.js';
import { enrolOwner, followRename, leaveOrganization } from './people/index.js';
import { dropConsentHistory, refuseRestricted } from './privacy/index.js';
import { dropRealtime, tellOfAgreement, tellOfIntegration } from './realtime/index.js';
import { dropSync } from './sync/index.js';
import { dropIntegrations, followMergedConnector } from './tokens/index.js';

/** Subscribers of one event are called in the order of these lines. */
export function subscribeRooms({ subscribe }: ReturnType<typeof eventBoard>): void {
  subscribe('organization.created', (...event) => enrolOwner(...event));
  subscribe('organization.renamed', (...event) => followRename(...event));
  subscribe('organization.dissolving', (...event) => refuseEnd(...event));
  subscribe('organization.purging', (...event) => leaveOrganization(...event));
  subscribe('organization.purging', (...event) => dropApiKeys(...event));
  subscribe('organization.purging', (...event) => refuseEnd(...event));
  subscribe('organization.purging', (...event) => dropSync(...event));
  subscribe('organization.purging', (...event) => dropDocuments(...event));
  subscribe('organization.purging', (...event) => dropMail(...event));
  subscribe('organization.purging', (...event) => dropInvitations(...event));
  subscribe('organization.purging', (...event) => dropJobs(...event));
  subscribe('organization.purging', (...event) => dropIntegrations(...event));
  subscribe('organization.purging', (...event) => dropKeys(...event));
  subscribe('organization.purging', (...event) => dropCompliance(...event));
  subscribe('organization.purging', (...event) => dropConsentHistory(...event));
  subscribe('organization.purging', (...event) => dropRealtime(...event));
  subscribe('person.changing', (...event) => refuseRestricted(...event));
  subscribe('person.merging', (...event) => followMerge(...event));
  subscribe('person.merging', (...event) => moveEquipment(...event));
  subscribe('person.merging', (...event) => followMergedInvitee(...event));
  subscribe('person.merging', (...event) => followMergedOwner(...event));
  subscribe('person.merging', (...event) => followMergedConnector(...event));
  subscribe('integration.expired', (...event) => tellOfIntegration(...event));
  subscribe('agreement.expiring', (...event) => tellOfAgreement(...event));
  subscribe('member.leaving', (...event) => refuseLeaving(...event));
}
