/**
 * Keys. One master key (32 bytes, from the environment or a file) stands at the top; the passwords of the runtime
 * database roles and the key of the audit staging are derived from it. Without it nothing starts. Losing it loses
 * the access of the runtime roles until `migrate up` is run with a new installation; keep it where you keep
 * backups' keys.
 */
export { developmentMasterKey, type Keyring, openKeyring } from './master.js';
export { openText, sealText } from './seal.js';
