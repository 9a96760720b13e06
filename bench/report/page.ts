/** The results as one HTML page with nothing outside it and no scripts. */
import { styleSheet } from '../../src/cli/report/style.ts';
import type { Results } from '../rows.ts';
import { machineFacts } from './markdown.ts';
import { allRows, comparison, gpuParts, gpuPartsNote, type Table, targetTable } from './tables.ts';

/** The page, with the chart in it. */
export function renderPage(results: Results, chart: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>weft: benchmark results</title>
<style>${styleSheet}</style>
</head>
<body>
<main>
<h1>weft: benchmark results</h1>
${htmlTable({ headings: [], rows: machineFacts(results) }, false)}
<section>
<h2>Time per run, by library</h2>
<div class="charts"><figure>${chart}</figure></div>
${htmlTable(comparison(results))}
<p class="aside">Best median of each library; in brackets, how many times the time of weft.</p>
</section>
<section>
<h2>Targets</h2>
${htmlTable(targetTable(results), false)}
</section>
<section>
<h2>All rows</h2>
${htmlTable(allRows(results))}
</section>
${partsSection(results)}
</main>
</body>
</html>
`;
}

/** What runs on the gpu device consist of, if it took part. */
function partsSection(results: Results): string {
  const parts = gpuParts(results);
  if (parts.rows.length === 0) return '';
  return `<section>
<h2>On the GPU</h2>
${htmlTable(parts)}
<p class="aside">${escapeHtml(gpuPartsNote)}</p>
</section>`;
}

function htmlTable({ headings, rows }: Table, numbers = true): string {
  const head =
    headings.length > 0
      ? `<thead><tr>${headings.map((each) => `<th>${escapeHtml(each)}</th>`).join('')}</tr></thead>`
      : '';
  const body = rows.map(([first, ...others]) => {
    const cells = others.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('');
    return `<tr><th scope="row">${escapeHtml(first)}</th>${cells}</tr>`;
  });
  return `<table${numbers ? ' class="numbers"' : ''}>${head}<tbody>${body.join('\n')}</tbody></table>`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
