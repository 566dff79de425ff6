/** Whether this process lives and whether it can serve. */
import { Hono } from 'hono';
import { asDartwingError } from '../core/errors.js';
import type { Dartwing } from '../core/index.js';
import type { SocketFacts } from './realtime/index.js';

/** What an operator sees at /health/details. Without Redis realtime takes a detour: degraded, and ready. */
export interface HealthDetails {
  status: 'ready' | 'degraded' | 'not_ready' | 'draining';
  database: { status: 'ok' } | { status: 'failed'; error: { code: string; message: string } };
  realtime: readonly Omit<SocketFacts, 'byEvent'>[];
  process: { uptime_seconds: number; memory_bytes: number };
}

/** A check is remembered this long, so that probes cannot load the database. */
const rememberMs = 1_000;

export function healthRoutes(
  dartwing: Dartwing,
  { sockets, isDraining }: { sockets: () => readonly SocketFacts[]; isDraining: () => boolean },
): { routes: Hono; details: () => Promise<HealthDetails> } {
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
    // Whoever sends requests here is to send them elsewhere before they are refused.
    if (isDraining()) return context.json({ status: 'draining' }, 503);
    const problem = await check();
    return problem === undefined
      ? context.json({ status: 'ready' })
      : context.json({ status: 'not_ready', error: problem }, 503);
  });
  const details = async (): Promise<HealthDetails> => {
    const problem = await check();
    const nodes = sockets().map(({ byEvent: _, ...facts }) => facts);
    const isDegraded = nodes.some(({ bus }) => bus.state === 'degraded');
    return {
      status: isDraining()
        ? 'draining'
        : problem !== undefined
          ? 'not_ready'
          : isDegraded
            ? 'degraded'
            : 'ready',
      database: problem === undefined ? { status: 'ok' } : { status: 'failed', error: problem },
      realtime: nodes,
      process: { uptime_seconds: Math.round(process.uptime()), memory_bytes: process.memoryUsage.rss() },
    };
  };
  return { routes, details };
}
