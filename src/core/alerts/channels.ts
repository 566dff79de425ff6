/** Where messages go, and how they are sent. */
import { createHmac } from 'node:crypto';
import type { Clock } from '../clock.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { type MailOptions, smtpTransport } from '../mail/index.js';
import type { ChannelName, NotificationRow } from './queries.js';
import type { Severity } from './rules.js';

export interface AlertOptions {
  /** What messages call the installation; the public address unless told. */
  installation?: string | undefined;
  /** Routing key of an integration with Events API v2. */
  pagerDutyKey?: string | undefined;
  pagerDutyUrl?: string | undefined;
  /** Address of an incoming webhook. */
  slackUrl?: string | undefined;
  /** Gets what Alertmanager would send; `secret` (`whsec_…`) signs it as Standard Webhooks say. */
  webhook?: { url: string; secret?: string | undefined } | undefined;
  /** Addresses that get mail, through the mail server of the installation. */
  mailTo?: readonly string[] | undefined;
  /** Presets whose rules are evaluated. Default: operations and objectives. */
  presets?: readonly string[] | undefined;
}

export interface Channels {
  /** Channels that are told of a severity. */
  of(severity: Severity): readonly ChannelName[];
  /** @throws SendFailure, which says whether another attempt is of use */
  send(message: Pick<NotificationRow, 'id' | 'channel' | 'body' | 'created_at'>): Promise<void>;
}

const pagerDutyAddress = 'https://events.pagerduty.com/v2/enqueue';
/** Severities that each channel is told of: nobody is woken by a warning. */
const routes: Readonly<Record<ChannelName, readonly Severity[]>> = {
  pagerduty: ['critical'],
  slack: ['critical', 'warning'],
  webhook: ['critical', 'warning', 'info'],
  mail: ['critical', 'warning'],
};

/** @throws CONFIG_INVALID (addresses and secrets that cannot be used) */
export function openChannels(options: AlertOptions, mail: MailOptions | undefined, clock: Clock): Channels {
  const { pagerDutyKey, pagerDutyUrl = pagerDutyAddress, slackUrl, webhook, mailTo = [] } = options;
  for (const [where, url] of [
    ['alert_pagerduty_url', pagerDutyUrl],
    ['alert_slack_url', slackUrl],
    ['alert_webhook_url', webhook?.url],
  ] as const)
    if (url !== undefined && !(URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)))
      throw new DartwingError('CONFIG_INVALID', { where, message: 'it is not an https:// address' });
  const key = webhook?.secret === undefined ? undefined : webhookKey(webhook.secret);
  const transport =
    mail?.smtpUrl !== undefined && mail.from !== undefined
      ? smtpTransport(mail.smtpUrl, mail.from)
      : undefined;
  const configured: Readonly<Record<ChannelName, boolean>> = {
    pagerduty: pagerDutyKey !== undefined,
    slack: slackUrl !== undefined,
    webhook: webhook !== undefined,
    mail: mailTo.length > 0 && transport !== undefined,
  };
  const names = (Object.keys(routes) as ChannelName[]).filter((name) => configured[name]);
  return {
    of: (severity) => names.filter((name) => routes[name].includes(severity)),
    send: async ({ id, channel, body, created_at: at }) => {
      if (!configured[channel]) throw failure(`the channel ${channel} is no longer set up`, true);
      if (channel === 'pagerduty')
        return post(pagerDutyUrl, JSON.stringify({ ...(body as object), routing_key: pagerDutyKey }));
      if (channel === 'slack') return post(slackUrl!, JSON.stringify(body));
      if (channel === 'webhook') {
        const text = JSON.stringify(body);
        return post(webhook!.url, text, key === undefined ? {} : signature(key, id, text, clock.now()));
      }
      const { subject, text } = body as { subject: string; text: string };
      for (const to of mailTo) {
        const html = `<pre>${text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</pre>`;
        await transport!.send({ id: `${id}.${mailTo.indexOf(to)}`, to, at, subject, text, html });
      }
    },
  };
}

/** Headers of Standard Webhooks: the receiver refuses what is old or was changed. */
function signature(key: Buffer, id: string, text: string, now: Date): Record<string, string> {
  const timestamp = String(Math.floor(now.getTime() / 1_000));
  const signed = createHmac('sha256', key).update(`${id}.${timestamp}.${text}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signed}` };
}

function webhookKey(secret: string): Buffer {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  if (key.length >= 24 && key.length <= 64) return key;
  const message = 'it is not whsec_ and 24 to 64 bytes in base64';
  throw new DartwingError('CONFIG_INVALID', { where: 'alert_webhook_secret', message });
}

async function post(url: string, body: string, headers: Record<string, string> = {}): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
    redirect: 'error',
    signal: AbortSignal.timeout(limits.alertSendMs),
  }).catch((error: Error & { cause?: { code?: string } }) => {
    throw failure(error.cause?.code ?? error.name, false);
  });
  await response.body?.cancel();
  if (response.ok) return;
  // What is refused as it is will be refused again; too much or a fault of theirs passes.
  const isFinal = response.status < 500 && ![408, 409, 425, 429].includes(response.status);
  throw failure(`it answered ${response.status}`, isFinal);
}

/** How a message was not sent. */
export class SendFailure extends Error {
  constructor(
    message: string,
    readonly isFinal: boolean,
  ) {
    super(message);
  }
}

function failure(message: string, isFinal: boolean): SendFailure {
  return new SendFailure(message, isFinal);
}
