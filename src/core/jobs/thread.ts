/** Runs a module's default export in a thread of its own, which can be ended whatever it does. */
import { Worker } from 'node:worker_threads';

/** Loads the module and calls it; plain JavaScript, since a thread starts without our loader. */
const bootstrap = `
const { parentPort, workerData } = require('node:worker_threads');
import(workerData.module)
  .then((loaded) => loaded.default(workerData.input, workerData.job))
  .then((output) => parentPort.postMessage({ output: JSON.stringify(output ?? null) }))
  .catch((error) => parentPort.postMessage({ error: { name: error?.name, message: String(error?.message ?? error), code: error?.code,
    status: error?.status, permanent: error?.permanent, stack: String(error?.stack ?? '') } }));
`;

/** @returns what the module returned, as JSON says it */
export function runInThread(
  module: string,
  input: unknown,
  job: { id: string; organization: string; attempt: number; traceparent: string },
  signal: AbortSignal,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(bootstrap, { eval: true, workerData: { module, input, job } });
    const end = () => void thread.terminate();
    signal.addEventListener('abort', end, { once: true });
    thread.on('message', (answer: { output?: string; error?: object }) => {
      if (answer.error !== undefined) reject(Object.assign(new Error(), answer.error));
      else resolve(JSON.parse(answer.output ?? 'null'));
      end();
    });
    thread.on('error', reject);
    thread.on('exit', (code) => {
      signal.removeEventListener('abort', end);
      reject(signal.aborted ? signal.reason : new Error(`the thread ended with ${code} before it answered`));
    });
  });
}
