/**
 * The comparisons of docs/rnn-against-cnn.md: recurrent networks against a convolutional one, by `weft compare` under three budgets. Each
 * comparison is a line of JSON in docs/rnn-against-cnn.jsonl; those that are there are not made again, one that was cut off goes on, and from all
 * lines the tables and the picture of the page are written.
 *
 *     npm run build && WEFT_THREADS=1 node bench/rnn-against-cnn.mjs --data FOLDER [--only SET,…] [--budget KIND] [--draw]
 *
 * FOLDER holds the data sets, each in a folder of its name. Test images are looked at once a training, by the model of the epoch that
 * validation images chose.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { addLine, readLines, writeTable } from './json-lines.mjs';

const home = join(dirname(fileURLToPath(import.meta.url)), '..');
const results = join(home, 'docs/rnn-against-cnn.jsonl');
const page = join(home, 'docs/rnn-against-cnn.md');
const SEEDS = 5;

/**
 * What is compared, by data set. Under equal parameters all train for as many epochs as the first model has under equal FLOPs, so that
 * its trainings are the same in both.
 */
const comparisons = {
  pneumoniamnist: { flops: 1.5e12, epochs: 14, minutes: 1, reader: true },
  'brain-tumor-3': { flops: 1.5e12, epochs: 9, minutes: 1, reader: true },
  'brain-tumor': { flops: 8e11, epochs: 4, minutes: 0.6, reader: false },
  'cifar-10': { flops: 2e12, epochs: 6, minutes: 0.8, reader: false },
};
const kinds = ['flops', 'parameters', 'minutes'];

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    only: { type: 'string' },
    budget: { type: 'string' },
    draw: { type: 'boolean', default: false },
  },
});

const weft = await import('../dist/src/index.js');
if (!values.draw) experiment();
draw();

function experiment() {
  for (const set of values.only?.split(',') ?? Object.keys(comparisons)) {
    for (const kind of values.budget?.split(',') ?? kinds) {
      if (lineOf(set, kind) === undefined) addLine(results, { set, kind, ...compare(set, kind) });
    }
  }
}

/** One comparison, or what is left of it. */
function compare(set, kind) {
  const { flops, epochs, minutes, reader } = comparisons[set];
  const out = join(home, 'runs/rnn-against-cnn', `${set}-${kind}`);
  const budget = {
    flops: ['--budget', `flops:${flops}`],
    parameters: ['--budget', 'parameters', '--epochs', `${epochs}`],
    minutes: ['--budget', `minutes:${minutes}`],
  };
  // An LSTM that reads the pixels themselves, without any convolution.
  const models = ['conv-lstm', 'cnn', ...(reader && kind === 'flops' ? ['row-lstm'] : [])];
  const command = [join(home, 'dist/src/cli/main.js'), 'compare', ...models];
  command.push('--data', join(values.data ?? '.', set), '--seeds', `${SEEDS}`, ...budget[kind]);
  const file = join(out, 'comparison.json');
  if (!existsSync(file)) {
    const { status } = spawnSync(process.execPath, [...command, '--jobs', '1', '--out', out], {
      stdio: 'inherit',
    });
    if (status !== 0) throw new Error(`weft compare of ${set} under equal ${kind} ended with ${status}`);
  }
  const [dataset] = JSON.parse(readFileSync(file, 'utf8')).datasets;
  return {
    images: dataset.images,
    budget: dataset.budget,
    models: dataset.models.map(({ model, accuracies, accuracy, parameters, epochs: trained, ...costs }) => ({
      ...{ model, accuracies, accuracy, parameters, epochs: trained },
      ...{ flops: costs.flops, seconds: costs.seconds },
    })),
    pairs: dataset.pairs.map(({ first, second, difference, together }) => ({
      ...{ first, second, difference, together },
    })),
  };
}

function lineOf(set, kind) {
  return readLines(results).find((line) => line.set === set && line.kind === kind);
}

/** What a model is ahead of the CNN, in shares of the test images. */
function leadOver(line, model) {
  const pair = line.pairs.find(
    ({ first, second }) => [first, second].includes(model) && [first, second].includes('cnn'),
  );
  const { estimate, low, high, p } = pair.difference;
  const isAhead = pair.first === model;
  return isAhead ? { estimate, low, high, p } : { estimate: -estimate, low: -high, high: -low, p };
}

function percent(share, digits = 1) {
  return (100 * share).toFixed(digits);
}

function points(share) {
  return `${share < 0 ? '−' : '+'}${percent(Math.abs(share))}`;
}

/** A p-value as it is read. */
function chance(p) {
  return p < 0.001 ? '< 0.001' : p.toFixed(p < 0.1 ? 3 : 2);
}

