/**
 * The experiment of docs/missing-data.md: networks that read MNIST row by row, of which a share of the rows is lost. Each run is a
 * line of JSON in docs/missing-data.jsonl; runs that are there are not made again, and from all lines the table and the picture of
 * the page are written.
 *
 *     npm run build && node bench/missing-data.mjs --data FOLDER [--only NAME,…] [--seed NUMBER,…] [--threads NUMBER]
 *
 * Test images are looked at once a run, after the epoch was chosen by validation images.
 */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { addLine, readLines, writeTable } from './json-lines.mjs';

const docs = join(dirname(fileURLToPath(import.meta.url)), '../docs');
const results = join(docs, 'missing-data.jsonl');
const rates = [0, 0.25, 0.5, 0.75];
const seeds = [1, 2, 3];
const settings = {
  hidden: 64,
  epochs: 1,
  batchSize: 64,
  learningRate: 3e-3,
  train: 55_000,
  validation: 5_000,
};

/**
 * What is trained, and in which ways it is tested: `missing` of createModel, whether training images lose rows, and for each row of
 * the table what `evaluate` does with missing pixels.
 */
const runs = {
  clean: {
    model: 'row-lstm',
    missing: 'mask',
    removal: false,
    tests: { 'clean: channel mean': 'mean', 'clean: carry forward': 'last', 'clean: mask': 'mask' },
  },
  'clean-mean': { model: 'row-lstm', missing: 'mean', removal: false, tests: { 'clean: mean fill': 'mask' } },
  mean: { model: 'row-lstm', missing: 'mean', removal: true, tests: { 'mean fill': 'mask' } },
  last: { model: 'row-lstm', missing: 'last', removal: true, tests: { 'carry forward': 'mask' } },
  mask: { model: 'row-lstm', missing: 'mask', removal: true, tests: { mask: 'mask' } },
  indicators: { model: 'row-lstm', missing: 'indicators', removal: true, tests: { indicators: 'mask' } },
  'gru-d': { model: 'gru-d', missing: undefined, removal: true, tests: { 'GRU-D': 'mask' } },
  seen: { model: 'row-lstm', missing: 'seen', removal: true, tests: { 'the mask alone': 'mask' } },
};

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    only: { type: 'string' },
    seed: { type: 'string' },
    threads: { type: 'string' },
    draw: { type: 'boolean', default: false },
  },
});

if (!values.draw) await experiment();
draw();

async function experiment() {
  const weft = await import('../dist/src/index.js');
  const threads = values.threads === undefined ? {} : { threads: Number(values.threads) };
  await weft.setDevice('wasm', threads);
  const data = weft.loadDataset(values.data ?? 'mnist');
  const range = (from, count) => Int32Array.from({ length: count }, (_, index) => from + index);
  const train = weft.subset(data.train, range(0, settings.train));
  const validation = weft.subset(data.train, range(settings.train, settings.validation));
  const normalization = weft.channelStatistics(train);
  /** The images that all networks are tested on, without so many of their rows. */
  const lossy = (images, rate, seed) =>
    rate === 0 ? images : weft.removePixels(images, { what: 'rows', rate, seed });
  const tests = rates.map((rate) => lossy(data.test, rate, 1000));
  for (const seed of values.seed?.split(',').map(Number) ?? seeds) {
    for (const name of values.only?.split(',') ?? Object.keys(runs)) {
      if (lines().some((line) => line.run === name && line.seed === seed)) continue;
      const { model: modelName, missing, removal, tests: ways } = runs[name];
      const { hidden, epochs, batchSize, learningRate } = settings;
      weft.seed(seed);
      const model = weft.createModel(modelName, { inputShape: [28, 28, 1], classes: 10, hidden, missing });
      const steps = Math.ceil(settings.train / batchSize) * epochs;
      const optimizer = new weft.Adam(model.parameters(), {
        learningRate: weft.oneCycle(learningRate, steps),
      });
      const started = performance.now();
      const { epochs: history } = await weft.fit(model, train, {
        epochs,
        batchSize,
        optimizer,
        normalization,
        missing: 'mask',
        seed,
        restoreBest: true,
        validation: removal ? lossy(validation, [0, 0.75], seed) : validation,
        ...(removal && { augmentation: { remove: { what: 'rows', rate: [0, 0.75] } } }),
        progress: false,
      });
      const seconds = Math.round((performance.now() - started) / 1000);
      const accuracies = {};
      for (const [row, way] of Object.entries(ways)) {
        accuracies[row] = [];
        for (const images of tests) {
          const { accuracy } = await weft.evaluate(model, images, { normalization, missing: way });
          accuracies[row].push(accuracy);
        }
      }
      const validated = Math.max(...history.map(({ valAccuracy }) => valAccuracy));
      const line = { run: name, seed, ...settings, seconds, validation: validated, accuracies };
      addLine(results, line);
    }
  }
}

function lines() {
  return readLines(results);
}

