import { DartwingError } from '../../core/errors.js';
import type { Dartwing } from '../../core/index.js';
import type { ConnectInput } from '../../core/tokens/index.js';
import { callOf } from '../call.js';
import { changed } from '../change.js';
import type { CommandContext } from '../context.js';
import { pairsFlag, textFlag, textsFlag } from '../flag-values.js';
import { awaitCallback } from '../loopback.js';
import { requireCurrent } from '../org/named.js';
import { secretLines, typedSecret } from '../secret-input.js';
import type { Parsed, VerbRun } from '../spec.js';
import { openWithProviders } from './answer.js';

/** How long somebody may take. */
const connectMs = 600_000;

export const run: VerbRun = async (context, { args, flags }) => {
  const organization = requireCurrent(context);
  const input: ConnectInput = {
    provider: String(args.provider),
    account: textFlag(flags, 'account'),
    scopes: flags.scopes === undefined ? undefined : textsFlag(flags, 'scopes'),
    settings: Object.fromEntries(pairsFlag(flags, 'setting')),
    allowAccountChange: flags.replaceAccount === true,
  };
  requireOneFlow(flags);
  const dartwing = await openWithProviders(context);
  const { items } = await dartwing.tokens.providers(callOf(context));
  const provider = items.find(({ name }) => name === input.provider);
  if (provider === undefined) {
    // Says so, with the nearest name.
    await dartwing.tokens.connect.begin(organization, input, callOf(context));
    throw new DartwingError('PROVIDER_NOT_FOUND', { name: input.provider });
  }
  const connect = provider.flow !== 'oauth2' ? bySecret : flags.device === true ? byDevice : byBrowser;
  const done = await connect(context, dartwing, organization, input, flags);
  if (done === undefined) return { nothing: true };
  return changed(done, `${provider.title} is connected as ${done.after?.account}`, [
    `dartwing token health ${done.after?.id} --org ${organization}`,
  ]);
};

type Flow = (
  context: CommandContext,
  dartwing: Dartwing,
  organization: string,
  input: ConnectInput,
  flags: Parsed['flags'],
) => Promise<Awaited<ReturnType<Dartwing['tokens']['connect']['complete']>> | undefined>;

/** A key or a password: the first line of stdin, or typed. */
const bySecret: Flow = async (context, dartwing, organization, input, flags) => {
  const username = textFlag(flags, 'username');
  const source = flags.tokenStdin === true ? { file: '-' } : flags;
  const name = flags.tokenStdin === true ? 'file' : 'tokenFile';
  const lines = await secretLines(context, source, name);
  const secret = lines?.[0] ?? (await typedSecret(context, 'Key or password:', '--token-stdin'));
  return dartwing.tokens.connect.secret(organization, { ...input, secret, username }, callOf(context));
};

/** A browser comes back to a port of this machine. */
const byBrowser: Flow = async (context, dartwing, organization, input) => {
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(connectMs)]);
  return awaitCallback(signal, async (redirectUri, wait) => {
    const begun = await dartwing.tokens.connect.begin(
      organization,
      { ...input, redirectUri },
      callOf(context),
    );
    const { authorize_url: url } = begun.authorization;
    if (context.global.dryRun) return undefined;
    context.io.event({ type: 'authorize', url });
    context.io.note(`Open this address in a browser on this machine:\n\n  ${url}\n`);
    return dartwing.tokens.connect.complete((await wait(begun.state)).searchParams, begun.binding);
  });
};

/** The code is typed on another machine (RFC 8628). */
const byDevice: Flow = async (context, dartwing, organization, input) => {
  const { io } = context;
  const call = callOf(context);
  const device = await dartwing.tokens.connect.beginDevice(organization, input, call);
  if (context.global.dryRun) return undefined;
  const { verification_uri: url, user_code: code } = device;
  io.event({ type: 'authorize', url, code });
  io.note(`Open ${url} on any machine and enter the code\n\n  ${code}\n`);
  let intervalMs = device.interval_ms;
  for (;;) {
    await pause(intervalMs, context.signal);
    const polled = await dartwing.tokens.connect.pollDevice(organization, device.handle, call);
    if (polled.change !== undefined) return polled.change;
    if (polled.slower) intervalMs += 5_000;
  }
};

function requireOneFlow(flags: Parsed['flags']): void {
  const given = ['device', 'tokenStdin', 'tokenFile'].filter(
    (name) => flags[name] !== undefined && flags[name] !== false,
  );
  if (given.length > 1)
    throw new DartwingError('USAGE', {
      message: '--device, --token-stdin and --token-file exclude each other',
      command: 'token connect',
    });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(new DartwingError('CANCELED'));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
