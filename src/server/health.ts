/** Whether this process lives and whether it can serve. */
import { Hono } from 'hono';
import { asDartwingError } from '../core/errors.js';
import type { Dartwing } from '../core/index.js';

/** A check is remembered this long, so that probes cannot load the database. */
const rememberMs = 1_000;

export function healthRoutes(dartwing: Dartwing): Hono {
  const routes = new Hono();
  let checked: { at: number; result: Promise<{ code: string; message: string } | undefined> } | undefined;
  const check = () => {
    const now = performance.now();
    if (checked === undefined || now - checked.at > rememberMs) {
      const result = dartwing.ready().then(
        () => undefined,
        (thrown: unknown) => {
          const { code, message } = asDartwingError(thrown);
          return { code, message };
        },
      );
      checked = { at: now, result };
    }
    return checked.result;
  };

  routes.get('/live', (context) => context.json({ status: 'ok' }));
  routes.get('/ready', async (context) => {
    const problem = await check();
    return problem === undefined
      ? context.json({ status: 'ready' })
      : context.json({ status: 'not_ready', error: problem }, 503);
  });
  return routes;
}
