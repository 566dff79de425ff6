/** The npm registry: which version of dartwing is the newest. Asked only when somebody wants to know. */
import { DartwingError } from '../../core/errors.js';

type Environment = Readonly<Record<string, string | undefined>>;

const publicRegistry = 'https://registry.npmjs.org/';
const answerMs = 10_000;
const answerBytesMax = 1_048_576;

/**
 * The version that `npm install dartwing` would fetch, from the registry that npm is told to use by its environment.
 * @throws CONFIG_INVALID for an address that is none, REGISTRY_UNAVAILABLE when there is no usable answer
 */
export async function newestVersion(env: Environment, signal: AbortSignal): Promise<string> {
  const registry = registryOf(env);
  const failed = (message: string, cause?: unknown) =>
    new DartwingError('REGISTRY_UNAVAILABLE', { registry: registry.host, message }, { cause });
  const answer = await fetch(new URL('dartwing/latest', registry), {
    headers: { accept: 'application/json' },
    signal: AbortSignal.any([signal, AbortSignal.timeout(answerMs)]),
  }).catch((error: Error) => {
    signal.throwIfAborted();
    throw failed(reasonOf(error), error);
  });
  if (answer.status === 404) throw failed('it has no package of this name');
  if (!answer.ok) throw failed(`it answered ${answer.status}`);
  const text = await bounded(answer).catch((error: Error) => {
    throw failed(reasonOf(error), error);
  });
  const version = versionIn(text);
  if (version === undefined) throw failed('its answer names no version');
  return version;
}

/** Whether the first version precedes the second, by the order of Semantic Versioning 2.0.0 but for build metadata. */
export function precedes(version: string, other: string): boolean {
  const [one, two] = [partsOf(version), partsOf(other)];
  for (const index of [0, 1, 2] as const) {
    const difference = (one.numbers[index] ?? 0) - (two.numbers[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  // A pre-release comes before its release.
  if (one.pre === '' || two.pre === '') return one.pre !== '' && two.pre === '';
  return one.pre.localeCompare(two.pre, 'en', { numeric: true }) < 0;
}

function registryOf(env: Environment): URL {
  const named = env.npm_config_registry || env.NPM_CONFIG_REGISTRY || publicRegistry;
  const url = URL.canParse(named) ? new URL(named) : undefined;
  const wrong = (message: string) =>
    new DartwingError('CONFIG_INVALID', { where: 'npm_config_registry', message });
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw wrong('it is no http or https address');
  if (url.username !== '' || url.password !== '') throw wrong('it holds credentials, which are not sent');
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

async function bounded(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.length;
    if (bytes > answerBytesMax) throw new Error(`its answer is longer than ${answerBytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function versionIn(text: string): string | undefined {
  try {
    const { version } = JSON.parse(text) as { version?: unknown };
    return typeof version === 'string' && /^\d+\.\d+\.\d+[\w.+-]{0,64}$/.test(version) ? version : undefined;
  } catch {
    return undefined;
  }
}

function partsOf(version: string): { numbers: readonly number[]; pre: string } {
  const [main = '', ...pre] = version.replace(/\+.*$/, '').split('-');
  return { numbers: main.split('.').map(Number), pre: pre.join('-') };
}

/** What fetch knows about the reason is in the cause of its error. */
function reasonOf(error: Error): string {
  const { cause } = error;
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message;
}
