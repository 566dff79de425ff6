/**
 * Mail: messages to people, written with the change that causes them and sent after it is committed.
 *
 * `outgoing_mail` is the outbox. A message is rendered from templates/mail and sealed in the caller's transaction;
 * after COMMIT, and from then on by `sendDue`, a process takes it under a lease and gives it to the mail server. What
 * the server puts off is tried again, eight times within two hours; what it refuses has failed. The content is
 * deleted once its fate is decided, so links in it are nowhere at rest.
 *
 * Each message has one Message-ID for ever. A process that dies after the server took a message and before the row
 * says so causes a second delivery, which a receiver can tell by that id; nothing else does. Without a mail server
 * nothing is sent and the row says `no_transport`.
 */
export { mailAddressProof } from './address.js';

export { type Courier, type MailOptions, type MailRun, openCourier } from './courier.js';
export { dropMail, mailOf, type Outbox } from './outbox.js';
export type { MailState } from './queries.js';
export { smtpTransport } from './transport.js';
