/** A CSV or JSON file that says one thing of each picture: its group, or its label. */
import { describeValue, isRecord } from '../options.ts';
import { DatasetError } from './errors.ts';
import { readFile } from './files.ts';

/** What a file says of pictures. */
export interface Assigned {
  /** By the names of the pictures; what nothing is said of is not in it. */
  readonly of: Map<string, string>;
  /** What the file names, and the data set does not have. */
  readonly unknown: readonly string[];
}

/** What the column of the pictures may be called, and that of what is said of them. */
const columns = {
  picture: ['picture', 'image', 'file', 'filename', 'image_id', 'id'],
  group: ['group'],
  label: ['label', 'class', 'category'],
} as const;

/**
 * What a file says of pictures. A CSV file has a row `picture,group` (or `picture,label`) first, then one for each picture; a JSON
 * file is an object by pictures. A picture is named by its path within the data set, or as much of its end as tells it from
 * others, with or without its ending.
 *
 * @param what is said
 * @throws DatasetError when the file cannot be read, or says two things of a picture
 */
export function assignedByFile(files: readonly string[], path: string, what: 'group' | 'label'): Assigned {
  const rows = readRows(path, what);
  const wholes = new Set(files);
  const byEnding = new Map<string, string | undefined>();
  for (const file of files) {
    for (let start = 0; start >= 0; start = file.indexOf('/', start) + 1 || -1) {
      const ending = file.slice(start);
      for (const name of new Set([ending, ending.replace(/\.\w+$/, '')])) {
        // What several pictures are called names none of them, unless it is all of a picture's name.
        byEnding.set(name, byEnding.has(name) ? undefined : file);
      }
    }
  }
  const of = new Map<string, string>();
  const unknown: string[] = [];
  for (const [picture, value] of rows) {
    const name = picture.normalize().replaceAll('\\', '/').replace(/^\.\//, '');
    const file = wholes.has(name) ? name : byEnding.get(name);
    if (file === undefined && byEnding.has(name)) {
      throw badFile(
        path,
        `"${picture}", which several pictures are called`,
        'more of their paths, such as cat/1.png',
      );
    }
    if (file === undefined) unknown.push(picture);
    else if ((of.get(file) ?? value) !== value) {
      throw badFile(
        path,
        `the ${what}s ${of.get(file)} and ${value} for "${picture}"`,
        `one ${what} for a picture`,
      );
    } else of.set(file, value);
  }
  return { of, unknown };
}

function readRows(path: string, what: 'group' | 'label'): [picture: string, value: string][] {
  const bytes = readFile(path, { error: DatasetError, expected: `a CSV or JSON file of ${what}s` });
  const text = new TextDecoder().decode(bytes).replace(/^\ufeff/, '');
  if (path.toLowerCase().endsWith('.json')) return jsonRows(path, text);
  const [header, ...rows] = csvRows(path, text);
  const names = header?.map((name) => name.toLowerCase()) ?? [];
  const [picture = -1, value = -1] = [columns.picture, columns[what]].map((known) =>
    names.indexOf(known.find((name) => names.includes(name)) ?? ''),
  );
  if (picture < 0 || value < 0) {
    throw badFile(
      path,
      header ? `the first row ${describeValue(header.join(','))}` : 'an empty file',
      `picture,${what} (more columns are ignored)`,
    );
  }
  const short = rows.findIndex((row) => !row[picture] || !row[value]);
  if (short >= 0) throw badFile(path, `row ${short + 2} without a picture or ${what}`, 'both in each row');
  return rows.map((row) => [row[picture], row[value]]);
}

function jsonRows(path: string, text: string): [string, string][] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const isName = (name: unknown): boolean => typeof name === 'string' || typeof name === 'number';
  if (!isRecord(value) || !Object.values(value).every(isName)) {
    throw badFile(path, 'something else', 'JSON as { "cat/1.png": "patient 7", … }');
  }
  return Object.entries(value).map(([picture, name]) => [picture, String(name)]);
}

/** The rows of a CSV file, RFC 4180; semicolons part cells where the first row has no comma. Empty rows are left out. */
function csvRows(path: string, text: string): string[][] {
  const comma = /^[^\r\n]*,/.test(text) ? ',' : ';';
  const rows: string[][] = [[]];
  const cell = new RegExp(`("(?:[^"]|"")*"|[^${comma}\\r\\n]*)(${comma}|\\r\\n|\\n|\\r|$)`, 'gy');
  for (let match = cell.exec(text); match !== null && match[0] !== ''; match = cell.exec(text)) {
    const [, raw, end] = match;
    if (/^"([^"]|"")*$/.test(raw)) throw badFile(path, `the cell ${raw}`, 'a quotation mark at its end');
    rows[rows.length - 1].push(raw.startsWith('"') ? raw.slice(1, -1).replaceAll('""', '"') : raw.trim());
    if (end !== comma) rows.push([]);
  }
  return rows.filter((row) => row.some((each) => each !== ''));
}

function badFile(path: string, got: string, expected: string): DatasetError {
  return new DatasetError({ where: path, got, expected, cure: 'Correct the file.' });
}
