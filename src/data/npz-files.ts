/** Which arrays of an .npz file are the images and labels of which split, as MedMNIST, Keras and others name them. */
import { entriesOf, listed } from './class-folders.ts';
import { DatasetError } from './errors.ts';
import type { SplitArrays } from './idx-dataset.ts';
import { type Split, splitNames } from './idx-files.ts';
import { openNpz } from './npz.ts';

/** The splits of an .npz file. */
export interface NpzSplits {
  readonly splits: readonly Split[];
  readonly read: (split: Split) => SplitArrays;
}

/** `train_images`, `x_train`; without the name of a split it is train. */
const roles = [
  [/(?<![a-z])(images?|x)(?![a-z])/, 'images'],
  [/(?<![a-z])(labels?|y)(?![a-z])/, 'labels'],
] as const;

/** Whether a file is called as one of NumPy's archives. */
export function isArchive(path: string): boolean {
  return /\.npz$/i.test(path);
}

/** The .npz file of a folder that holds one, and no folders. */
export function findArchive(folder: string): string | undefined {
  const entries = entriesOf(folder);
  const archives = entries.filter(({ kind, name }) => kind === 'file' && isArchive(name));
  return archives.length === 1 && entries.every(({ kind }) => kind !== 'folder')
    ? archives[0].path
    : undefined;
}

/**
 * Opens an .npz file with `train_images` and `train_labels` (also `x_train`, `y_train`), and those of `test` and `val`.
 *
 * @throws DatasetError when images lack their labels, or there are none
 */
export function openArchive(path: string): NpzSplits {
  const { names, read } = openNpz(path);
  const arrays = new Map<Split, { images?: string; labels?: string }>();
  for (const name of names) {
    const lower = name.toLowerCase();
    const role = roles.find(([pattern]) => pattern.test(lower))?.[1];
    if (role === undefined) continue;
    const split = splitNames.find(([pattern]) => pattern.test(lower))?.[1] ?? 'train';
    const found = arrays.get(split) ?? {};
    arrays.set(split, found);
    found[role] ??= name;
  }
  const odd = [...arrays].find(([, { images, labels }]) => images === undefined || labels === undefined);
  if (arrays.size === 0 || odd !== undefined) {
    throw new DatasetError({
      where: path,
      got:
        odd === undefined
          ? `the arrays ${listed(names)}`
          : `only ${odd[1].images ?? odd[1].labels} of ${odd[0]}`,
      expected: 'train_images and train_labels, and if there are any test_… and val_…',
      cure: 'Name the arrays so.',
    });
  }
  return {
    splits: [...arrays.keys()],
    read: (split) => {
      const { images, labels } = arrays.get(split)!;
      const filed = (name: string) => ({ array: read(name), where: `${path}, ${name}` });
      return { images: filed(images!), labels: filed(labels!) };
    },
  };
}
