/** Which pictures a folder of class folders holds, and in words what else lies in it and is left out. */
import { node } from './code-files.ts';
import { DatasetError } from './errors.ts';
import { type FolderEntry, readFolder, startOfFolder, type Wanted } from './files.ts';
import { compareNaturally } from './natural-order.ts';
import { pictureKind } from './picture.ts';
import { isRun } from './run-folders.ts';

/** One picture of a class. */
export interface PictureFile {
  readonly path: string;
  /** Its path within the data set, parted by slashes: what it is called wherever the data set lies. */
  readonly name: string;
  readonly label: number;
}

/** The pictures of a folder of class folders. */
export interface ClassFolders {
  readonly classNames: readonly string[];
  /** By class folder and name. */
  readonly files: readonly PictureFile[];
  /** What was left out, as sentences. */
  readonly notes: readonly string[];
}

const aFolder: Wanted = { error: DatasetError, expected: 'a readable folder' };
/** What `listed` shows. */
const shownTexts = 3;
/** Endings that promise a picture which can be read. */
const readEndings = /^\.(png|apng|jpe?g|jpe|jfif|pjpe?g)$/;
const pictureEndings = /^\.(gif|webp|bmp|tiff?|heic|heif|avif|jxl|jp2|svg|psd|ppm|pgm|dcm)$/;
/** What systems leave in folders: no part of anybody's data. */
const leftBySystems = /^(thumbs\.db|ehthumbs\.db|desktop\.ini|__macosx|@eadir|icon\r|lost\+found)$/i;

/** The names in a folder, without those that start with a dot or that systems leave there. */
export function entriesOf(folder: string): FolderEntry[] {
  return readFolder(folder, aFolder).filter(({ name }) => !leftBySystems.test(name));
}

/** Whether an entry promises to be a picture that can be read, by its name. */
export function isNamedPicture({ name, kind }: FolderEntry): boolean {
  return kind === 'file' && readEndings.test(endingOf(name));
}

/** Whether an entry is to be read as a picture: by its name, or else because its first bytes say so. */
export function isPicture(entry: FolderEntry): boolean {
  if (entry.kind !== 'file' || isNamedPicture(entry)) return entry.kind === 'file';
  try {
    return typeof pictureKind(entry.path) === 'string';
  } catch {
    return false;
  }
}

/** Whether a folder is that of a run, or holds such folders (`runs/`), and neither pictures nor other folders. */
export function isOfRuns(folder: string): boolean {
  if (isRun(folder)) return true;
  try {
    // A folder of pictures shows itself at once, however many they are.
    if (startOfFolder(folder, aFolder).some(isNamedPicture)) return false;
    const entries = entriesOf(folder);
    const folders = entries.filter(({ kind }) => kind === 'folder');
    return folders.length > 0 && !entries.some(isNamedPicture) && folders.every(({ path }) => isRun(path));
  } catch {
    // Whoever needs what is in it says that it cannot be read.
    return false;
  }
}

/**
 * The names of the folders in a folder, sorted, without those of training runs.
 *
 * @throws DatasetError for a name that may stand for a folder and cannot be followed: a link that leads nowhere, a name
 *   that is not UTF-8
 */
export function subfolders(folder: string): FolderEntry[] {
  const entries = entriesOf(folder);
  const lost = entries.find(({ kind }) => kind === 'dead link' || kind === 'not UTF-8');
  if (lost === undefined) return entries.filter(({ kind, path }) => kind === 'folder' && !isOfRuns(path));
  const link = lost.kind === 'dead link';
  throw new DatasetError({
    where: lost.path,
    got: link ? 'a link that leads nowhere' : 'a name that is not UTF-8',
    expected: 'files and folders only: this may be a class that is missing',
    cure: link
      ? 'Remove the link, or bring back what it points to.'
      : 'Rename it, for example with convmv, or unpack the data again with the right encoding.',
  });
}

/**
 * Finds `folder/<class>/<picture>`.
 *
 * @param name of the data set, for the notes
 * @param known the classes in order; default those of this folder, in natural order
 * @param prefix of the pictures' names, such as `train/`
 * @param mayBeEmpty whether a class folder may be without pictures
 * @throws DatasetError when there are no class folders, or one is empty, unreadable or unknown
 */
export function findPictures(
  folder: string,
  name: string,
  known?: readonly string[],
  prefix = '',
  mayBeEmpty = false,
): ClassFolders {
  const folders = subfolders(folder);
  if (folders.length === 0) throw noClassFolders(folder);
  const left = new LeftOut(name);
  for (const entry of entriesOf(folder)) {
    const ending = endingOf(entry.name);
    if (entry.kind === 'special') left.add('special');
    if (entry.kind === 'folder' && isOfRuns(entry.path)) left.add('runs', '', `${entry.name}/`);
    const isAny = isNamedPicture(entry) || pictureEndings.test(ending);
    if (entry.kind === 'file' && isAny) left.add('beside', '', ending);
  }
  // Composed and decomposed letters (é, as macOS stores it) are one name.
  const classNames =
    known ?? [...new Set(folders.map((entry) => entry.name.normalize()))].sort(compareNaturally);
  const labelOf = labelsByName(classNames);
  const seen = new Set<string>();
  const files = folders.flatMap((entry) => {
    const label = labelOf(entry.name);
    if (label === undefined) throw unknownClass(entry, classNames);
    const className = classNames[label];
    return classPictures(entry, className, left, mayBeEmpty).map((picture): PictureFile => {
      const path = `${entry.name}/${picture.name}`;
      // Two ways to write é may lie side by side.
      const name = `${prefix}${path.normalize(seen.has(path.normalize()) ? 'NFD' : 'NFC')}`;
      seen.add(path.normalize());
      return { path: picture.path, name, label };
    });
  });
  return { classNames, files, notes: left.notes() };
}

