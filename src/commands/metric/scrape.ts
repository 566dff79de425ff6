import { DartwingError } from '../../core/errors.js';
import type { CommandContext } from '../context.js';
import { textFlag } from '../flag-values.js';
import { isServer } from '../server-address.js';
import type { VerbRun } from '../spec.js';

const answerBytesMax = 16 * 1_048_576;

export const run: VerbRun = async (context, { flags }) => {
  const { url } = context.config.values;
  const from = textFlag(flags, 'from') ?? (isServer(url) ? `${url.replace(/\/+$/, '')}/metrics` : undefined);
  if (from !== undefined) return { text: await scrape(context, from) };
  const dartwing = await context.open({ selfTest: 'version' });
  return { text: await dartwing.metrics.meter.text() };
};

/** @throws VALIDATION_ERROR, UNAUTHENTICATED, SERVER_UNREACHABLE, SERVER_FAULT */
async function scrape({ config, signal }: CommandContext, from: string): Promise<string> {
  if (!URL.canParse(from) || !/^https?:$/.test(new URL(from).protocol))
    throw new DartwingError('VALIDATION_ERROR', {
      message: '--from is an address such as http://127.0.0.1:4000/metrics',
    });
  const url = new URL(from);
  if (url.username !== '' || url.password !== '')
    throw new DartwingError('VALIDATION_ERROR', {
      message: '--from holds a password; set DARTWING_OPERATOR_TOKEN instead',
    });
  if (url.pathname === '/') url.pathname = '/metrics';
  const { operatorToken: token } = config.values;
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(url, { headers, signal, redirect: 'error' }).catch((error: unknown) => {
    throw new DartwingError(
      'SERVER_UNREACHABLE',
      { url: url.origin, why: reasonOf(error) },
      { cause: error },
    );
  });
  if (response.status === 401) throw new DartwingError('UNAUTHENTICATED');
  if (!response.ok) throw new DartwingError('SERVER_FAULT', { status: response.status });
  const text = await response.text();
  if (text.length > answerBytesMax)
    throw new DartwingError('SERVER_UNREACHABLE', { url: url.origin, why: 'its answer has no end' });
  return text;
}

function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: string } };
  return cause?.code ?? (error as Error).message;
}
