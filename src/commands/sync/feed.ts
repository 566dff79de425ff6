import { numberFlag, textFlag, textsFlag } from '../flag-values.js';
import { requireCurrent } from '../org/named.js';
import type { Document, VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { flags }) => {
  const organization = requireCurrent(context);
  const limit = numberFlag(flags, 'limit', 1, 500);
  const dartwing = await context.open({ selfTest: 'version' });
  const named = textsFlag(flags, 'entity');
  const doctype =
    named.length > 0 ? named : (await dartwing.documents.doctypes.list()).map((each) => each.doctype);
  const request = { doctype, since: textFlag(flags, 'since'), limit };
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

/** Rows and the last line, which has the cursor, as documents. */
async function* rows(lines: AsyncIterable<string>): AsyncGenerator<Document> {
  for await (const text of lines)
    for (const line of text.trimEnd().split('\n'))
      yield { api_version: 'dartwing/v1', kind: 'FeedRow', ...(JSON.parse(line) as object) };
}
