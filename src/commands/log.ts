/** What a command tells while it runs or with --debug: NDJSON for machines, readable lines on a terminal. */
import type { Log } from '../core/log.js';
import { scrub } from '../core/log-scrubber.js';
import type { CommandContext } from './context.js';
import { escapeControls } from './ui/width.js';

const levels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
type Level = (typeof levels)[number];

/** Logs on stderr, from `usual` on unless the configuration says otherwise. */
export async function commandLog(
  { io, config, global }: Pick<CommandContext, 'io' | 'config' | 'global'>,
  usual: 'info' | 'warn' = 'info',
): Promise<Log> {
  const said = config.origin('log').source === 'default' ? usual : config.values.log;
  const level = global.quiet ? 'error' : global.debug ? 'debug' : said;
  if (io.machine || !io.err.isTTY) {
    const { makeLog } = await import('../core/pino-log.js');
    const { gathered } = await import('./log-gathering.js');
    return makeLog(level, { write: gathered(io.say) }, { type: 'log' });
  }
  return readableLog(io, level);
}

function readableLog({ say, err }: CommandContext['io'], least: Level): Log {
  const { dim, yellow, red } = err.palette;
  const colours: Partial<Record<Level, (text: string) => string>> = { debug: dim, warn: yellow, error: red };
  const at = (level: Level) => (fields: object, message: string) => {
    if (levels.indexOf(level) < levels.indexOf(least)) return;
    const facts = Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) =>
        value instanceof Error ? `${name}=${value.message}` : `${name}=${textOf(value)}`,
      );
    const line = escapeControls(scrub([message, ...facts].join('  ')));
    say(`${dim(new Date().toISOString().slice(11, 19))} ${(colours[level] ?? String)(line)}\n`);
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function textOf(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
