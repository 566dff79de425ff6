/** Every noun of the command line, in the order in which help shows them. */
import { configSpec } from './config/spec.js';
import { metaSpecs } from './meta/spec.js';
import { profileSpec } from './profile/spec.js';
import type { NounSpec } from './spec.js';

export const nouns: readonly NounSpec[] = [configSpec, profileSpec, ...metaSpecs];
