/** The colors of models in the charts of a comparison, and their part of the style sheet. */
import { escapeHtml } from '../../report/html.ts';

/** Of a model, by its place: for light pages, for dark ones. Told apart by those who see few colors, too (after Okabe and Ito, 2008). */
const colors = [
  ['#0067a8', '#56b4e9'],
  ['#c24e00', '#f08a3c'],
  ['#00785a', '#2fc99b'],
  ['#a8487f', '#e190bd'],
  ['#8a6d00', '#e0c43a'],
  ['#5b4bb5', '#a99cf5'],
  ['#8c2f2f', '#e07a7a'],
  ['#4d5864', '#b4bfca'],
] as const;

/** The color of a model; the ninth has that of the first again. */
export function colorOf(place: number): string {
  return `var(--model-${place % colors.length})`;
}

function variables(column: 0 | 1): string {
  return colors.map((pair, place) => `--model-${place}: ${pair[column]};`).join(' ');
}

/** What the page of a comparison has besides the style of all reports. */
export const comparisonStyle = `
:root { ${variables(0)} }
@media screen and (prefers-color-scheme: dark) { :root { ${variables(1)} } }
${colors.map((_, place) => `.model-${place} { color: var(--model-${place}); }`).join('\n')}
.verdict p { font-size: 17px; max-width: 80ch; }
.verdict p + p { font-size: 16px; }
.matrices { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(320px, 100%), 1fr)); gap: 16px 32px; }
.matrices svg { display: block; max-width: 100%; height: auto; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(200px, 46%), 1fr)); gap: 20px 16px; }
.pictures img { image-rendering: pixelated; border: 1px solid var(--line); border-radius: 4px; display: block; max-width: 100%; height: auto; }
.pictures figcaption { font-weight: 400; font-size: 14px; line-height: 1.4; margin-top: 4px; }
.pictures small { display: block; color: var(--quiet); font-size: 12px; }
.intervals svg { width: 100%; max-width: 760px; }
.intervals { margin-bottom: 12px; }
.scrolling + p { margin-top: 8px; }
.nowrap { white-space: nowrap; }
.answers { margin: 2px 0; padding: 0; list-style: none; }
.assumptions dt { font-weight: 600; margin-top: 8px; }
.assumptions dd { margin: 0; max-width: 90ch; font-size: 14px; }
@media (max-width: 600px) { .verdict p { font-size: 16px; } }
@media print { .verdict p, .verdict p + p { font-size: 13px; } .pictures { grid-template-columns: repeat(5, 1fr); }
  .matrices { grid-template-columns: repeat(2, 1fr); } }
`;

/** The names of models in their colors. */
export function modelLegend(labels: readonly string[]): string {
  const items = labels.map(
    (label, place) => `<span class="model-${place % colors.length}">${escapeHtml(label)}</span>`,
  );
  return `<p class="legend">${items.join(' ')}</p>`;
}
