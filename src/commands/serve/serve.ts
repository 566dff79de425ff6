import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { DartwingError } from '../../core/errors.js';
import { createServer } from '../../server/index.js';
import type { CommandContext } from '../context.js';
import { durationFlag, numberFlag, textFlag, textsFlag } from '../flag-values.js';
import { commandLog } from '../log.js';
import type { Parsed, VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { flags }) => {
  const { io, signal, config } = context;
  const listening = {
    host: textFlag(flags, 'host'),
    port: numberFlag(flags, 'port', 0, 65_535) ?? config.values.port,
    drainMs: durationFlag(flags, 'drainTimeout'),
    tls: certificate(context, flags),
  };
  const log = await commandLog(context);
  const dartwing = await context.open({ background: true, beside: true, log });
  const server = createServer(dartwing, {
    log,
    realtime: { sticky: flags.sticky === true },
    operatorToken: config.values.operatorToken,
    trustedProxies: textsFlag(flags, 'trustProxy'),
    allowedOrigins: textsFlag(flags, 'allowOrigin'),
  });
  const { url, close } = await server.listen(listening);
  context.defer(close);
  dartwing.alerts.watch();
  const ready = { api_version: 'dartwing/v1', kind: 'ServerReady', url, pid: process.pid };
  await io.out.write(io.machine ? `${JSON.stringify(ready)}\n` : `dartwing serves at ${url}\n`);
  if (!signal.aborted) await once(signal, 'abort');
  io.note('Draining');
  return { nothing: true };
};

/** @throws VALIDATION_ERROR (one of the two is missing), BAD_FILE */
function certificate({ cwd }: CommandContext, flags: Parsed['flags']) {
  const [cert, key] = [textFlag(flags, 'tlsCert'), textFlag(flags, 'tlsKey')];
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined)
    throw new DartwingError('VALIDATION_ERROR', { message: 'give both --tls-cert and --tls-key' });
  return { cert: readPem(cwd, cert), key: readPem(cwd, key) };
}

function readPem(cwd: string, file: string): Buffer {
  try {
    return readFileSync(resolve(cwd, file));
  } catch (error) {
    throw new DartwingError('BAD_FILE', { file, message: (error as Error).message }, { cause: error });
  }
}
