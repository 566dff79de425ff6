/** What lite mode is made of. */
import type { Session } from '../access/index.js';
import type { IdentityRoom } from '../identity/index.js';
import type { Log } from '../log.js';
import type { Outbox } from '../mail/index.js';
import type { FactorKeys } from './factor.js';
import type { Hasher } from './password-hash.js';
import type { Signer } from './tokens.js';

export interface LiteParts extends FactorKeys {
  session: Session;
  identity: Pick<IdentityRoom, 'admit' | 'asSystem'>;
  /** Asked for when a mail is to be written. */
  outbox: () => Outbox;
  /** Address that links begin with. */
  publicUrl: string;
  log: Log;
  hasher: Hasher;
  signer: Signer;
}
