/** Runs the benchmarks and prints their table: `npm run bench -- [options]`, of which `--help` tells. */
import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { positiveInteger } from '../src/cli/numbers.ts';
import { version } from '../src/cli/version.ts';
import { deviceNames } from '../src/index.ts';
import { formatTable } from '../src/text.ts';
import { cases } from './cases/index.ts';
import { collect } from './collect.ts';
import { benchFolder } from './paths.ts';
import { Probes } from './probes.ts';
import { renderChart, standaloneSvg } from './report/chart.ts';
import { renderMarkdown } from './report/markdown.ts';
import { renderPage } from './report/page.ts';
import {
  allRows,
  casesWithPeers,
  comparison,
  describeGpus,
  gpuParts,
  gpuPartsNote,
  growthNote,
  growthTable,
  type Table,
} from './report/tables.ts';
import type { Machine, Results } from './rows.ts';
import { startRunners, usualChoice, type WeftChoice } from './runners.ts';

interface Options {
  readonly filter?: RegExp;
  readonly json?: string;
  readonly peers: boolean;
  readonly report: boolean;
  readonly device?: string;
  readonly threads: readonly number[];
  readonly rounds: number;
}

/** What `--device` takes: devices, and the ways to a GPU that can be named each. */
const deviceChoices = [...deviceNames(), 'webgpu', 'webgl2', 'headlessgl'];

function readOptions(): Options & { readonly choice: WeftChoice } {
  const usual = usualChoice();
  const options = new Command('npm run bench --')
    .description('Runs the benchmarks and prints their table.')
    .option('--filter <pattern>', 'only the cases whose name matches this regular expression', pattern)
    .option('--json <file>', 'also write the rows, with what they ran on')
    .option('--peers', 'also run tfjs, jax-js, gpu.js, ONNX Runtime and PyTorch on the work they know', false)
    .option(
      '--report',
      'write bench/RESULTS.md, results.svg and results.html; implied by --peers without --filter',
      false,
    )
    .addOption(
      new Option(
        '--device <name>',
        `only this device of weft (default: ${usual.devices.join(' and ')}); gpu is webgpu and webgl2 in Chromium, ` +
          'headlessgl is Node with the package gl',
      ).choices(deviceChoices),
    )
    .option('--threads <numbers>', 'numbers of threads, such as 1,2', threadNumbers, usual.threads)
    .option('--rounds <number>', 'turns of each runner in each case', positiveInteger, 5)
    .parse(process.argv)
    .opts<Options>();
  const { device, threads, peers, report } = options;
  return {
    ...options,
    // A report of a part would stand in the place of one of the whole.
    report: report || (peers && !options.filter),
    choice: { devices: device === undefined ? usual.devices : [device], threads },
  };
}

function pattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

function threadNumbers(text: string): number[] {
  return text.split(',').map(positiveInteger);
}

/** The command. */
export async function command(): Promise<void> {
  const { filter, json, peers, report, choice, rounds } = readOptions();
  const chosen = cases.filter(({ name }) => filter?.test(name) ?? true);
  if (chosen.length === 0) {
    console.error(`No benchmark matches ${filter}. There are: ${cases.map(({ name }) => name).join(', ')}.`);
    process.exitCode = 1;
    return;
  }
  const probes = new Probes();
  await probes.warmUp();
  const participants = await startRunners(choice, peers);
  for (const { title, reason } of participants.absent)
    console.error(`${title} does not take part: ${reason}`);
  const effort = { rounds, roundMilliseconds: 250 };
  const collected = await collect(chosen, participants, probes, effort, showProgress);
  showProgress('');
  for (const runner of [...participants.weft, ...participants.peers]) runner.stop();

  const results: Results = {
    machine: describeMachine(probes),
    absent: participants.absent,
    gpus: participants.weft.flatMap(({ about: { device, gpu } }) => (gpu ? [{ device, ...gpu }] : [])),
    ...collected,
  };
  printResults(results);
  if (results.rows.length === 0) process.exitCode = 1;
  if (json !== undefined) await writeFile(json, `${JSON.stringify(results, null, 2)}\n`);
  if (report) await writeReport(results);
}

function printResults(results: Results): void {
  printTable(allRows(results));
  if (casesWithPeers(results).length > 0) printTable(comparison(results));
  const parts = gpuParts(results);
  if (parts.rows.length > 0) {
    printTable(parts);
    console.log(`\n${gpuPartsNote}`);
  }
  const growth = growthTable(results);
  if (growth.rows.length > 0) {
    printTable(growth);
    console.log(`\n${growthNote}`);
  }
  for (const line of describeGpus(results)) console.log(line);
  for (const { title, name, reason } of results.refusals)
    console.log(`${title} cannot do ${name}: ${reason}`);
  const { peakGflops, copyGigabytes } = results.machine;
  console.log(`\npeak of one core ${peakGflops.toFixed(1)} GFLOP/s, copy ${copyGigabytes.toFixed(1)} GB/s`);
}

async function writeReport(results: Results): Promise<void> {
  const chart = casesWithPeers(results).length > 0 ? renderChart(results) : '';
  await writeFile(join(benchFolder, 'RESULTS.md'), renderMarkdown(results));
  await writeFile(join(benchFolder, 'results.html'), renderPage(results, chart));
  if (chart) await writeFile(join(benchFolder, 'results.svg'), standaloneSvg(chart));
  console.log(`written: ${join(benchFolder, 'RESULTS.md')}, results.html${chart ? ', results.svg' : ''}`);
}

function describeMachine({ peakGflops, copyGigabytes }: Probes): Machine {
  return {
    date: new Date().toISOString().slice(0, 10),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    system: `${type()} ${release()}`,
    node: process.versions.node,
    v8: process.versions.v8,
    weft: version,
    peakGflops,
    copyGigabytes,
  };
}

function printTable({ headings, rows }: Table): void {
  const columns = headings.map((heading, column) => ({
    heading,
    align: column < 2 ? ('left' as const) : ('right' as const),
  }));
  console.log(`\n${formatTable(columns, rows)}`);
}

/** One line that is written over, where there is a terminal. */
function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}
