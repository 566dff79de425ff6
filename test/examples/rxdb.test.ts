import { readFileSync } from 'node:fs';
import { createRxDatabase, type RxCollection } from 'rxdb';
import { getRxStorageMemory } from 'rxdb/plugins/storage-memory';
import { expect, onTestFinished, test, vi } from 'vitest';
import { replicate } from '../../examples/rxdb/adapter.js';
import { openWorld } from '../server/world.js';

const world = openWorld();

type Task = { id: string; version?: number; title?: string; status?: string; notes?: string };

async function device(name: string): Promise<{ tasks: RxCollection<Task>; sync: () => Promise<unknown> }> {
  const database = await createRxDatabase<{ tasks: RxCollection<Task> }>({
    name,
    storage: getRxStorageMemory(),
    multiInstance: false,
  });
  const text = { type: 'string' };
  const { tasks } = await database.addCollections({
    tasks: {
      schema: {
        version: 0,
        primaryKey: 'id',
        type: 'object',
        properties: {
          id: { type: 'string', maxLength: 140 },
          version: { type: 'number' },
          title: text,
          status: text,
          notes: text,
        },
        required: ['id'],
      },
    },
  });
  const { state, stop } = replicate<Task>({
    collection: tasks,
    doctype: 'Task',
    organization: 'acme',
    device: name,
    pollMs: 20,
    call: async (method, body) => {
      const { status, body: answer } = await world.ana.post(`/api/method/dartwing_core.sync.${method}`, body);
      if (status !== 200) throw new Error(`${method}: ${status}`);
      // Fields that the collection does not know are not for it.
      return answer.data;
    },
  });
  onTestFinished(async () => {
    await stop();
    await database.close();
  });
  return { tasks, sync: () => state.awaitInSync() };
}

const onServer = async (name: string) => (await world.dartwing.documents.show('acme', 'Task', name)).data;

test('RxDB pushes, pulls, meets a conflict and hears of what others do', { timeout: 60_000 }, async () => {
  const [one, two] = [await device('one'), await device('two')];
  await one.tasks.insert({ id: 'task-1', title: 'Call Ana', status: 'Open', notes: '' });
  await vi.waitFor(async () => expect(await onServer('task-1')).toMatchObject({ title: 'Call Ana' }), 20_000);
  // Without a call of its own, the other device has it.
  await vi.waitFor(async () => expect(await two.tasks.findOne('task-1').exec()).not.toBeNull(), 20_000);

  // The server's status wins, the notes of the device win: both edits were made on one version.
  const local = await two.tasks.findOne('task-1').exec();
  await Promise.all([
    world.dartwing.documents.update('acme', 'Task', 'task-1', { status: 'Done' }),
    local!.incrementalPatch({ status: 'Working', notes: 'rang twice' }),
  ]);
  await vi.waitFor(async () => {
    expect((await onServer('task-1')).notes).toBe('rang twice');
    for (const { tasks } of [one, two]) {
      const { status, notes } = (await tasks.findOne('task-1').exec())!.toJSON();
      expect({ status, notes }).toEqual({ status: (await onServer('task-1')).status, notes: 'rang twice' });
    }
  }, 20_000);

  await (await one.tasks.findOne('task-1').exec())!.remove();
  await vi.waitFor(async () => expect(await two.tasks.findOne('task-1').exec()).toBeNull(), 20_000);
});

test('the adapter stays below eighty lines', () => {
  const lines = readFileSync(new URL('../../examples/rxdb/adapter.ts', import.meta.url), 'utf8').trimEnd();
  expect(lines.split('\n').length).toBeLessThan(80);
});
