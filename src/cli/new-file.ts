/** A file that a command was asked to write: nothing is written over. */
import { fileError, findEntry, type Wanted } from '../data/files.ts';
import { writeWhole } from '../train/atomic.ts';
import { RunError } from './run-error.ts';

/** Writes a file that is not there yet. */
export async function writeNew(path: string, contents: string): Promise<void> {
  const wanted: Wanted = { error: RunError, expected: 'a file that can be written' };
  if (findEntry(path, wanted) !== undefined) {
    throw new RunError({
      where: path,
      got: 'a file or folder of this name that is there already',
      expected: 'a new name: nothing is written over',
      cure: 'Give another name, or remove it.',
    });
  }
  await writeWhole(path, contents).catch((error: unknown) => {
    throw fileError(path, error, wanted);
  });
}
