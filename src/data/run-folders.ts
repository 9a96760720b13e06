/** Folders of training runs, known by their files: where they lie in a data set, they are no part of it. */
import { node } from './code-files.ts';

/** The record of a run, in its folder. */
export const METRICS_FILE = 'metrics.json';
/** Stands in the folder of a run until the run has written something. */
export const CLAIM_FILE = '.weft-run';

/** Whether a folder is that of a run. */
export function isRun(folder: string): boolean {
  const { existsSync, readFileSync } = node.fs;
  const [metrics, claim] = [METRICS_FILE, CLAIM_FILE].map((name) => node.path.join(folder, name));
  if (existsSync(claim)) return true;
  if (!existsSync(metrics)) return false;
  try {
    const record: unknown = JSON.parse(readFileSync(metrics, 'utf8'));
    return typeof record === 'object' && record !== null && 'seed' in record && 'data' in record;
  } catch {
    return false;
  }
}
