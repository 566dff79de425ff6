import { createServer } from 'dartwing/server';
import express from 'express';

export async function start(dartwing) {
  const app = express();
  app.use(express.json());
  app.use('/dartwing', createServer(dartwing).handler);
  app.get('/', (_request, response) => response.send('the host'));
  const host = await new Promise((resolve) => {
    const server = app.listen(0, '127.0.0.1', () => resolve(server));
  });
  return {
    url: `http://127.0.0.1:${host.address().port}`,
    stop: () => new Promise((resolve) => host.close(resolve)),
  };
}
