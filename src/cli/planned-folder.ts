/** The folder of a command that has several trainings: a file in it says what was asked for, so that the same command goes on, and no other. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileError, makeFolder, readFile, readFolder } from '../data/files.ts';
import { CLAIM_FILE } from '../data/run-folders.ts';
import { isRecord } from '../options.ts';
import { messageOf } from '../text.ts';
import { RunError } from './run-error.ts';
import { type RunFolder, reopenRunFolder } from './run-folder.ts';

/** What is planned, and how that is called in errors. */
export interface FolderPlan {
  /** `a search` */
  readonly what: string;
  /** The file that holds the plan. */
  readonly file: string;
  /** What has to be the same for the folder to be gone on with: as JSON. */
  readonly plan: Readonly<Record<string, unknown>>;
  /** What may be another one: `with more --trials if more are wanted`. */
  readonly mayDiffer?: string;
}

/**
 * Opens a folder, new or begun by the same command, and keeps others out.
 *
 * @throws RunError when it holds something else, or was begun for something else, or another process uses it
 */
export async function openPlannedFolder(path: string, planned: FolderPlan): Promise<RunFolder> {
  const { what, file } = planned;
  const wanted = { error: RunError, expected: 'a folder that can be written to' };
  try {
    makeFolder(path);
  } catch (error) {
    throw fileError(path, error, wanted);
  }
  const place = join(path, file);
  const text = `${JSON.stringify(planned.plan, null, 2)}\n`;
  if (existsSync(place)) requireSamePlan(path, place, text, planned);
  else {
    const [entry] = readFolder(path, wanted).filter(({ name }) => name !== CLAIM_FILE);
    if (entry !== undefined) {
      throw new RunError({
        where: path,
        got: `a folder with ${entry.name} in it and without ${file}`,
        expected: `a new or empty folder, or one of ${what} to go on with`,
        cure: 'Give another folder with --out, or remove this one.',
      });
    }
  }
  const folder = await reopenRunFolder(path, 0);
  await folder.write(file, text);
  return folder;
}

function requireSamePlan(path: string, place: string, text: string, { what, mayDiffer }: FolderPlan): void {
  const expected = `the plan of ${what}`;
  const stored = parsed(
    place,
    new TextDecoder().decode(readFile(place, { error: RunError, expected })),
    expected,
  );
  const asked: Readonly<Record<string, unknown>> = JSON.parse(text);
  const given = isRecord(stored) ? stored : {};
  const other = Object.keys(asked).find((key) => JSON.stringify(asked[key]) !== JSON.stringify(given[key]));
  if (other === undefined) return;
  throw new RunError({
    where: path,
    got: `${what} with ${other} ${JSON.stringify(given[other])}`,
    expected: `${other} ${JSON.stringify(asked[other])}, as it is asked for now`,
    cure: `Repeat the command that began it${mayDiffer === undefined ? '' : `, ${mayDiffer}`}; or give another folder with --out.`,
  });
}

function parsed(place: string, text: string, expected: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const got = `something that is not JSON (${messageOf(cause)})`;
    throw new RunError({ where: place, got, expected, cure: 'Give another folder with --out.' }, { cause });
  }
}