/** Finds classes by their names; where no class has a name, one that differs in capitals alone is meant. */
function labelsByName(classNames: readonly string[]): (name: string) => number | undefined {
  const exact = new Map(classNames.map((name, label) => [name.normalize(), label]));
  const folded = new Map(classNames.map((name, label) => [name.normalize().toLowerCase(), label]));
  return (name) => exact.get(name.normalize()) ?? folded.get(name.normalize().toLowerCase());
}

function classPictures(
  folder: FolderEntry,
  className: string,
  left: LeftOut,
  mayBeEmpty: boolean,
): FolderEntry[] {
  const entries = entriesOf(folder.path);
  const pictures = entries.filter(isPicture);
  if (pictures.length === 0 && !mayBeEmpty) {
    const empty = entries.length === 0;
    const holdsFolders = entries.some(({ kind }) => kind === 'folder');
    throw new DatasetError({
      where: folder.path,
      got: empty
        ? 'an empty class folder'
        : `a class folder without pictures that can be read (${listed(entries.map(({ name }) => name))})`,
      expected: 'at least one PNG or JPEG file',
      cure: holdsFolders
        ? 'If the folders in it are the classes, give its path, or name those that hold classes train, test and val.'
        : `Add ${empty ? '' : 'or convert '}pictures, or remove the folder.`,
    });
  }
  const taken = new Set(pictures);
  for (const entry of entries) {
    if (entry.kind !== 'file') left.add(kindOfEntry[entry.kind], className);
    else if (!taken.has(entry)) left.add('other', className, endingOf(entry.name) || 'no ending');
  }
  return pictures;
}

/** What can be left out: one of it, and several. */
const kinds = {
  other: ['file that is no PNG or JPEG picture is', 'files that are no PNG or JPEG pictures are'],
  beside: ['picture beside the class folders is', 'pictures beside the class folders are'],
  runs: ['folder of training runs is', 'folders of training runs are'],
  nested: ['folder inside a class folder is', 'folders inside class folders are'],
  special: ['pipe, socket or device is', 'pipes, sockets or devices are'],
  dead: ['link that leads nowhere is', 'links that lead nowhere are'],
  unnamed: ['file whose name is not UTF-8 is', 'files whose names are not UTF-8 are'],
} as const;
const kindOfEntry = {
  folder: 'nested',
  special: 'special',
  'dead link': 'dead',
  'not UTF-8': 'unnamed',
} as const satisfies Record<Exclude<FolderEntry['kind'], 'file'>, keyof typeof kinds>;

/** Counts what is left out, by kind, class and ending. */
class LeftOut {
  readonly #dataset: string;
  readonly #found: { kind: keyof typeof kinds; className: string; ending: string }[] = [];

  constructor(dataset: string) {
    this.#dataset = dataset;
  }

  add(kind: keyof typeof kinds, className = '', ending = ''): void {
    this.#found.push({ kind, className, ending });
  }

  /** One a kind: `photos: 50 files that are no PNG or JPEG pictures are ignored (.gif): 48 in a, 2 in b.` */
  notes(): string[] {
    return [...new Set(this.#found.map(({ kind }) => kind))].map((kind) => {
      const found = this.#found.filter((each) => each.kind === kind);
      const endings = countsOf(found.map(({ ending }) => ending)).map(([ending]) => ending);
      const places = countsOf(found.map(({ className }) => className)).map(
        ([className, count]) => `${count} in ${className}`,
      );
      return (
        `${this.#dataset}: ${found.length} ${kinds[kind][found.length === 1 ? 0 : 1]} ignored` +
        `${endings.length === 0 ? '' : ` (${listed(endings)})`}${places.length === 0 ? '' : `: ${listed(places)}`}.`
      );
    });
  }
}

/** How often each text occurs, the most frequent first; the empty text does not count. */
function countsOf(texts: readonly string[]): [text: string, count: number][] {
  const counts = new Map<string, number>();
  for (const text of texts) if (text !== '') counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].sort(([, first], [, second]) => second - first);
}

function unknownClass({ path, name }: FolderEntry, classNames: readonly string[]): DatasetError {
  return new DatasetError({
    where: path,
    got: `class "${name}"`,
    expected: `one of the classes ${classNames.join(', ')}`,
    cure: 'Rename or remove the folder, or add training pictures of this class.',
  });
}

function noClassFolders(folder: string): DatasetError {
  const names = entriesOf(folder).map(({ name }) => name);
  return new DatasetError({
    where: folder,
    got: names.length === 0 ? 'an empty folder' : `a folder without subfolders (${listed(names)})`,
    expected:
      'one subfolder for each class, holding PNG or JPEG files; or IDX files, named as those of MNIST are ' +
      '(train-images-idx3-ubyte, train-labels-idx1-ubyte, plain or .gz)',
    cure:
      'Sort the pictures into folders named after their classes, or rename the IDX files. If this folder is one of the classes, ' +
      'give the one above it.',
  });
}

/** `.png` of `A.PNG`; empty where there is none. */
function endingOf(name: string): string {
  return node.path.extname(name).toLowerCase();
}

/** The first of some texts, and how many more there are. */
export function listed(texts: readonly string[]): string {
  const shown = texts.slice(0, shownTexts).join(', ');
  return texts.length > shownTexts ? `${shown} and ${texts.length - shownTexts} more` : shown;
}
