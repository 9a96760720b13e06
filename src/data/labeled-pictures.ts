/** Pictures whose labels a CSV or JSON file says, however they lie in a folder. */
import { type ClassFolders, entriesOf, isPicture, listed, type PictureFile } from './class-folders.ts';
import { requireClassNames } from './class-names.ts';
import { DatasetError } from './errors.ts';
import { partOf } from './folder-layout.ts';
import type { Split } from './idx-files.ts';
import { compareNaturally } from './natural-order.ts';
import { assignedByFile } from './picture-table.ts';

/** The pictures of a folder and of the folders in it, without labels. */
function picturesIn(folder: string, prefix = ''): Omit<PictureFile, 'label'>[] {
  return entriesOf(folder).flatMap((entry) => {
    const name = `${prefix}${entry.name.normalize()}`;
    if (entry.kind === 'folder') return picturesIn(entry.path, `${name}/`);
    return isPicture(entry) ? [{ path: entry.path, name }] : [];
  });
}

/** What is in a folder, by parts: those in its folders `train/`, `test/` and `val/`; all others are train. */
export interface LabeledPictures {
  readonly parts: ReadonlyMap<Split, ClassFolders>;
  readonly notes: readonly string[];
}

/**
 * Finds the pictures of a folder whose labels a file says; those of which it says none are left out, and noted.
 *
 * @param labels the CSV file (`picture,label`) or JSON file; see `assignedByFile`
 * @param known the classes in order; default all labels in natural order
 * @throws DatasetError when the file cannot be read, no picture has a label, or one is none of the known classes
 */
export function findLabeled(
  folder: string,
  name: string,
  labels: string,
  known?: readonly string[],
): LabeledPictures {
  const pictures = picturesIn(folder);
  const files = pictures.map((picture) => picture.name);
  const { of, unknown } = assignedByFile(files, labels, 'label');
  const refuse = (got: string, expected: string, cure: string): DatasetError =>
    new DatasetError({ where: labels, got, expected, cure });
  if (of.size === 0) {
    const got = `a label for none of the ${files.length} pictures of ${folder}${files.length > 0 ? ` (${listed(files)})` : ''}`;
    throw refuse(got, 'labels of its pictures', 'Write the pictures as they are called within the folder.');
  }
  const classNames = known ?? [...new Set(of.values())].sort(compareNaturally);
  requireClassNames(labels, classNames);
  const labelOf = new Map(classNames.map((each, label) => [each, label]));
  const parts = new Map<Split, { classNames: readonly string[]; files: PictureFile[]; notes: [] }>();
  for (const picture of pictures) {
    const className = of.get(picture.name);
    if (className === undefined) continue;
    const label = labelOf.get(className);
    if (label === undefined) {
      throw refuse(
        `the label "${className}" of "${picture.name}"`,
        `one of the classes ${listed(classNames)}`,
        'Correct the label, or name all classes.',
      );
    }
    const [above, rest] = picture.name.split('/', 2);
    const part = rest === undefined ? undefined : partOf(above);
    const split = part?.rest === '' ? part.split : 'train';
    const found = parts.get(split) ?? { classNames, files: [], notes: [] };
    parts.set(split, found);
    found.files.push({ ...picture, label });
  }
  const without = files.filter((file) => !of.has(file));
  const notes: string[] = [];
  if (without.length > 0) {
    const [has, is] = without.length === 1 ? ['picture has', 'is'] : ['pictures have', 'are'];
    notes.push(
      `${name}: ${without.length} ${has} no label in ${labels}, and ${is} left out: ${listed(without)}.`,
    );
  }
  if (unknown.length > 0) {
    const are = unknown.length === 1 ? 'picture that is' : 'pictures that are';
    notes.push(`${labels} names ${unknown.length} ${are} not in ${name}: ${listed(unknown)}.`);
  }
  return { parts, notes };
}
