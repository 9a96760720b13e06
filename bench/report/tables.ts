/** The results as tables of texts, for the terminal, RESULTS.md and the page. */
import { formatTime } from '../../src/text.ts';
import { growthFamilies, growthParts } from '../cases/growth.ts';
import { isSoftware } from '../gpu-meter.ts';
import { growthOf, timeOf } from '../growth.ts';
import { fastest, formatRatio, type Results, type Row, seriesOf } from '../rows.ts';
import { type Check, judge, type Target, targets, type Verdict } from '../targets.ts';

/** A table whose first column is text and whose others are numbers. */
export interface Table {
  readonly headings: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Every row of the results. */
export function allRows({ rows }: Results): Table {
  return {
    headings: ['case', 'library', 'threads', 'median', 'minimum', 'samples', 'rate', 'of limit'],
    rows: rows.map((row) => [
      row.name,
      libraryOf(row),
      `${row.threads}`,
      formatTime(row.medianMs),
      formatTime(row.minMs),
      `${row.samples}`,
      rateOf(row),
      shareOf(row),
    ]),
  };
}

/** What the rows of the gpu device consist of. */
export function gpuParts({ rows }: Results): Table {
  return {
    headings: ['case', 'device', 'compile, once', 'upload', 'kernel', 'download', 'median of all'],
    rows: rows.flatMap(({ name, device, medianMs, parts }) => {
      if (!parts) return [];
      const { compileMs, uploadMs, kernelMs, downloadMs } = parts;
      return [[name, device, ...[compileMs, uploadMs, kernelMs, downloadMs, medianMs].map(formatTime)]];
    }),
  };
}

/** How the columns of that table are to be read. */
export const gpuPartsNote =
  'Times of the host, each column at its median. Kernels are only started in theirs and run on by themselves: what is ' +
  'left of them when a result is read is waited for under download. Every run is awaited to its end; where it hands ' +
  'out no result, one number of what it computed is read.';

/** How the last line of each network is to be read. */
export const growthNote =
  'Parts of the work before a first run, of a training step by Adam, each done again and again in one process, the least times. The growth is ' +
  'the slope in the plane of logarithms, by least squares: 1 is in proportion to the depth, 2 with its square.';

/** One line for each depth, and one for the growth; networks of which nothing was measured are left out. */
export function growthTable(results: Results): Table {
  return {
    headings: ['network', 'layers', ...growthParts],
    rows: growthFamilies.flatMap((family) => {
      const lines = family.depths.flatMap((depth) => {
        const times = growthParts.map((part) => timeOf(results, family, depth, part));
        if (times.every((time) => time === undefined)) return [];
        return [
          [family.name, `${depth}`, ...times.map((time) => (time === undefined ? '–' : formatTime(time)))],
        ];
      });
      const growths = growthParts.map((part) => growthOf(results, family, part)?.toFixed(2) ?? '–');
      return lines.length === 0 ? [] : [...lines, [family.name, 'growth', ...growths]];
    }),
  };
}

/** Who the GPUs are, so that software is not taken for one. */
export function describeGpus({ gpus }: Results): string[] {
  return gpus.map((gpu) => {
    const { device, adapter, emptyReadMs, fallbackReason } = gpu;
    const software = isSoftware(gpu) ? ', which is the processor and says nothing of a GPU' : '';
    const reason = fallbackReason === undefined ? '' : `; the GPU of the machine: ${fallbackReason}`;
    return `${device}: ${adapter}${software}${reason}; reading one number takes ${formatTime(emptyReadMs)}`;
  });
}

function rateOf({ gflops, gigabytes }: Row): string {
  if (gflops !== null) return `${Number(gflops.toPrecision(3))} GFLOP/s`;
  return gigabytes === null ? '' : `${Number(gigabytes.toPrecision(3))} GB/s`;
}

/** Of the SIMD peak, or of a copy where memory is the limit. */
function shareOf({ peakShare, copyShare }: Row): string {
  if (peakShare !== null) return `${(peakShare * 100).toFixed(0)} %`;
  return copyShare === null ? '' : `${(copyShare * 100).toFixed(0)} % of copy`;
}

function libraryOf({ peer, device }: Row): string {
  return `${peer ?? 'weft'}, ${device}`;
}

/** One row per case that peers know, one column per library: its best time, and how many times weft's best it is. */
export function comparison(results: Results): Table {
  const shared = casesWithPeers(results);
  const columns = peerSeries(results);
  return {
    headings: ['case', 'weft', ...columns],
    rows: shared.map((name) => {
      const rows = results.rows.filter((row) => row.name === name);
      const own = fastest(rows.filter(({ peer }) => peer === null));
      const cell = (series: string): string => {
        const best = fastest(rows.filter((row) => row.peer !== null && seriesOf(row) === series));
        if (!best) return '–';
        const ratio = own ? ` (${formatRatio(best.medianMs / own.medianMs)})` : '';
        return `${formatTime(best.medianMs)}${ratio}`;
      };
      return [name, own ? formatTime(own.medianMs) : '–', ...columns.map(cell)];
    }),
  };
}

/** The cases that at least one peer has a row of. */
export function casesWithPeers({ rows }: Results): string[] {
  return [...new Set(rows.filter(({ peer }) => peer !== null).map(({ name }) => name))];
}

/** The peers that have rows, in the order in which they first appear. */
export function peerSeries({ rows }: Results): string[] {
  return [...new Set(rows.filter(({ peer }) => peer !== null).map(seriesOf))];
}

/** What each target asks for and what was measured. */
export function targetTable(results: Results): Table {
  return {
    headings: ['target', 'required', 'measured', 'met', 'aim', 'measured', 'reached'],
    rows: targets.map(({ title, required, aim }: Target) => {
      const part = (checks: readonly Check[]): string[] => {
        const verdicts = checks.map((check) => judge(check, results));
        return [
          verdicts.map(({ check }) => describeCheck(check)).join('; '),
          verdicts.map(describeMeasured).join('; '),
          describeMet(verdicts),
        ];
      };
      return [title, ...part(required), ...part(aim)];
    }),
  };
}

function describeCheck({ of, bound, kind, unit }: Check): string {
  return `${kind === 'at least' ? '≥' : '≤'} ${withUnit(bound, unit)} ${of}`;
}

function describeMeasured({ check, measured }: Verdict): string {
  return measured === undefined ? 'not measured' : withUnit(measured, check.unit);
}

function withUnit(value: number, unit: Check['unit']): string {
  const text = `${Number(value.toPrecision(3))}`;
  if (unit === 'growth') return text;
  return unit === '×' ? `${text}×` : `${text} ${unit}`;
}

function describeMet(verdicts: readonly Verdict[]): string {
  if (verdicts.some(({ met }) => met === false)) return 'no';
  return verdicts.some(({ met }) => met === undefined) ? '–' : 'yes';
}
