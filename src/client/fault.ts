/** What goes wrong in the client, by code. */

const messages = {
  OFFLINE: 'The server cannot be reached, or answers with a failure of its own',
  REFUSED: 'The server refuses the call',
  UNAUTHENTICATED: 'The server does not accept the token',
  OUTDATED: 'This program speaks another version of the protocol than the server and has to be updated',
  REVOKED: 'The organization is no longer open to this person; its data were deleted from this device',
  RESYNC: 'The server wants everything to be fetched again',
  ANSWER_INVALID: 'The answer is not one of this protocol',
  DOCUMENT_UNKNOWN: 'There is no such document on this device',
  OPERATION_UNKNOWN: 'There is no such operation in the queue',
  OPERATION_SENDING: 'The operation is being sent',
  OPERATION_TOO_LARGE: 'The edit is larger than one call may be',
  NOT_IN_CONFLICT: 'The document has no conflict that waits for a decision',
  STORE_LOCKED: 'Another process has the store open',
  STORE_DAMAGED: 'The store is damaged in its middle, not by a crash',
  STORE_FAILED: 'The store could not be written and takes nothing more until it is opened again',
  STORE_FOREIGN: 'The store belongs to another organization or device',
  CLOSED: 'The client was closed',
} as const;

export type ClientFaultCode = keyof typeof messages;

export interface FaultDetail {
  /** What the server called it. */
  serverCode?: string | undefined;
  /** How long the server asks to wait. */
  retryAfterMs?: number | undefined;
  cause?: unknown;
}

export class ClientFault extends Error {
  override readonly name = 'ClientFault';
  readonly code: ClientFaultCode;
  readonly serverCode: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: ClientFaultCode, about = '', { serverCode, retryAfterMs, cause }: FaultDetail = {}) {
    super(`${messages[code]}${about ? `: ${about}` : ''}`, { cause });
    this.code = code;
    this.serverCode = serverCode;
    this.retryAfterMs = retryAfterMs;
  }
}
