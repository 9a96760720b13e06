/** A folder of class folders of pictures, read as a data set. */
import { OptionError } from '../errors.ts';
import { describeValue, requireFunction, requireKnownOptions } from '../options.ts';
import { requireLimit } from './bytes.ts';
import { findPictures } from './class-folders.ts';
import { node } from './code-files.ts';
import type { ImageDataset } from './dataset.ts';
import { DatasetError } from './errors.ts';
import { requirePath } from './files.ts';
import { commonSize, PictureReport, readPictures } from './folder-pictures.ts';
import { type FormOptions, requireForm } from './form.ts';

/** Options of reading a folder of class folders. */
export interface FolderOptions extends FormOptions {
  /** The name of the data set; default the name of the folder. */
  readonly name?: string;
  /** The classes in order; default the class folders of this folder, sorted. A test set takes its training set's. */
  readonly classNames?: readonly string[];
  /** 1 makes every picture gray, 3 makes every picture RGB; default 1 when all pictures are gray, else 3. */
  readonly channels?: 1 | 3;
  /** The largest width × height of a file accepted; default 64 megapixels. */
  readonly maxPixels?: number;
  /** Called with a sentence for each kind of thing that is left out or odd; default: nobody is told. */
  readonly onNote?: (note: string) => void;
}

/**
 * Reads `folder/<class>/<picture>`, PNG or JPEG. The name of a subfolder is a class; classes are sorted so that "2" comes before
 * "10", the files in them by name. What is no such picture, folders inside classes, pipes and links that lead nowhere are
 * ignored, with a note; names that start with a dot are ignored. Alpha is laid over white or black, whichever is farther from
 * what is drawn. Pictures of several sizes are brought to `size`, or else to the commonest one, with a note.
 *
 * @throws DatasetError when there are no class folders, a class folder is empty or unknown, or several pictures cannot be read;
 *   PngError, JpegError or PictureError when one cannot
 */
export function datasetFromFolder(folder: string, options: FolderOptions = {}): ImageDataset {
  requireKnownOptions('datasetFromFolder', options, [
    'name',
    'classNames',
    'channels',
    'maxPixels',
    'onNote',
    'size',
    'fit',
  ]);
  requireForm('datasetFromFolder', options);
  const { channels, maxPixels, classNames, size, fit = 'stretch', onNote = () => {} } = options;
  requirePath(folder, { error: DatasetError, expected: 'a folder of class folders' });
  const isText = (value: unknown): boolean => typeof value === 'string';
  const namesHold = classNames === undefined || (Array.isArray(classNames) && classNames.every(isText));
  if (!namesHold || !isText(options.name ?? '')) {
    const [option, expected] = namesHold ? ['name', 'a text'] : ['classNames', 'a list of texts'];
    throw new OptionError({
      where: 'datasetFromFolder',
      got: `${option} ${describeValue(namesHold ? options.name : classNames)}`,
      expected,
      cure: `Correct ${option}, or leave it out.`,
    });
  }
  if (channels !== undefined && channels !== 1 && channels !== 3) {
    throw new OptionError({
      where: 'datasetFromFolder',
      got: `channels ${describeValue(channels)}`,
      expected: '1 or 3',
      cure: 'Give 1 for gray pictures, 3 for colored ones, or leave it out.',
    });
  }
  if (maxPixels !== undefined) requireLimit('datasetFromFolder', 'maxPixels', maxPixels);
  requireFunction('datasetFromFolder', 'onNote', onNote);
  const name = options.name ?? node.path.basename(folder);
  const found = findPictures(folder, name, classNames);
  found.notes.forEach(onNote);
  const report = new PictureReport();
  const form = { size: size ?? commonSize(found.files, report, maxPixels), fit };
  const onForm = size === undefined ? onNote : undefined;
  const dataset = readPictures(name, found, { form, onForm, channels, maxPixels, report, onNote });
  report.raise(folder);
  return dataset;
}
