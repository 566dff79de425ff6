/** Whether data of an organization may go somewhere. Pure. */

/** Ways out of the database, and the database itself. */
export const exits = ['database', 'archive', 'export', 'keys', 'mail', 'integrations', 'redis'] as const;
export type Exit = (typeof exits)[number];

/** Exits that an installation has only where they are set up. */
export type OptionalExit = Extract<Exit, 'mail' | 'integrations' | 'redis'>;

/** Regions of exits, as the installation's settings say. */
export type Regions = Readonly<Partial<Record<Exit, string>>>;

export interface Question {
  /** Region of the organization. */
  region: string;
  exit: Exit;
  /** Region of the exit; undefined where nobody said it. */
  target: string | undefined;
  /** A framework in force wants every exit in the organization's region. */
  pinned: boolean;
}

const nouns: Readonly<Record<Exit, string>> = {
  database: 'the database is',
  archive: 'the archive is',
  export: 'exports are',
  keys: 'keys are',
  mail: 'the mail server is',
  integrations: 'services of others are',
  redis: 'Redis is',
};

/** Why not, in words; undefined when it may. */
export function refusalOfExit({ region, exit, target, pinned }: Question): string | undefined {
  if (target === undefined)
    return pinned ? `nobody has said where ${nouns[exit]} (setting regions)` : undefined;
  return target === region ? undefined : `${nouns[exit]} in ${target}`;
}

/** Where a model runs that is asked about data of an organization. */
export interface ModelUse {
  place: 'local' | 'cloud';
  /** What is about persons was taken out before. */
  redacted?: boolean | undefined;
}

/** Why a model may not be asked, in words; undefined when it may. */
export function refusalOfModel(
  localOnly: boolean,
  { place, redacted = false }: ModelUse,
): string | undefined {
  if (!localOnly || place === 'local' || redacted) return undefined;
  return 'data of it go to models of its own only, or redacted';
}

/** `database=eu-central-1,archive=eu-central-1`; undefined when it is no such text. */
export function readRegions(text: string): Regions | undefined {
  const regions: Record<string, string> = {};
  for (const part of text.split(',')) {
    const [exit = '', region = '', ...rest] = part.trim().split('=');
    if (rest.length > 0 || !exits.includes(exit as Exit) || !/^[a-z]{2}(-[a-z]+)+-\d{1,2}$/.test(region))
      return undefined;
    regions[exit] = region;
  }
  return regions;
}
