/** A process that accepts an invitation and says so before its transaction ends. Reads what to do from stdin. */
import { text } from 'node:stream/consumers';
import { createDartwing, type DartwingOptions } from '../../src/core/index.js';

async function accept(): Promise<void> {
  const { options, token } = JSON.parse(await text(process.stdin)) as {
    options: DartwingOptions;
    token: string;
  };
  const dartwing = await createDartwing({ ...options, background: false });
  await dartwing.invitations.accept({ token });
  process.stdout.write('accepted\n');
  await dartwing.close();
}

void accept();
