/** The chart: for each case that peers know, a bar for each library, on a logarithmic scale of time. */
import * as Plot from '@observablehq/plot';
import { drawSvg } from '../../src/cli/report/svg.ts';
import { formatTime } from '../../src/text.ts';
import { fastest, type Results, seriesOf } from '../rows.ts';
import { casesWithPeers, peerSeries } from './tables.ts';

interface Bar {
  readonly name: string;
  readonly series: string;
  readonly milliseconds: number;
}

const own = 'weft';
const colors = [
  '#2f7fd0',
  '#d1781b',
  '#b5541c',
  '#5a9a4e',
  '#9a6fc0',
  '#74509c',
  '#2f9c95',
  '#1f6f6a',
  '#c04a6a',
];

/** The chart as SVG text. */
export function renderChart(results: Results): string {
  const names = casesWithPeers(results);
  const series = [own, ...peerSeries(results)];
  const bars = names.flatMap((name) => barsOf(results, name, series));
  const missing = names.flatMap((name) =>
    series
      .filter((library) => !bars.some((bar) => bar.name === name && bar.series === library))
      .map((library) => ({ name, series: library })),
  );
  const shortest = Math.min(...bars.map(({ milliseconds }) => milliseconds));
  const longest = Math.max(...bars.map(({ milliseconds }) => milliseconds));
  const start = 10 ** Math.floor(Math.log10(shortest) - 0.3);
  const rowHeight = 15;
  return drawSvg('Time per run of each case, by library', {
    width: 935,
    height: names.length * (series.length * rowHeight + 18) + 70,
    marginLeft: 175,
    marginRight: 200,
    marginTop: 44,
    marginBottom: 24,
    x: {
      type: 'log',
      domain: [start, longest * 3],
      axis: 'top',
      grid: true,
      label: 'time per run, median (logarithmic)',
      labelAnchor: 'left',
      labelArrow: 'none',
      ticks: powersOfTen(start, longest * 3),
      tickFormat: formatTime,
    },
    y: { domain: series, label: null, tickSize: 0, padding: 0.2 },
    fy: { domain: names, label: null, padding: 0.12, axis: 'right' },
    color: { domain: series, range: series.map((_, at) => colors[at % colors.length]) },
    marks: [
      Plot.barX(bars, {
        x1: start,
        x2: 'milliseconds',
        y: 'series',
        fy: 'name',
        fill: 'series',
        title: ({ name, series: library, milliseconds }: Bar) =>
          `${name}, ${library}: ${formatTime(milliseconds)}`,
      }),
      Plot.text(bars, {
        x: 'milliseconds',
        y: 'series',
        fy: 'name',
        text: ({ milliseconds }: Bar) => formatTime(milliseconds),
        textAnchor: 'start',
        dx: 4,
        fill: 'currentColor',
      }),
      Plot.text(missing, { x: start, y: 'series', fy: 'name', text: () => '–', textAnchor: 'start', dx: 4 }),
    ],
  });
}

/** Those between two limits. */
function powersOfTen(from: number, to: number): number[] {
  const first = Math.ceil(Math.log10(from) - 1e-9);
  const count = Math.floor(Math.log10(to)) - first + 1;
  return Array.from({ length: count }, (_, at) => 10 ** (first + at));
}

/** The best of each library. */
function barsOf({ rows }: Results, name: string, series: readonly string[]): Bar[] {
  return series.flatMap((library) => {
    const best = fastest(
      rows.filter(
        (row) =>
          row.name === name &&
          (library === own ? row.peer === null : row.peer !== null && seriesOf(row) === library),
      ),
    );
    return best ? [{ name, series: library, milliseconds: best.medianMs }] : [];
  });
}

/** The chart as a file of its own: on white or on black, as the reader's screen is. */
export function standaloneSvg(chart: string): string {
  const coloring =
    '<style>svg { background: #ffffff; color: #1b1f24; font: 12px system-ui, sans-serif; } ' +
    '@media (prefers-color-scheme: dark) { svg { background: #14171b; color: #e4e8ec; } }</style>';
  return `${chart.replace(/(<svg[^>]*>)/, `$1${coloring}`)}\n`;
}
