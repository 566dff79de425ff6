/** Methods about persons (requirements §4.6), and about who calls. */
import { z } from 'zod';
import { requirePerson } from '../../routes/persons.js';
import { type Method, method } from '../method.js';
import { named } from '../parameters.js';
import { required } from './members.js';

const names = (name: string) => [`dartwing_core.${name}`, `dartwing.dartwing_core.api.person.${name}`];

export const personMethods: readonly Method[] = [
  method({
    name: 'dartwing.api.person.merge_persons',
    aliases: names('merge_persons'),
    summary: 'Merge one person into another',
    params: z.object({ source_person: named, target_person: named, notes: named }),
    writes: true,
    run: async ({ dartwing, given, call }) => {
      const target = required('target_person', given.target_person);
      const source = required('source_person', given.source_person);
      const notes = given.notes ?? undefined;
      const change = await dartwing.people.person.merge(target, source, notes, call);
      return { success: true, source: change.source, target: change.target, moved: change.moved };
    },
  }),
  method({
    name: 'dartwing.api.person.get_sync_status',
    aliases: names('get_sync_status'),
    summary: 'Tell how the login account of a person stands',
    params: z.object({ person_name: named }),
    run: async ({ dartwing, given, call }) => {
      const person = await dartwing.people.person.show(required('person_name', given.person_name), call);
      const { id, user_sync_status, frappe_user, sync_error_message, last_sync_at } = person;
      return { person_name: id, user_sync_status, frappe_user, sync_error_message, last_sync_at };
    },
  }),
  method({
    name: 'dartwing.api.person.retry_sync',
    aliases: names('retry_sync'),
    summary: 'Try again to make the login account of a person',
    params: z.object({ person_name: named }),
    writes: true,
    run: async ({ dartwing, given, call }) => {
      const { after } = await dartwing.people.person.sync(required('person_name', given.person_name), call);
      const success = after?.user_sync_status === 'synced';
      return {
        success,
        message: success ? 'The account is there' : (after?.sync_error_message ?? 'It is tried again'),
      };
    },
  }),
  method({
    name: 'dartwing.api.person.capture_consent',
    aliases: names('capture_consent'),
    summary: 'Capture the consent of a guardian for a minor',
    params: z.object({ person_name: named, guardian: named }),
    writes: true,
    run: async ({ dartwing, given, call, caller }) => {
      const guardian = given.guardian ?? requirePerson(caller);
      const who = required('person_name', given.person_name);
      const { after } = await dartwing.people.person.consent(who, guardian, call);
      return { success: true, consent_timestamp: after?.consent_timestamp ?? null };
    },
  }),
  method({
    name: 'frappe.auth.get_logged_user',
    summary: 'Tell who calls',
    params: z.object({}),
    run: async ({ caller }) => caller.account ?? caller.principal.id,
  }),
];
