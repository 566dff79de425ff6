/** An error as it is written: for a person what, why, fix and where to read on; in machine modes one event. */
import { type DartwingError, errorKinds, type FieldError } from '../../core/errors.js';
import type { Io } from './io.js';
import { escapeControls } from './width.js';

/** The error event, the last line on stderr in machine modes. */
export function errorEvent(
  error: DartwingError,
  requestId: string,
): { type: 'error'; error: Record<string, unknown> } {
  return {
    type: 'error',
    error: {
      code: error.code,
      kind: error.kind,
      message: error.message,
      why: error.why ?? null,
      fix: error.fix,
      docs: docsOf(error),
      exit: errorKinds[error.kind].exit,
      request_id: requestId,
      retry_after_ms: error.retryAfterMs ?? null,
      fields: error.fields,
    },
  };
}

/** Writes an error to stderr, once. The stack is shown only for debugging. */
export function writeError(
  io: Io,
  error: DartwingError,
  options: { requestId: string; debug: boolean },
): void {
  if (io.machine) io.event(errorEvent(error, options.requestId));
  else io.say(errorText(io, error, options.requestId));
  if (options.debug && !io.machine) io.say(`${stackOf(error)}\n`);
}

function errorText(io: Io, error: DartwingError, requestId: string): string {
  const { red, bold, dim, signs } = io.err.palette;
  const lines = [`${red(signs.fail)} ${bold(escapeControls(error.message))}`];
  if (error.why !== undefined) lines.push(`  ${escapeControls(error.why)}`);
  const said = error.fields.every((field) => error.message.includes(field.message));
  if (!said) lines.push(...error.fields.map((field) => `  ${fieldText(field)}`));
  error.fix.forEach((fix, index) => {
    lines.push(`  ${dim(index === 0 ? 'Fix ' : '    ')}  ${escapeControls(fix)}`);
  });
  lines.push(`  ${dim('Docs')}  ${docsOf(error)}`);
  if (error.kind === 'internal') lines.push(`  ${dim('Request')} ${requestId}`);
  return `${lines.join('\n')}\n`;
}

/** `org.yaml:14:5  members[2].role  "admn" is not a role` */
function fieldText({ file, line, column, path, message }: FieldError): string {
  const place =
    file === undefined ? undefined : [file, line, column].filter((part) => part !== undefined).join(':');
  return [place, path === '' ? undefined : path, message]
    .filter((part) => part !== undefined)
    .map(escapeControls)
    .join('  ');
}

function docsOf(error: DartwingError): string {
  return `dartwing explain ${error.code}`;
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}
