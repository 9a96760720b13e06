/**
 * Runs the benchmarks and prints their table: `npm run bench -- [options]`.
 *
 *     --filter RE     only the cases whose name matches
 *     --json FILE     also write the rows, with what they ran on
 *     --peers         also run tfjs, jax-js, gpu.js and PyTorch on the work they know
 *     --report        write bench/RESULTS.md, results.svg and results.html; implied by --peers without --filter
 *     --device NAME   only this device of weft: wasm, cpu; gpu, which does not take part otherwise, is webgpu and webgl2
 *                     in Chromium, of which each can be named too; headlessgl is Node with the package gl
 *     --threads N,M   numbers of threads (default: 1 and all processors)
 *     --rounds N      turns of each runner in each case (default 5)
 */
import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { version } from '../src/cli/version.ts';
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
  type Table,
} from './report/tables.ts';
import type { Machine, Results } from './rows.ts';
import { startRunners, usualChoice, type WeftChoice } from './runners.ts';

interface Options {
  readonly filter: RegExp;
  readonly json: string | undefined;
  readonly peers: boolean;
  readonly report: boolean;
  readonly choice: WeftChoice;
  readonly rounds: number;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      filter: { type: 'string' },
      json: { type: 'string' },
      peers: { type: 'boolean', default: false },
      report: { type: 'boolean', default: false },
      device: { type: 'string' },
      threads: { type: 'string' },
      rounds: { type: 'string', default: '5' },
    },
  });
  const { filter = '', json, peers, report, device, threads, rounds } = values;
  const usual = usualChoice();
  return {
    filter: new RegExp(filter),
    json,
    peers,
    // A report of a part would stand in the place of one of the whole.
    report: report || (peers && filter === ''),
    choice: {
      devices: device === undefined ? usual.devices : [device],
      threads: threads === undefined ? usual.threads : threads.split(',').map(Number),
    },
    rounds: Number(rounds),
  };
}

/** The command. */
export async function command(): Promise<void> {
  const { filter, json, peers, report, choice, rounds } = readOptions();
  const chosen = cases.filter(({ name }) => filter.test(name));
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
