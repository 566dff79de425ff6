/** A server process of the convergence test: it answers feeds and pushes over IPC, until it is killed. */
import { asDartwingError, httpStatus } from '../../src/core/errors.js';
import { createDartwing, type DartwingOptions } from '../../src/core/index.js';
import { randomDoctypes } from '../../src/simulation/doctypes.js';

export interface Asked {
  number: number;
  verb: 'feed' | 'push';
  // biome-ignore lint/suspicious/noExplicitAny: the arguments of the verb, as they are
  given: [string, any, any];
}

export interface Told {
  number: number;
  answer?: unknown;
  fault?: { status: number; code: string; message: string };
}

process.once('message', async (options: DartwingOptions) => {
  const dartwing = await createDartwing({ ...options, background: false });
  for (const definition of randomDoctypes) dartwing.documents.doctypes.register(definition);
  const tell = (told: Told) => process.send!(told);
  process.on('message', ({ number, verb, given }: Asked) => {
    dartwing.sync[verb](...given).then(
      (answer) => tell({ number, answer }),
      (thrown: unknown) => {
        const { code, message } = asDartwingError(thrown);
        tell({ number, fault: { status: httpStatus(code), code, message } });
      },
    );
  });
  tell({ number: 0 });
});
