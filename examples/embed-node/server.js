import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'dartwing/server';

export async function start(dartwing) {
  const mounted = createServer(dartwing, { basePath: '/dartwing' });
  const host = createHttpServer((request, response) => {
    if (request.url.startsWith('/dartwing/')) return mounted.handler(request, response);
    response.end('the host');
  });
  await new Promise((resolve) => host.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${host.address().port}`,
    stop: () => new Promise((resolve) => host.close(resolve)),
  };
}
