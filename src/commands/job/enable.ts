import { switchType } from './switch-type.js';

export const run = switchType(true);
