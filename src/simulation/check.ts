/** What has to hold when everybody is quiet. */
import { isDeepStrictEqual } from 'node:util';
import type { Answered, Device } from './device.js';
import type { ServerState } from './queries.js';

/** How conflict rules treat a field: values of merged ones stand nowhere as they were sent. */
export type Treatment = 'whole' | 'merged' | 'sum' | 'union';

export type TreatmentOf = (doctype: string, field: string) => Treatment;

/** What is wrong, in words; nothing when all devices converged and nothing was lost or counted twice. */
export interface Findings {
  problems: string[];
  /** Operations that the server said it took, and of which there is no trace. */
  dropped: number;
}

/** @param counts whether sums and unions were only changed by one at a time, so that they can be counted */
export function findProblems(
  state: ServerState,
  devices: readonly Device[],
  answered: readonly Answered[],
  treatment: TreatmentOf,
  counts: boolean,
): Findings {
  const dropped = lostOperations(state, answered, treatment);
  return {
    problems: [
      ...devices.flatMap((device) => differences(state, device)),
      ...dropped,
      ...(counts ? miscounts(state, answered) : []),
    ],
    dropped: dropped.length,
  };
}

function differences({ documents }: ServerState, { client, number }: Device): string[] {
  const there = new Map(documents.map((row) => [`${row.doctype}/${row.name}`, row]));
  const here = [...new Set(documents.map(({ doctype }) => doctype))].flatMap((doctype) =>
    client.list(doctype),
  );
  const problems = client
    .queue()
    .map(({ id, op, doctype, name }) => `device ${number} still has ${op} ${id} of ${doctype}/${name}`);
  for (const { doctype, name, version, data } of here) {
    const key = `${doctype}/${name}`;
    const row = there.get(key);
    there.delete(key);
    if (row === undefined) problems.push(`device ${number} has ${key}, which the server has not`);
    else if (row.version !== version)
      problems.push(`device ${number} has version ${version} of ${key}, the server ${row.version}`);
    else if (!isDeepStrictEqual(row.data, data))
      problems.push(
        `device ${number} has other fields of ${key}: ${JSON.stringify(data)} instead of ${JSON.stringify(row.data)}`,
      );
  }
  for (const key of there.keys()) problems.push(`device ${number} lacks ${key}`);
  return problems;
}

/** Every operation that the server took is in the history of its document, or with a conflict. */
function lostOperations(
  { versions, conflicts }: ServerState,
  answered: readonly Answered[],
  treatment: TreatmentOf,
): string[] {
  const problems: string[] = [];
  const names = new Map(
    answered.flatMap(({ result: { renamed_from: from, name } }) => (from ? [[from, name]] : [])),
  );
  for (const { operation, result } of answered) {
    if (result.status !== 'success' || result.outcome === 'unchanged') continue;
    const history = versions.filter(
      ({ doctype, name }) => doctype === result.doctype && name === result.name,
    );
    if (operation.op === 'delete') {
      if (!history.some(({ data }) => data === null)) problems.push(`${operation.id} deleted nothing`);
      continue;
    }
    const kept = conflicts.filter((conflict) => conflict.operation === operation.id);
    for (const [field, sent] of Object.entries(operation.data ?? {})) {
      // A link to a temporary name is kept as one to the name that the server gave.
      const value = names.get(sent as string) ?? sent;
      if (treatment(result.doctype, field) !== 'whole') continue;
      const isThere = history.some(({ data }) => same(data?.[field], value));
      const isKept = kept.some(({ client }) => same(client?.[field], value) || same(client?.[field], sent));
      if (isThere || (isKept && result.outcome !== 'applied')) continue;
      problems.push(`${operation.id} (${result.outcome}): ${field} ${JSON.stringify(value)} is nowhere`);
    }
  }
  return problems;
}

/** Empty texts are none. */
function same(kept: unknown, sent: unknown): boolean {
  return isDeepStrictEqual(kept ?? null, sent === '' ? null : (sent ?? null));
}

/** Counting and tagging commute: whatever the order, each one that the server took is in the document exactly once. */
function miscounts({ documents, versions }: ServerState, answered: readonly Answered[]): string[] {
  const firsts = new Map(answered.map((each) => [`${each.origin}/${each.operation.id}`, each]));
  const problems: string[] = [];
  for (const { doctype, name, data } of documents) {
    const mine = [...firsts.values()].filter(
      ({ result }) => result.doctype === doctype && result.name === name && result.status !== 'error',
    );
    const won = (field: string) =>
      mine.filter(
        ({ operation, result }) =>
          operation.data?.[field] !== undefined &&
          !result.fields_lost?.includes(field) &&
          !result.fields_open?.includes(field) &&
          (result.status === 'success' || result.fields_open !== undefined),
      ).length;
    const tags = (data.tags as string[] | null) ?? [];
    const wrong = [
      ...(data.tally === won('tally') ? [] : [`tally is ${data.tally}, and ${won('tally')} were counted`]),
      ...(new Set(tags).size === tags.length ? [] : [`tags repeat: ${tags.join(', ')}`]),
      ...(tags.length === won('tags') ? [] : [`${tags.length} tags, and ${won('tags')} were taken`]),
    ];
    if (wrong.length === 0) continue;
    const history = versions.filter((row) => row.doctype === doctype && row.name === name);
    problems.push(`${doctype}/${name}: ${wrong.join('; ')}; ${JSON.stringify({ mine, history })}`);
  }
  return problems;
}
