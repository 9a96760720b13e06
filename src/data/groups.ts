/** Groups of pictures that must stay on one side of a split: of one patient, one place, one recording. */
import { OptionError } from '../errors.ts';
import { describeValue } from '../options.ts';
import { messageOf } from '../text.ts';
import { listed } from './class-folders.ts';
import { node } from './code-files.ts';
import type { LabeledImages } from './dataset.ts';
import { DatasetError } from './errors.ts';
import { findEntry, type Wanted } from './files.ts';
import { type Assigned, assignedByFile } from './picture-table.ts';

/**
 * Where groups come from: a pattern with one group in parentheses, which is looked for in each picture's path within the data
 * set (`/(patient\d+)_/`), or the path of a CSV or JSON file.
 */
export type GroupSource = RegExp | string;

/** Throws OptionError for what is neither a pattern nor a path. */
export function requireGroupSource(where: string, source: GroupSource): void {
  if (source instanceof RegExp || (typeof source === 'string' && source !== '')) return;
  throw new OptionError({
    where,
    got: `groups ${describeValue(source)}`,
    expected: 'a RegExp with one group, or the path of a CSV or JSON file',
    cure: 'Give for example /^(patient\\d+)_/.',
  });
}

/** What pictures belong to, and what is to be known of it. */
export interface FoundGroups {
  /** The group of each picture, in their order. A picture without one is a group of itself. */
  readonly groups: readonly string[];
  readonly notes: readonly string[];
}

/**
 * The groups of pictures. A CSV file has a row `picture,group` first, then one for each picture; a JSON file is an object of
 * groups by pictures. A picture is named by its path within the data set, or as much of its end as tells it from others.
 *
 * @throws DatasetError when the file cannot be read, names two groups for a picture, or no picture has a group; OptionError
 *   for a pattern without exactly one group
 */
export function groupsOf(files: readonly string[], source: GroupSource): FoundGroups {
  const found = source instanceof RegExp ? byPattern(files, source) : assignedByFile(files, source, 'group');
  const without = files.filter((file) => !found.of.has(file));
  const where = source instanceof RegExp ? `${source}` : source;
  if (without.length === files.length) {
    throw new DatasetError({
      where,
      got: `a group for none of the ${files.length} pictures (${listed(files)})`,
      expected: 'groups of the pictures of this data set',
      cure: 'Write the pictures as they are called within the data set.',
    });
  }
  const notes: string[] = [];
  const names = new Set(found.of.values());
  notes.push(`${files.length - without.length} pictures are in ${names.size} groups, which stay together.`);
  if (without.length > 0) {
    notes.push(
      `${without.length} ${without.length === 1 ? 'picture has' : 'pictures have'} no group, and each is drawn alone: ${listed(without)}.`,
    );
  }
  if (found.unknown.length > 0) {
    notes.push(
      `${where} names ${found.unknown.length} that ${found.unknown.length === 1 ? 'is' : 'are'} not in the data set: ${listed(found.unknown)}.`,
    );
  }
  return { groups: files.map((file) => found.of.get(file) ?? file), notes };
}

/** What the command line takes: the path of a CSV or JSON file, or else a pattern. */
export function groupSource(text: string): GroupSource {
  const wanted: Wanted = { error: DatasetError, expected: 'a CSV or JSON file of groups, or a pattern' };
  if (/\.(csv|json)$/i.test(text) || findEntry(text, wanted) === 'file') return text;
  try {
    return new RegExp(text, 'u');
  } catch (cause) {
    throw new OptionError(
      {
        where: 'groups',
        got: `${describeValue(text)}, which is no file and no pattern (${messageOf(cause)})`,
        expected: 'the path of a CSV or JSON file, or a regular expression with one group',
        cure: 'Check the path, or write for example ^(patient\\d+)_.',
      },
      { cause },
    );
  }
}

/**
 * The parts of a data set with their groups; groups that are torn by a split that was given are noted.
 *
 * @throws DatasetError where the images have no files, and as `groupsOf`
 */
export function withGroups<Images extends LabeledImages>(
  [train, test, validation]: readonly [Images, Images | undefined, Images | undefined],
  source: GroupSource,
  notes: string[],
): [Images, Images | undefined, Images | undefined] {
  const filesOf = ({ files, name }: Images): readonly string[] => {
    if (files !== undefined) return files;
    throw new DatasetError({
      where: name,
      got: 'groups for images without files of their own',
      expected: 'class folders of picture files',
      cure: 'Leave out the groups, or bring the images as files.',
    });
  };
  const files = [train, test, validation].flatMap((part) => (part ? filesOf(part) : []));
  const found = groupsOf(files, source);
  notes.push(...found.notes);
  const groupOf = new Map(files.map((file, index) => [file, found.groups[index]]));
  const grouped = (part: Images): Images => ({
    ...part,
    groups: filesOf(part).map((file) => groupOf.get(file) ?? file),
  });
  const [groupedTrain, groupedTest, groupedValidation] = [
    grouped(train),
    test && grouped(test),
    validation && grouped(validation),
  ];
  const torn = [
    groupedTest && tornGroups(groupedTrain, groupedTest, 'test'),
    groupedValidation && tornGroups(groupedTrain, groupedValidation, 'validation'),
  ];
  notes.push(...torn.filter((note) => note !== undefined));
  return [groupedTrain, groupedTest, groupedValidation];
}

/** Which groups are on both sides of a split that was given, as a sentence; undefined where none is. */
function tornGroups(train: LabeledImages, other: LabeledImages, part: string): string | undefined {
  const trained = new Set(train.groups);
  const torn = (other.groups ?? []).filter((group) => trained.has(group));
  if (torn.length === 0) return undefined;
  const names = [...new Set(torn)];
  return (
    `${names.length} ${names.length === 1 ? 'group is' : 'groups are'} both in training and ${part} (${listed(names)}): ` +
    `${torn.length} ${part} pictures are of them, so the ${part} accuracy flatters.`
  );
}

function byPattern(files: readonly string[], pattern: RegExp): Assigned {
  const parentheses =
    new RegExp(`${pattern.source}|`, pattern.flags.replace(/[gy]/g, '')).exec('')?.length ?? 0;
  if (parentheses !== 2) {
    throw new OptionError({
      where: 'groups',
      got: `the pattern ${pattern} with ${parentheses - 1} groups in parentheses`,
      expected: 'one: what it matches is the group of a picture',
      cure: 'Write for example ^(patient\\d+)_, and (?:…) for parentheses that are no group.',
    });
  }
  const own = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ''));
  const of = new Map<string, string>();
  for (const file of files) {
    // The name of the file first: ^ is its start.
    const group = own.exec(node.path.posix.basename(file))?.[1] ?? own.exec(file)?.[1];
    if (group !== undefined) of.set(file, group);
  }
  return { of, unknown: [] };
}
