/** A process that merges two persons. Reads whom from stdin. */
import { text } from 'node:stream/consumers';
import { createDartwing, type DartwingOptions } from '../../src/core/index.js';

async function merge(): Promise<void> {
  const { options, winner, loser } = JSON.parse(await text(process.stdin)) as {
    options: DartwingOptions;
    winner: string;
    loser: string;
  };
  const dartwing = await createDartwing({ ...options, background: false, selfTest: 'version' });
  await dartwing.people.person.merge(winner, loser);
  await dartwing.close();
}

void merge();
