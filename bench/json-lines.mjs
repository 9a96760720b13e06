/** Results as lines of JSON, one a run, from which tables and pictures of pages are written. */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';

/** The results in a file; none where there is no file yet. */
export function readLines(path) {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  return lines.filter(Boolean).map((line) => JSON.parse(line));
}

/** Writes a table into a page, between its marks. */
export function writeTable(page, lines) {
  const text = readFileSync(page, 'utf8');
  const table = ['<!-- table -->', ...lines, '<!-- end of table -->'].join('\n');
  // By a function: in a text $ would mean something.
  writeFileSync(
    page,
    text.replace(/<!-- table -->[\s\S]*?<!-- end of table -->/, () => table),
  );
}

/** Adds a result, and shows it. */
export function addLine(path, result) {
  const line = JSON.stringify(result);
  appendFileSync(path, `${line}\n`);
  console.log(line);
}
