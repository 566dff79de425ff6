/** What the system writes down of a process that dies. */
import { writeFileSync } from 'node:fs';

/**
 * Keeps the memory of this process, and of those that it starts, out of core dumps: whoever uses a token has it in memory.
 * Of Linux only (core(5), "Controlling which mappings are written to the core dump"); a system without such a choice is left
 * as it is. The first page of each program stays, which says what ran.
 */
export function withholdMemory(): void {
  try {
    writeFileSync('/proc/self/coredump_filter', '0x10');
  } catch {
    // No such system, or a container that does not allow it.
  }
}
