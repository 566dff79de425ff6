import { serve } from '@hono/node-server';
import { createServer } from 'dartwing/server';
import { Hono } from 'hono';

export async function start(dartwing) {
  const app = new Hono();
  app.mount('/dartwing', createServer(dartwing).fetch);
  app.get('/', (context) => context.text('the host'));
  const host = await new Promise((resolve) => {
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => resolve(server));
  });
  return {
    url: `http://127.0.0.1:${host.address().port}`,
    stop: () => new Promise((resolve) => host.close(resolve)),
  };
}
