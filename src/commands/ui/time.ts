/** Times as tables show them. */
import { formatDuration } from '../../core/duration.js';

const timestamp = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;

/** Shows an RFC 3339 time in the wanted form; any other text comes back unchanged. */
export function showTime(text: string, form: 'relative' | 'iso' | 'local', now: Date): string {
  if (form === 'iso' || !timestamp.test(text)) return text;
  const at = new Date(text);
  if (form === 'local') return at.toLocaleString();
  const ms = now.getTime() - at.getTime();
  const whole = formatDuration(Math.max(1_000, Math.abs(ms)));
  const length = whole.replace(/ .*/, '').replace(/\.\d+/, '');
  return ms < 0 ? `in ${length}` : `${length} ago`;
}
