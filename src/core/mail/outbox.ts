/** The outbox: mail is written down in the transaction that causes it. */
import type { DomainEvents, Scope } from '../access/index.js';
import { uuidv7 } from '../ids.js';
import type { DataKeys, Place } from '../keys/index.js';
import { parseEmail } from '../people/index.js';
import { cancelMail, deleteMail, findMailStates, insertMail, type MailState } from './queries.js';
import { renderMail } from './template.js';

/** A message to be sent. */
export interface Message {
  organization: string;
  /** What it is about, to find or cancel it: `invitation/<id>`. */
  about: string;
  to: string;
  /** File name in templates/mail, without ending. */
  template: string;
  values: Readonly<Record<string, string>>;
}

export interface Outbox {
  /** A mail server is configured. */
  readonly hasTransport: boolean;
  /** Writes a message down; it is sent after COMMIT. Returns how it stands. @throws EMAIL_INVALID */
  post(scope: Scope, message: Message): Promise<'queued' | 'no_transport'>;
  /** Keeps messages about something from being sent, where that is still possible. */
  cancel(scope: Scope, organization: string, about: string): Promise<void>;
}

/** Where the sealed content of a message belongs. */
export function placeOf({ organization, id }: { organization: string; id: string }): Place {
  return { organization, table: 'outgoing_mail', column: 'letter', row: [id] };
}

/**
 * Makes the outbox of an installation.
 * @param keys undefined where there is no mail server: then no content is kept at all
 * @param onPosted called after the COMMIT of a transaction that posted
 */
export function makeOutbox(keys: Pick<DataKeys, 'seal'> | undefined, onPosted: () => void): Outbox {
  return {
    hasTransport: keys !== undefined,
    post: async (scope, { organization, about, to, template, values }) => {
      const at = scope.clock.now();
      const id = uuidv7(at);
      const content = await renderMail(template, values);
      const place = placeOf({ organization, id });
      const letter = (await keys?.seal(scope.tx, 'mail', place, JSON.stringify(content))) ?? null;
      await insertMail(scope.tx, {
        organization,
        id,
        about,
        recipient: parseEmail(to),
        template,
        letter,
        at,
      });
      if (keys === undefined) return 'no_transport';
      scope.tx.afterCommit(onPosted);
      return 'queued';
    },
    cancel: (scope, organization, about) => cancelMail(scope.tx, organization, about),
  };
}

/** How the latest message about each of several things stands. */
export async function mailOf(
  scope: Scope,
  organization: string,
  about: readonly string[],
): Promise<ReadonlyMap<string, MailState>> {
  const states = about.length === 0 ? [] : await findMailStates(scope.tx, organization, about);
  return new Map(states.map((state) => [state.about, state]));
}

/** Subscribes to `organization.purging`: its mail goes with it, sent or not. */
export async function dropMail(
  scope: Scope,
  { organization }: DomainEvents['organization.purging'],
): Promise<void> {
  await deleteMail(scope.tx, organization.id);
}
