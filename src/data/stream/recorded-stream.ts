/** Opens the test pictures of a training whose pictures were read while they were shown: they are known by their files alone. */
import { listed } from '../class-folders.ts';
import { DatasetError } from '../errors.ts';
import { findSource } from '../source.ts';
import type { StreamedDataset } from './streamed-dataset.ts';

/** Where recorded pictures are, and how they come to the form of a model. */
export interface RecordedStream {
  /** The files of the test pictures, by their paths within the data set. */
  readonly files: readonly string[];
  /** `[H, W, C]` of the model. */
  readonly imageShape: readonly [height: number, width: number, channels: number];
  readonly fit: StreamedDataset['pictures']['fit'];
  /** The classes of the model, in its order. */
  readonly classNames: readonly string[];
  /** The file with the labels of pictures that are not in class folders. */
  readonly labels?: string | undefined;
}

/**
 * The test pictures that are still there, in their order. The notes say how many are not: without their pixels nobody knows whether they
 * have other names now.
 *
 * @throws as `openDataset`, and DatasetError when none is left
 */
export function openRecordedTest(
  folder: string,
  { files, imageShape, fit, classNames, labels }: RecordedStream,
): { readonly name: string; readonly images: StreamedDataset; readonly notes: readonly string[] } {
  const { name, parts, notes } = findSource(folder, { labels, mayBeEmpty: true });
  const found = new Map(
    [...(parts?.values() ?? [])].flatMap((part) =>
      part.files.map(({ name: file, path, label }) => [
        file,
        { file, path, label: classNames.indexOf(part.classNames[label]) },
      ]),
    ),
  );
  const there = files.flatMap((file) => found.get(file) ?? []).filter(({ label }) => label >= 0);
  if (there.length === 0) {
    throw new DatasetError({
      where: name,
      got: 'none of the pictures that were held out when the model was trained',
      expected: 'at least one of them',
      cure: 'Bring them back, or test on another folder with --data.',
    });
  }
  const present = new Set(there.map(({ file }) => file));
  const gone = files.filter((file) => !present.has(file));
  const which =
    gone.length === 0
      ? `the ${files.length} images that were held out in training`
      : `${there.length} of the ${files.length} images that were held out in training; not there any more: ${listed(gone)}`;
  const images: StreamedDataset = {
    name: `${name} test`,
    shape: [there.length, ...imageShape],
    labels: Int32Array.from(there, ({ label }) => label),
    classNames,
    files: there.map(({ file }) => file),
    pictures: { paths: there.map(({ path }) => path), fit, cache: undefined },
  };
  return { name, images, notes: [...notes, `${name}: tested on ${which}.`] };
}
