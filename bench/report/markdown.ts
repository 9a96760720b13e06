/** RESULTS.md: what was measured, on what, beside whom, and which targets were met. */
import { formatBytes } from '../../src/text.ts';
import type { Results } from '../rows.ts';
import { targets } from '../targets.ts';
import {
  allRows,
  comparison,
  describeGpus,
  gpuParts,
  gpuPartsNote,
  growthNote,
  growthTable,
  type Table,
  targetTable,
} from './tables.ts';

/** The whole file. */
export function renderMarkdown(results: Results): string {
  const compared = comparison(results);
  const notes = targets.flatMap(({ title, note }) => (note === undefined ? [] : [`- **${title}**: ${note}`]));
  const parts = [
    '# Benchmark results',
    'Written by `npm run bench -- --peers`; [as a chart](results.svg), [as a page](results.html).',
    markdownTable({ headings: ['machine', ''], rows: machineFacts(results) }, false),
    'A multiply and an add count as two operations; rates are those of the median. The limit is the peak of one core ' +
      'with 128-bit vectors (what WebAssembly has) times the threads, or what one core copies: PyTorch and onnxruntime-node, ' +
      'which use wider vectors, exceed the first, and several threads may exceed the second. Runners take turns in each case.',
    '## Targets',
    markdownTable(targetTable(results), false),
    ...(notes.length > 0 ? [notes.join('\n')] : []),
    ...(compared.rows.length > 0
      ? [
          '## Beside others',
          'Best median of each library over its numbers of threads; in brackets, how many times the time of weft.',
          markdownTable(compared),
        ]
      : []),
    ...refusalsOf(results),
    ...growthIn(results),
    '## All rows',
    markdownTable(allRows(results)),
    ...partsOf(results),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** How planning grows, if that was measured. */
function growthIn(results: Results): string[] {
  const growth = growthTable(results);
  return growth.rows.length > 0 ? ['## Growth with depth', growthNote, markdownTable(growth)] : [];
}

/** What runs on the gpu device consist of, if it took part. */
function partsOf(results: Results): string[] {
  const parts = gpuParts(results);
  return parts.rows.length > 0 ? ['## On the GPU', gpuPartsNote, markdownTable(parts)] : [];
}

/** What it ran on, as pairs of name and value. */
export function machineFacts(results: Results): string[][] {
  const { machine, rows } = results;
  const peers = [...new Set(rows.flatMap(({ peer }) => (peer === null ? [] : [peer])))];
  return [
    ['date', machine.date],
    ['processor', `${machine.processor}, ${machine.cores} cores`],
    ['memory', formatBytes(machine.memoryBytes)],
    ['system', machine.system],
    ['versions', `weft ${machine.weft}, Node ${machine.node}, V8 ${machine.v8}`],
    ...(peers.length > 0 ? [['peers', peers.join(', ')]] : []),
    ...describeGpus(results).map((line) => ['GPU', line]),
    ['SIMD peak of one core', `${machine.peakGflops.toFixed(1)} GFLOP/s`],
    ['copy of 4 MB, one core', `${machine.copyGigabytes.toFixed(1)} GB/s, read and written`],
  ];
}

/** What could not be measured, with the reasons. */
function refusalsOf({ refusals, absent }: Results): string[] {
  const byReason = new Map<string, string[]>();
  for (const { name, title, reason } of refusals) {
    const key = `${title.replace(/, .*/, '')}: ${reason}`;
    byReason.set(key, [...new Set([...(byReason.get(key) ?? []), name])]);
  }
  const lines = [
    ...[...byReason].map(([reason, names]) => `- ${reason} (${names.join(', ')})`),
    ...absent.map(({ title, reason }) => `- ${title} did not take part: ${reason}`),
  ];
  return lines.length > 0 ? ['Not measured:', lines.join('\n')] : [];
}

function markdownTable({ headings, rows }: Table, numbers = true): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = headings.map((_, column) => (numbers && column > 0 ? '--:' : '---'));
  return [headings, rule, ...rows].map(line).join('\n');
}
