/** Small texts that several parts print: text from outside, aligned tables, counts, byte sizes and times. */

/** What a terminal obeys or a reader cannot see: controls, line and paragraph ends, marks of direction, half characters. */
const unprintable = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}\ufeff]/gu;
const shortEscapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * Text from outside (names of classes, files and tensors, messages of other programs) as it may be shown: on one line,
 * with what is not printable written as an escape, `\u001b`. Errors and tables do this to all that they hold; markup is
 * to be escaped besides.
 */
export function printable(text: string): string {
  return text.replace(
    unprintable,
    (character) => shortEscapes[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A column: its heading, the side its cells are aligned to, and how wide it may be before cells go on in another line. */
export interface Column {
  readonly heading: string;
  readonly align?: 'left' | 'right';
  /** In characters. Cells are broken at spaces; a longer word makes the column wider. Default: never broken. */
  readonly widest?: number;
}

/** The width of the widest of some texts. */
function widestOf(texts: readonly string[]): number {
  return texts.reduce((widest, { length }) => Math.max(widest, length), 0);
}

/** A text as lines of at most `width` characters, broken at spaces. */
function broken(text: string, width: number): readonly string[] {
  if (text.length <= width) return [text];
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= width) lines[lines.length - 1] += ` ${word}`;
    else lines.push(word);
  }
  return lines;
}

/**
 * Rows under headings, columns two spaces apart, a line of dashes below the headings. A row that is a text stands alone in its
 * line, as a heading of those that follow.
 */
export function formatTable(
  columns: readonly Column[],
  contents: readonly (readonly string[] | string)[],
): string {
  const rows = contents.map((row) =>
    typeof row === 'string'
      ? printable(row)
      : columns.map(({ widest = Number.POSITIVE_INFINITY }, column) =>
          broken(printable(row[column]), widest),
        ),
  );
  const headings = columns.map(({ heading }) => printable(heading));
  const widths = headings.map((heading, column) =>
    rows.reduce(
      (widest, row) => (typeof row === 'string' ? widest : Math.max(widest, widestOf(row[column]))),
      heading.length,
    ),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        columns[column].align === 'right' ? cell.padStart(widths[column]) : cell.padEnd(widths[column]),
      )
      .join('  ')
      .trimEnd();
  const lines = rows.flatMap((row) => {
    if (typeof row === 'string') return [row];
    const height = row.reduce((most, { length }) => Math.max(most, length), 1);
    return Array.from({ length: height }, (_, at) => line(row.map((cell) => cell[at] ?? '')));
  });
  return [line(headings), widths.map((width) => '-'.repeat(width)).join('  '), ...lines].join('\n');
}

const prefixes = ['', ' k', ' M', ' G', ' T'];

/** A count with three digits that matter: `950`, `12.3 k`, `4.56 M`. */
export function formatCount(count: number): string {
  let scaled = count;
  let power = 0;
  while (Math.abs(scaled) >= 999.5 && power < prefixes.length - 1) {
    scaled /= 1000;
    power++;
  }
  return power === 0 ? `${count}` : `${Number(scaled.toPrecision(3))}${prefixes[power]}`;
}

/** Bytes with three digits that matter, in powers of 1024: `512 B`, `1.5 KiB`, `20 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let scaled = bytes;
  let power = 0;
  while (scaled >= 1023.5 && power < units.length - 1) {
    scaled /= 1024;
    power++;
  }
  return `${power === 0 ? bytes : Number(scaled.toPrecision(3))} ${units[power]}`;
}

/** A whole number with thousands separated: `1,234,567`. */
export function formatInteger(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

/** A time with three digits that matter, in the unit that fits: `12.3 µs`, `4.56 ms`, `1.2 s`. */
export function formatTime(milliseconds: number): string {
  const [value, unit] =
    milliseconds < 1
      ? [milliseconds * 1000, 'µs']
      : milliseconds < 1000
        ? [milliseconds, 'ms']
        : [milliseconds / 1000, 's'];
  return `${Number(value.toPrecision(3))} ${unit}`;
}

/** What a thrown value says. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The number that a text is in decimal notation, else NaN: `Number` alone takes '', ' ' and 0x10 as well. */
export function decimal(text: string): number {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
}

/** The one of `names` that `text` is most likely meant to be; undefined when it is like none of them. */
export function nearest<Name extends string>(text: unknown, names: readonly Name[]): Name | undefined {
  if (typeof text !== 'string' || text === '') return undefined;
  const given = text.toLowerCase();
  const ranked = names
    .map((name) => {
      const candidate = name.toLowerCase();
      const begins = given.length > 1 && candidate.startsWith(given);
      return { name, edits: begins ? 1 : editsBetween(given.slice(0, 100), candidate) };
    })
    .sort((a, b) => a.edits - b.edits);
  const [best] = ranked;
  return best !== undefined && best.edits <= Math.max(1, best.name.length * 0.4) ? best.name : undefined;
}

/** Letters put in, left out, replaced or swapped with the next one that make `to` of `from`. */
function editsBetween(from: string, to: string): number {
  const rows = [Array.from({ length: to.length + 1 }, (_, column) => column)];
  for (let i = 1; i <= from.length; i++) {
    const [above, row] = [rows[i - 1], [i]];
    for (let j = 1; j <= to.length; j++) {
      const replaced = above[j - 1] + (from[i - 1] === to[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      const edits = Math.min(above[j] + 1, row[j - 1] + 1, replaced);
      row.push(swapped ? Math.min(edits, rows[i - 2][j - 2] + 1) : edits);
    }
    rows.push(row);
  }
  return rows[from.length][to.length];
}
