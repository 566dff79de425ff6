/** Every control by its id. */
import type { Control } from '../control.js';
import { encryptionControls } from './encryption.js';
import { governanceControls } from './governance.js';
import { keepingControls } from './keeping.js';
import { recordControls } from './records.js';
import { residencyControls } from './residency.js';
import { signInControls } from './sign-in.js';

export const controls: ReadonlyMap<string, Control> = new Map(
  [
    ...signInControls,
    ...recordControls,
    ...encryptionControls,
    ...governanceControls,
    ...residencyControls,
    ...keepingControls,
  ].map((control) => [control.id, control]),
);
