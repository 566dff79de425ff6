/** The page on which the HTTP interface is read and tried: Swagger UI, from files of the package, no other host. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Hono } from 'hono';
import { DartwingError } from '../core/errors.js';
import { packageRoot } from '../core/package-root.js';
import type { Env } from './exchange.js';

const assets: Readonly<Record<string, string>> = {
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'swagger-ui.css': 'text/css; charset=utf-8',
};

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>dartwing</title>
    <link rel="stylesheet" href="reference/swagger-ui.css">
  </head>
  <body>
    <div id="reference"></div>
    <script src="reference/swagger-ui-bundle.js"></script>
    <script src="reference/start.js"></script>
  </body>
</html>
`;

const start = `SwaggerUIBundle({ url: 'openapi.json', dom_id: '#reference', deepLinking: true, validatorUrl: null });
`;

/** Scripts of our own origin only; the library sets styles and draws its pictures from data addresses. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'";

export function referenceRoutes(): Hono<Env> {
  const app = new Hono<Env>();
  app.use(async (context, next) => {
    await next();
    context.header('content-security-policy', policy);
  });
  app.get('/', (context) => context.html(page));
  app.get('/start.js', (context) =>
    context.body(start, 200, { 'content-type': 'text/javascript; charset=utf-8' }),
  );
  for (const [name, type] of Object.entries(assets)) {
    app.get(`/${name}`, async (context) => {
      const bytes = await readFile(join(packageRoot(), 'dist/reference', name)).catch((error: unknown) => {
        throw new DartwingError(
          'ROUTE_NOT_FOUND',
          { method: 'GET', path: context.req.path },
          { cause: error },
        );
      });
      return context.body(bytes, 200, { 'content-type': type, 'cache-control': 'public, max-age=3600' });
    });
  }
  return app;
}
