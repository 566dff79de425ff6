import { parseDurationMs } from '../../core/duration.js';
import { numberFlag, textFlag, textsFlag, timeFlag } from '../flag-values.js';
import { requireCurrent } from '../org/named.js';
import type { Document, Parsed, VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { flags }) => {
  const organization = requireCurrent(context);
  const limit = numberFlag(flags, 'limit', 1, 500);
  const dartwing = await context.open({ selfTest: 'version' });
  const named = textsFlag(flags, 'entity');
  const doctype =
    named.length > 0 ? named : (await dartwing.documents.doctypes.list()).map((each) => each.doctype);
  const request = { doctype, since: startFlag(flags), limit };
  return {
    stream: rows(
      dartwing.sync.stream(
        organization,
        request,
        undefined,
        flags.follow === true ? context.signal : undefined,
      ),
    ),
    table: {
      columns: [
        { header: 'seq', path: 'seq', align: 'right' },
        { header: 'entity', path: 'doctype' },
        { header: 'id', path: 'name' },
        { header: 'version', path: 'version', align: 'right' },
        { header: 'deleted', path: 'deleted' },
        { header: 'modified', path: 'modified' },
      ],
    },
  };
};

/** A cursor as it is; a time or a distance from now as a time in RFC 3339. */
function startFlag(flags: Parsed['flags']): string | undefined {
  const text = textFlag(flags, 'since');
  const isDistance = text !== undefined && parseDurationMs(text.replace(/^[-+]/, '')) !== undefined;
  const isDate = text !== undefined && /^\d{4}-\d{2}-\d{2}(T|$)/.test(text);
  return isDistance || isDate ? timeFlag(flags, 'since', new Date())!.toISOString() : text;
}

/** Rows and the last line, which has the cursor, as documents. */
async function* rows(lines: AsyncIterable<string>): AsyncGenerator<Document> {
  for await (const text of lines)
    for (const line of text.trimEnd().split('\n'))
      yield { api_version: 'dartwing/v1', kind: 'FeedRow', ...(JSON.parse(line) as object) };
}
