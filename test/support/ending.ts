/**
 * What is to be done when a file of tests has ended, whoever asks for it and when. The runner passes over `afterAll`
 * where it is called while a hook runs, so a helper that opens something in a `beforeAll` would never close it.
 */
import { afterAll, afterEach } from 'vitest';

type Ending = () => unknown;

const endings: Ending[] = [];
let hasFailed = false;

/** Asks for something at the end of the file; what was asked for last is done first. */
export function atEnd(ending: Ending): void {
  endings.push(ending);
}

/** Whether a test of this file has failed. */
export function fileFailed(): boolean {
  return hasFailed;
}

/** Called once for each file, before its own hooks: what it registers runs after them. */
export function endEachFile(): void {
  hasFailed = false;
  afterEach(({ task }) => {
    hasFailed ||= task.result?.state === 'fail';
  });
  afterAll(async () => {
    const failures: unknown[] = [];
    while (endings.length > 0) {
      try {
        await endings.pop()?.();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'something did not end well');
  });
}
