import { createServer } from 'dartwing/server';
import fastify from 'fastify';

export async function start(dartwing) {
  const app = fastify();
  const mounted = createServer(dartwing, { basePath: '/dartwing' });
  app.register(async (scope) => {
    // The body stays as it came: dartwing reads it itself.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
    scope.all('/dartwing/*', (request, reply) => {
      reply.hijack();
      mounted.handler(request.raw, reply.raw);
    });
  });
  app.get('/', async () => 'the host');
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return { url, stop: () => app.close() };
}
