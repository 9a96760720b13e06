/** Small pieces of HTML: text that stays text, tables, boxes that scroll. */
import { printable } from '../../text.ts';

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
