/** The folder of a command that has several trainings: a file in it says what was asked for, so that the same command goes on, and no other. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readFile } from '../data/files.ts';
import { CLAIM_FILE } from '../data/run-folders.ts';
import { isRecord } from '../options.ts';
import { messageOf } from '../text.ts';
import { RunError } from './run-error.ts';
import { openRunFolder, type RunFolder, reopenRunFolder } from './run-folder.ts';

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
 * Opens a folder, new or begun by the same command, and keeps others out. Where nothing comes of it, nothing is left but the folder, if it was
 * there before.
 *
 * @param path default a new one in `runs`, called by the time and `name`
 * @param room how many bytes will be written at least
 * @throws RunError when it holds something else, or was begun for something else, or another process uses it
 */
export async function openPlannedFolder(
  path: string | undefined,
  name: string,
  planned: FolderPlan,
  room = 0,
): Promise<RunFolder> {
  const { file, plan } = planned;
  const text = `${JSON.stringify(plan, null, 2)}\n`;
  const isBegun = path !== undefined && existsSync(join(path, file));
  if (isBegun) requireSamePlan(path, text, planned);
  const folder = isBegun ? await reopenRunFolder(path, room) : await openRunFolder(path, name, room);
  await folder.write(file, text);
  return {
    ...folder,
    leave: () => {
      if (isAlone(folder.path, file)) rmSync(join(folder.path, file), { force: true });
      folder.leave();
    },
  };
}

/** Whether there is a file, and nothing beside it but the claim to the folder. */
function isAlone(folder: string, file: string): boolean {
  try {
    return readdirSync(folder).every((name) => name === file || name === CLAIM_FILE);
  } catch {
    // Somebody has removed the folder.
    return false;
  }
}

function requireSamePlan(path: string, text: string, { what, file, mayDiffer }: FolderPlan): void {
  const place = join(path, file);
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
