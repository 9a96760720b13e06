/** Small pieces of HTML: a page, text that stays text, tables, boxes that scroll. */
import { printable } from '../../text.ts';
import { commandLine } from '../invocation.ts';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Names of classes and folders are text, whatever they hold. */
export function escapeHtml(text: string): string {
  return printable(text).replace(/[&<>"']/g, (character) => entities[character]!);
}

/** A page with nothing outside it: no scripts, pictures and styles in it. */
export function htmlPage(title: string, style: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${body}
</main>
</body>
</html>
`;
}

/** Notes, smaller than the text; nothing where there are none. */
export function notesList(notes: readonly string[]): string {
  if (notes.length === 0) return '';
  return `<ul class="notes">${notes.map((note) => `<li>${escapeHtml(note)}</li>`).join('')}</ul>`;
}

/** Large numbers, each with what it is. */
export function headline(facts: readonly (readonly [value: string, name: string])[]): string {
  const items = facts.map(
    ([value, name]) => `<div><dd>${escapeHtml(value)}</dd><dt>${escapeHtml(name)}</dt></div>`,
  );
  return `<dl class="headline">${items.join('')}</dl>`;
}

/** A table of names and values. */
export function valueTable(rows: readonly (readonly [name: string, value: string])[]): string {
  const lines = rows.map(
    ([name, value]) => `<tr><th scope="row">${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`,
  );
  return `<table>${lines.join('\n')}</table>`;
}

/** A command as the reader would type it; a click selects all of it. */
export function commandBlock(command: readonly string[]): string {
  return `<pre class="command" tabindex="0">${escapeHtml(commandLine(command))}</pre>`;
}

/** A picture as part of the page. */
export function embeddedPicture(png: Uint8Array, size: string, description: string): string {
  return `<img ${size} src="data:image/png;base64,${Buffer.from(png).toString('base64')}" alt="${escapeHtml(description)}">`;
}

/** What is wider or higher than its place scrolls in it, and the page does not; on paper all of it shows. */
export function scrolling(content: string): string {
  return `<div class="scrolling" tabindex="0">${content}</div>`;
}

/** A table of numbers, of which the first `names` columns name the rows. */
export function numberTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  names = 1,
): string {
  const head = headings
    .map((heading, at) => `<th scope="col"${at < names ? ' class="name"' : ''}>${escapeHtml(heading)}</th>`)
    .join('');
  const cellOf = (text: string, at: number): string =>
    at < names ? `<th scope="row">${escapeHtml(text)}</th>` : `<td>${escapeHtml(text)}</td>`;
  const body = rows.map((row) => `<tr>${row.map(cellOf).join('')}</tr>`);
  return scrolling(
    `<table class="numbers"><thead><tr>${head}</tr></thead><tbody>\n${body.join('\n')}\n</tbody></table>`,
  );
}
