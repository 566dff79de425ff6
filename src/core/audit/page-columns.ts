/**
 * Whether the columns of an entry repeat its body, without taking the body apart: canonical JSON has one order of members,
 * so everything that also stands in a column is at a place that can be told. Pure.
 */

/** Columns of a page: one text of each entry, or one letter. */
export interface PageColumns {
  readonly organization: string;
  readonly action: readonly string[];
  readonly actor_type: readonly string[];
  readonly actor_id: readonly string[];
  readonly via: readonly string[];
  readonly doctype: readonly string[];
  readonly document_name: readonly string[];
  readonly is_phi: string;
  readonly request_id: readonly string[];
}

const atChars = 24;
const idChars = 36;
/** What stands behind the id, by the letter of the column. */
const marks: Readonly<Record<string, string>> = { t: '","is_phi":true,', f: '","is_phi":false,' };
/** What stands between the quotes of a JSON text. */
const textInside = /^(?:[^"\\]|\\.)*$/;

/**
 * True only when action, actor, organization, document, mark, request and way of a body that is canonical JSON are those of
 * the columns. False says nothing: it may be another form, which has to be parsed.
 *
 * Members in their order: action, actor {id, ip?, type}, at, fields?, id, is_phi, new?, old?, org, reason?, ref {doctype,
 * name}, request_id?, v, via.
 */
export function isBodyOf(body: string, columns: PageColumns, index: number): boolean {
  const front = `{"action":${quoted(columns.action[index]!)},"actor":{"id":${quoted(columns.actor_id[index]!)},`;
  if (!body.startsWith(front)) return false;
  let at = front.length;
  if (body.startsWith('"ip":"', at)) {
    const end = body.indexOf('"', at + 6);
    if (body.slice(at + 6, end).includes('\\')) return false;
    at = end + 2;
  }
  const type = `"type":${quoted(columns.actor_type[index]!)}},"at":"`;
  if (!body.startsWith(type, at)) return false;
  at += type.length + atChars + 2;
  // Quotes inside of a text have a backslash before them, so the first such end is that of the list.
  if (body.startsWith('"fields":[', at)) at = body.indexOf('],"id":"', at) + 2;
  const mark = marks[columns.is_phi[index]!];
  if (mark === undefined || !body.startsWith('"id":"', at) || !body.startsWith(mark, at + 6 + idChars))
    return false;
  const request = columns.request_id[index]!;
  if (request !== '' && !request.startsWith('.')) return false;
  const back =
    `"ref":{"doctype":${quoted(columns.doctype[index]!)},"name":${quoted(columns.document_name[index]!)}},` +
    `${request === '' ? '' : `"request_id":${quoted(request.slice(1))},`}"v":1,"via":${quoted(columns.via[index]!)}}`;
  if (!body.endsWith(back)) return false;
  return isOwned(body, `"org":${quoted(columns.organization)},`, body.length - back.length);
}

/** Whether the organization stands right before `end`, or with a reason between the two. */
function isOwned(body: string, owner: string, end: number): boolean {
  if (body.startsWith(owner, end - owner.length)) return true;
  const start = body.lastIndexOf(`${owner}"reason":"`, end);
  if (start === -1 || !body.startsWith('",', end - 2)) return false;
  return textInside.test(body.slice(start + owner.length + '"reason":"'.length, end - 2));
}

/** Most texts need no escape. */
const escaped = /["\\\p{Cc}]/u;

function quoted(text: string): string {
  return escaped.test(text) ? JSON.stringify(text) : `"${text}"`;
}
