/** Runs the benchmark suites and prints their table: `npm run bench -- [--filter RE] [--json FILE]`. */

import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { matmulSuite } from './matmul.ts';

const suites = [matmulSuite];

const { values } = parseArgs({
  options: {
    /** Only the rows whose name matches this regular expression. */
    filter: { type: 'string' },
    /** Also write the rows, with what they ran on, to this file. */
    json: { type: 'string' },
  },
});

const filter = new RegExp(values.filter ?? '');
const rows = [];
for (const suite of suites) rows.push(...(await suite((name) => filter.test(name))));

if (rows.length === 0) {
  console.error(`No benchmark matches ${filter}.`);
  process.exitCode = 1;
} else {
  console.table(
    rows.map(({ medianMs, minMs, gflops, ...row }) => ({
      ...row,
      'median ms': Number(medianMs.toFixed(3)),
      'min ms': Number(minMs.toFixed(3)),
      'GFLOP/s': Number(gflops.toFixed(2)),
    })),
  );
}

if (values.json) {
  const machine = { node: process.version, processor: cpus()[0]?.model ?? 'unknown', cores: cpus().length };
  await writeFile(values.json, `${JSON.stringify({ machine, rows }, null, 2)}\n`);
}