/** All that was compared with the CNN, in the order of the page. */
function leads() {
  const all = Object.keys(comparisons).flatMap((set) =>
    kinds.flatMap((kind) => {
      const line = lineOf(set, kind);
      if (line === undefined) return [];
      const recurrent = line.models.filter(({ model }) => model !== 'cnn');
      return recurrent.map(({ model }) => ({ set, kind, model, line, ...leadOver(line, model) }));
    }),
  );
  const corrected = weft.holmCorrection(all.map(({ p }) => p));
  return all.map((lead, place) => ({ ...lead, holm: corrected[place] }));
}

/** Writes the table into the page, and the picture beside it. */
function draw() {
  const all = leads();
  const of = (line, name) => line.models.find(({ model }) => model === name);
  const millions = (count) => `${(count / 1e6).toFixed(2)} M`;
  const rows = all.map(({ set, kind, model, line, estimate, low, high, p, holm }) => {
    const [one, cnn] = [of(line, model), of(line, 'cnn')];
    const both = (text) => `${text(one)}, ${text(cnn)}`;
    const cells = [
      ...[set, `\`${model}\``, kind === 'flops' ? 'FLOPs' : kind],
      both(({ parameters }) => millions(parameters)),
      both(({ flops }) => (flops / 1e12).toFixed(2)),
      both(({ seconds }) => (seconds / 60).toFixed(1)),
      both(({ accuracy }) => percent(accuracy.estimate)),
      `${points(estimate)} (${points(low)} to ${points(high)})`,
      ...[chance(p), chance(holm)],
    ];
    return `| ${cells.join(' | ')} |`;
  });
  const head = [
    '| data | against `cnn` | equal | parameters | TFLOPs | minutes | accuracy, % | points ahead of the CNN | p | p, Holm |',
    '|---|---|---|--:|--:|--:|--:|--:|--:|--:|',
  ];
  writeTable(page, [...head, ...rows]);
  writeFileSync(join(home, 'docs/rnn-against-cnn.svg'), picture(all));
  console.log([...head, ...rows].join('\n'));
}

/** The points ahead of the CNN, each with its interval. */
function picture(all) {
  const [left, top, width, step, gap] = [250, 62, 400, 20, 12];
  const reach = Math.max(5, ...all.flatMap(({ low, high }) => [-100 * low, 100 * high]));
  const most = Math.ceil(reach / 5) * 5;
  const x = (share) => left + ((100 * share + most) / (2 * most)) * width;
  const colors = { flops: '#0b6fb8', parameters: '#b5651d', minutes: '#0a8f6a' };
  const sets = [...new Set(all.map(({ set }) => set))];
  const y = (lead, place) => top + place * step + sets.indexOf(lead.set) * gap;
  const height = top + all.length * step + sets.length * gap + 40;
  const bottom = height - 44;
  const marks = Array.from({ length: 5 }, (_, at) => ((at - 2) * most) / 200);
  const grid = marks.map(
    (share) =>
      `<line x1="${x(share)}" x2="${x(share)}" y1="${top - 14}" y2="${bottom}" stroke="${share === 0 ? '#555555' : '#dddddd'}"/>` +
      `<text x="${x(share)}" y="${bottom + 18}" text-anchor="middle" fill="#555555">${share === 0 ? '0' : points(share)}</text>`,
  );
  const rows = all.map((lead, place) => {
    const [at, color] = [y(lead, place), colors[lead.kind]];
    const isFirst = place === 0 || all[place - 1].set !== lead.set;
    const set = isFirst
      ? `<text x="12" y="${at + 4}" font-weight="600" fill="#222222">${lead.set}</text>`
      : '';
    const what = `${lead.model}, ${lead.kind === 'flops' ? 'FLOPs' : lead.kind}`;
    return `${set}<text x="${left - 12}" y="${at + 4}" text-anchor="end" fill="${color}">${what}</text>
<line x1="${x(lead.low).toFixed(1)}" x2="${x(lead.high).toFixed(1)}" y1="${at}" y2="${at}" stroke="${color}" stroke-width="2"/>
<circle cx="${x(lead.estimate).toFixed(1)}" cy="${at}" r="4" fill="${color}"/>`;
  });
  const title = 'Points of test accuracy ahead of a CNN';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 680 ${height}" width="680" height="${height}" font-family="system-ui, sans-serif" font-size="12">
<title>${title}</title>
<rect width="680" height="${height}" fill="#ffffff"/>
<text x="12" y="22" font-size="14" font-weight="600" fill="#222222">${title}</text>
<text x="12" y="40" fill="#555555">means of ${SEEDS} seeds, 95 % intervals over images and seeds; what was equal is named beside the model</text>
${[...grid, ...rows].join('\n')}
</svg>
`;
}
