/** Who acts, and upon what. */
import type { KeyBounds } from './key.js';

export interface Principal {
  /** operator: somebody with access to the installation; service: a program; system: dartwing itself. */
  type: 'operator' | 'person' | 'service' | 'system';
  /** The operator's login, the PERSON-… id, or the name of the service. */
  id: string;
  /** Of a program that came with an API key: what the key is good for. */
  key?: KeyBounds | undefined;
}

/** What is acted upon, as the audit trail and errors name it. */
export interface Ref {
  doctype: string;
  name: string;
  /** Id of the organization it belongs to, where it belongs to one. */
  organization?: string | undefined;
  /** Id of the person it belongs to, where rules ask for the owner. */
  owner?: string | undefined;
}
