/**
 * The runs of docs/study.md: how well recurrent networks read images, each trained by one command. Each run is a line of JSON in
 * docs/study.jsonl; runs that are there are not made again, a run that was cut off goes on from its last checkpoint, and from all
 * lines the table of the page is written.
 *
 *     npm run build && WEFT_THREADS=1 node bench/study.mjs --data FOLDER [--only ROW,…] [--seed NUMBER,…] [--draw]
 *
 * FOLDER holds the data sets, each in a folder of its name. Settings are those of docs/study/ROW.json, chosen by validation images;
 * test images are looked at once a run, by the model of the epoch that validation chose.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { addLine, readLines, writeTable } from './json-lines.mjs';

const home = join(dirname(fileURLToPath(import.meta.url)), '..');
const results = join(home, 'docs/study.jsonl');
const page = join(home, 'docs/study.md');

/** What is trained: the data set, its seeds, and the row's title. Settings are in docs/study/. */
const rows = JSON.parse(readFileSync(join(home, 'docs/study/rows.json'), 'utf8'));

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    only: { type: 'string' },
    seed: { type: 'string' },
    draw: { type: 'boolean', default: false },
  },
});

const weft = await import('../dist/src/index.js');
const threads = Number(process.env.WEFT_THREADS ?? availableParallelism());
if (!values.draw) experiment();
draw();

function experiment() {
  for (const name of values.only?.split(',') ?? Object.keys(rows)) {
    const { data, seeds } = rows[name];
    for (const seed of values.seed?.split(',').map(Number) ?? seeds) {
      if (lines().some((line) => line.row === name && line.seed === seed)) continue;
      const line = { row: name, seed, ...train(name, data, seed) };
      addLine(results, line);
    }
  }
}

/** One run of `weft train`, or what is left of it. */
function train(name, data, seed) {
  const out = join(home, 'runs/study', `${name}-${seed}`);
  const begin = [
    ...['--config', join(home, 'docs/study', `${name}.json`), '--seed', `${seed}`, '--out', out],
    ...['--data', data === 'digits' ? data : join(values.data ?? '.', data)],
  ];
  const record = join(out, 'metrics.json');
  const read = () => (existsSync(record) ? JSON.parse(readFileSync(record, 'utf8')) : undefined);
  if (read()?.status !== 'finished') {
    const how = read() === undefined ? begin : ['--resume', out];
    const command = [join(home, 'dist/src/cli/main.js'), 'train', ...how];
    const { status } = spawnSync(process.execPath, command, { stdio: 'inherit' });
    if (status !== 0) throw new Error(`weft train ${how.join(' ')} ended with ${status}`);
  }
  const metrics = read();
  const { model, epochs, parameters, testAccuracy, bestEpoch, history } = metrics;
  const { image, classNames, test } = metrics.data;
  const sizes = Object.fromEntries(
    ['hidden', 'width', 'layers', 'dropout', 'order', 'readout', 'maps', 'kernel', 'patch', 'heads', 'steps']
      .filter((size) => metrics[size] !== undefined)
      .map((size) => [size, metrics[size]]),
  );
  const made = weft.createModel(model, { inputShape: image, classes: classNames.length, ...sizes });
  return {
    model,
    epochs,
    parameters,
    // Of one image, forward. A training step takes three times as many.
    flops: weft.summarize(made, image).flops,
    images: metrics.data.train,
    // The fastest epoch had the least other work beside it.
    seconds: Math.round(epochs * Math.min(...history.map((epoch) => epoch.seconds))),
    ...(threads !== 1 && { threads }),
    bestEpoch,
    validation: history[bestEpoch - 1].valAccuracy,
    test: testAccuracy,
    tested: test,
    ...(classNames.length === 2 && { auc: areaUnderCurve(out, classNames) }),
  };
}

/** The area under the ROC curve of the second of two classes. */
function areaUnderCurve(run, classNames) {
  const [header, ...answers] = readFileSync(join(run, 'predictions.csv'), 'utf8').trim().split('\n');
  const column = (name) => header.split(',').indexOf(name);
  const found = answers
    .map((answer) => answer.split(','))
    .map((cells) => ({
      label: classNames.indexOf(cells[column('true')]),
      probability: Number(cells[column('true_probability')]),
    }));
  return weft.rocAuc(
    found.map(({ label, probability }) => (label === 1 ? probability : 1 - probability)),
    found.map(({ label }) => label),
  );
}

function lines() {
  return readLines(results);
}

function percent(share) {
  return (100 * share).toFixed(2);
}

function mean(numbers) {
  return numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
}

/** Of the runs on one thread the fastest; a dash where there are none. */
function minutesOf(found) {
  const seconds = found.filter(({ threads = 1 }) => threads === 1).map((line) => line.seconds);
  return seconds.length === 0 ? '–' : (Math.min(...seconds) / 60).toFixed(1);
}

/** Of several seeds the mean and the standard deviation, of one its 95 % interval (Wilson's). */
function accuracyOf(found) {
  const accuracies = found.map(({ test }) => test);
  const average = mean(accuracies);
  if (found.length > 1) {
    const spread = Math.sqrt(
      mean(accuracies.map((each) => (each - average) ** 2)) * (found.length / (found.length - 1)),
    );
    return `${percent(average)} ± ${percent(spread)}`;
  }
  const { test, tested } = found[0];
  const [low, high] = weft.accuracyInterval(test, tested);
  return `${percent(test)} (${percent(low)} to ${percent(high)})`;
}

/** Writes the table into the page. */
function draw() {
  const all = lines();
  const table = Object.entries(rows).flatMap(([name, { title }]) => {
    const found = all.filter(({ row }) => row === name);
    if (found.length === 0) return [];
    const [{ model, epochs, parameters, flops, images, auc }] = found;
    const areas = auc === undefined ? '' : `, AUC ${mean(found.map((each) => each.auc)).toFixed(3)}`;
    const cells = [
      title,
      `[\`${model}\`](study/${name}.json)`,
      `${accuracyOf(found)}${areas}`,
      percent(mean(found.map(({ validation }) => validation))),
      found.map(({ seed }) => seed).join(', '),
      `${epochs}`,
      minutesOf(found),
      parameters.toLocaleString('en-US'),
      (flops / 1e6).toFixed(1),
      ((3 * flops * images * epochs) / 1e12).toFixed(1),
    ];
    return [`| ${cells.join(' | ')} |`];
  });
  const head = [
    '| data | model and settings | test accuracy, % | validation, % | seeds | epochs | minutes | parameters | MFLOPs an image | TFLOPs in all |',
    '|---|---|--:|--:|---|--:|--:|--:|--:|--:|',
  ];
  writeTable(page, [...head, ...table]);
}
