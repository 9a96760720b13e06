/** Folders of training runs, known by their files: where they lie in a data set, they are no part of it. */
import { TextDecoder } from '../node-modules.ts';
import { node } from './code-files.ts';
import { DatasetError } from './errors.ts';
import { findEntry, readFile, type Wanted } from './files.ts';

/** The record of a run, in its folder. */
export const METRICS_FILE = 'metrics.json';
/** Stands in the folder of a run until the run has written something. */
export const CLAIM_FILE = '.weft-run';

const wanted: Wanted = { error: DatasetError, expected: 'the record of a run' };

/** Whether a folder is that of a run. */
export function isRun(folder: string): boolean {
  const [metrics, claim] = [METRICS_FILE, CLAIM_FILE].map((name) => node.path.join(folder, name));
  try {
    if (findEntry(claim, wanted) !== undefined) return true;
    if (findEntry(metrics, wanted) !== 'file') return false;
    const record: unknown = JSON.parse(new TextDecoder().decode(readFile(metrics, wanted)));
    return typeof record === 'object' && record !== null && 'seed' in record && 'data' in record;
  } catch {
    // What cannot be read is no run that anybody can use.
    return false;
  }
}
