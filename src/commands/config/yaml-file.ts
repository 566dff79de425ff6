/** A YAML file that is changed in place: comments and order of what is not touched stay. */
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Document, parseDocument } from 'yaml';
import { readText } from '../../core/config-files.js';
import { DartwingError } from '../../core/errors.js';
import { requireFolder } from '../../core/folders.js';

export interface YamlFile {
  readonly path: string;
  readonly document: Document;
  /** Writes beside the file and renames, so that no reader ever sees half of it. */
  save(mode: number): Promise<void>;
}

/** Opens a file; one that does not exist yet is empty. Throws BAD_FILE when it is not YAML. */
export function openYaml(path: string): YamlFile {
  const document = parseDocument(readText(path) ?? '');
  const [error] = document.errors;
  if (error !== undefined)
    throw new DartwingError('BAD_FILE', { file: path, message: error.message }, { cause: error });
  return { path, document, save: (mode) => replaceFile(path, document.toString({ lineWidth: 0 }), mode) };
}

async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  requireFolder(dirname(path), { mode: 0o700 });
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    const message = error instanceof Error ? error.message : String(error);
    throw new DartwingError('BAD_FILE', { file: path, message }, { cause: error });
  }
}
