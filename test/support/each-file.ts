/** Runs before each file of tests. */
import { endEachFile } from './ending.js';

endEachFile();