/** For each row of the table the accuracies of its seeds, `[seed][rate]`. */
function rowsOfTable() {
  const names = Object.values(runs).flatMap(({ tests }) => Object.keys(tests));
  return names.flatMap((name) => {
    const found = lines().flatMap(({ accuracies }) => (name in accuracies ? [accuracies[name]] : []));
    return found.length === 0 ? [] : [{ name, found }];
  });
}

function meanOf(found, rate) {
  return found.reduce((sum, each) => sum + each[rate], 0) / found.length;
}

/** Writes the table into the page, and the picture beside it. */
function draw() {
  const rows = rowsOfTable();
  const spread = (found, rate) =>
    Math.max(...found.map((each) => each[rate])) - Math.min(...found.map((each) => each[rate]));
  const percent = (share) => (100 * share).toFixed(1);
  const heads = rates.map((rate) => `${100 * rate} %`);
  const table = [
    `| network | ${heads.join(' | ')} | seeds | spread at 50 % |`,
    `|---|${heads.map(() => '--:').join('|')}|--:|--:|`,
    ...rows.map(
      ({ name, found }) =>
        `| ${name} | ${rates.map((_, rate) => percent(meanOf(found, rate))).join(' | ')} | ${found.length} | ${percent(spread(found, 2))} |`,
    ),
  ];
  writeTable(join(docs, 'missing-data.md'), ['', ...table, '']);
  writeFileSync(join(docs, 'missing-data.svg'), picture(rows));
  console.log(table.join('\n'));
}

/** Accuracy over the share of lost rows, a line for each network, with its name at its end. */
function picture(rows) {
  const [left, top, width, height] = [56, 44, 420, 380];
  const x = (rate) => left + (rate / 0.75) * width;
  const y = (share) => top + (1 - share) * height;
  const gray = '#8a8a8a';
  const colors = [gray, gray, gray, gray, '#b5651d', '#7a4fb0', '#0b6fb8', '#0a8f6a', '#c22f5b', '#444444'];
  const dashes = ['2 3', '8 4', '', '9 3 2 3', '', '', '', '', '', '1 4'];
  // Names that would lie on each other are moved apart, in the order of their lines.
  const ends = rows.map(({ name, found }, index) => ({
    name,
    index,
    at: y(meanOf(found, 3)),
    value: meanOf(found, 3),
  }));
  ends.sort((a, b) => a.at - b.at);
  for (const [index, end] of ends.entries())
    end.label = Math.max(end.at, index === 0 ? 0 : ends[index - 1].label + 15);
  const overflow = Math.max(0, (ends.at(-1)?.label ?? 0) - (top + height));
  if (overflow > 0) {
    ends[ends.length - 1].label -= overflow;
    for (let i = ends.length - 2; i >= 0; i--)
      ends[i].label = Math.min(ends[i].label, ends[i + 1].label - 15);
  }
  const style = 'font-family="system-ui, sans-serif" font-size="12"';
  const grid = [0, 0.2, 0.4, 0.6, 0.8, 1].map(
    (share) =>
      `<line x1="${left}" x2="${left + width}" y1="${y(share)}" y2="${y(share)}" stroke="#dddddd"/>` +
      `<text x="${left - 8}" y="${y(share) + 4}" text-anchor="end" fill="#555555">${100 * share} %</text>`,
  );
  const axis = rates.map(
    (rate) =>
      `<text x="${x(rate)}" y="${top + height + 20}" text-anchor="middle" fill="#555555">${100 * rate} %</text>`,
  );
  const curves = rows.map(({ found }, index) => {
    const points = rates.map((rate, at) => `${x(rate).toFixed(1)},${y(meanOf(found, at)).toFixed(1)}`);
    const dots = points.map(
      (point) =>
        `<circle cx="${point.split(',')[0]}" cy="${point.split(',')[1]}" r="2.5" fill="${colors[index]}"/>`,
    );
    const dash = dashes[index] === '' ? '' : ` stroke-dasharray="${dashes[index]}"`;
    return `<polyline points="${points.join(' ')}" fill="none" stroke="${colors[index]}" stroke-width="2"${dash}/>${dots.join('')}`;
  });
  const names = ends.map(
    ({ name, index, label, at, value }) =>
      `<path d="M${left + width + 4} ${at.toFixed(1)} L${left + width + 14} ${label.toFixed(1)}" stroke="${colors[index]}" fill="none"/>` +
      `<text x="${left + width + 18}" y="${(label + 4).toFixed(1)}" fill="${colors[index]}">${name} ${(100 * value).toFixed(1)}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 680 480" width="680" height="480" ${style}>
<title>Test accuracy on MNIST against the share of lost rows</title>
<rect width="680" height="480" fill="#ffffff"/>
<text x="${left}" y="22" font-size="14" font-weight="600" fill="#222222">Test accuracy on MNIST against the share of lost rows</text>
${[...grid, ...axis, ...curves, ...names].join('\n')}
<text x="${left + width / 2}" y="${top + height + 40}" text-anchor="middle" fill="#222222">rows that each picture lost</text>
</svg>
`;
}
