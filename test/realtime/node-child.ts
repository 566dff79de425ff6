/** A node in a process of its own, until it is killed. */
import { createDartwing, type DartwingOptions } from '../../src/core/index.js';
import { createServer } from '../../src/server/index.js';

process.once('message', async (options: DartwingOptions) => {
  const dartwing = await createDartwing(options);
  const server = createServer(dartwing, { realtime: true });
  const { url } = await server.listen({ port: 0 });
  process.send!(url);
});
