/** The report: complete in one file, whatever the classes are called, and drawn by a browser. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { judge } from '../../src/cli/judgement.ts';
import { renderReport } from '../../src/cli/report/report.ts';
import type { EpochRecord, Metrics } from '../../src/cli/run-record.ts';
import { readPng } from '../../src/data/png.ts';
import { temporaryFolder, tinyDataset } from '../support/datasets.ts';

const record = (epoch: number): EpochRecord => ({
  epoch,
  trainLoss: 1 / epoch,
  trainAccuracy: 1 - 0.5 / epoch,
  valLoss: 1.1 / epoch,
  valAccuracy: 1 - 0.6 / epoch,
  seconds: 1,
});

/** The report of a run over `epochs` with `predictions` for images of these `labels`. */
function reportOf(
  labels: readonly number[],
  predictions: readonly number[],
  { names = ['zero', 'one', 'two'], epochs = 3, labelSmoothing = 0 } = {},
): string {
  const classes = names.length;
  const confusion = names.map((_, truth) =>
    names.map(
      (_, predicted) => labels.filter((label, i) => label === truth && predictions[i] === predicted).length,
    ),
  );
  const files = labels.map((_, index) => `pictures/${index}.png`);
  const dataset = { ...tinyDataset(labels, classes), classNames: names, files };
  const probabilities = predictions.flatMap((predicted) =>
    names.map((_, index) => (index === predicted ? 0.9 : 0.1 / (classes - 1))),
  );
  const metrics: Metrics = {
    status: 'finished',
    testAccuracy: 0.5,
    testLoss: 1,
    majorityClass: 'bar',
    accuracyInterval: [0.5, 0.9],
    balancedAccuracy: 0.5,
    majorityAccuracy: 0.4,
    bestEpoch: Math.max(1, epochs - 1),
    command: ['train', '--data', 'a&b'],
    epochs,
    trainSeconds: 3,
    device: 'cpu',
    parameters: 1234,
    seed: 0,
    history: Array.from({ length: epochs }, (_, index) => record(index + 1)),
    model: 'conv-lstm',
    optimizer: 'adam',
    weightDecay: 0,
    schedule: 'one-cycle',
    learningRate: 0.01,
    batchSize: 8,
    augmentation: { shift: 1 },
    labelSmoothing,
    data: {
      source: 'a&b',
      name: 'tiny',
      train: 10,
      validation: 2,
      test: labels.length,
      image: [1, 1, 1],
      fit: 'stretch',
      classNames: names,
      classCounts: undefined,
      borderBrightness: 0,
    },
    confusion,
    judgement: judge(dataset, { probabilities, confusion: Int32Array.from(confusion.flat()) }, 0.8),
    versions: { weft: '0', node: '20' },
  };
  return renderReport({
    metrics,
    summary: 'layer  kind',
    data: {
      name: 'tiny',
      train: dataset,
      test: dataset,
      form: { size: [1, 1], fit: 'stretch' },
      notes: ['Noted.'],
    },
    answers: { predictions, probabilities },
  });
}

test('is complete in itself', () => {
  const html = reportOf([0, 1, 2, 2], [0, 1, 1, 2]);
  expect(html).not.toMatch(/<script|<link|@import|url\(|src="(?!data:)|href=/);
  expect(html.match(/<svg /g)).toHaveLength(4);
  expect(html.match(/src="data:image\/png;base64,/g)).toHaveLength(1);
  for (const text of ['1,234', 'Noted.', 'loss (mean cross-entropy, nats)', 'accuracy (%)', 'epoch']) {
    expect(html).toContain(text);
  }
  expect(html).toContain('1 mistake in 4 test images; all of them');
  expect(html).toContain('best: 2');
  expect(html).toContain('surer of its answers than it is right: on average 90.0 % sure');
  expect(html).toContain('With the temperature 0.80, which fits the validation images');
  for (const text of ['area under the ROC curve', 'Brier score', 'Accuracy by confidence'])
    expect(html).toContain(text);
  expect(html).toContain('The model is that of epoch 2: the best on the validation images.');
  expect(html).toContain('pictures/2.png');
  expect(html).toMatch(/<pre class="command"[^>]*>.*weft.* train --data &#39;a&amp;b&#39;<\/pre>/);
});

test('says which loss the curves show, where it is another one than that of the test', () => {
  const html = reportOf([0, 1], [0, 1], { labelSmoothing: 0.1 });
  expect(html).toContain('loss (mean cross-entropy of smoothed labels, nats)');
  expect(html).toContain('The test loss is mean cross-entropy of the labels as they are.');
});

test('names of classes and folders are text', () => {
  const html = reportOf([0, 1], [1, 1], { names: ['<b>bold</b>', 'a "quoted" & long name'] });
  expect(html).not.toContain('<b>');
  expect(html).not.toContain('a&b<');
  expect(html).toContain('&lt;b&gt;bold&lt;/b&gt;');
  const escaped = reportOf([0, 1], [1, 1], { names: ['a\u001b[2J', 'b\u202e'] });
  for (const character of ['\u001b', '\u202e']) expect(escaped).not.toContain(character);
  expect(escaped).toContain('a\\u001b[2J');
});

describe('runs that are out of the ordinary', () => {
  test('a single epoch, no mistakes', () => {
    const html = reportOf([0, 1, 2], [0, 1, 2], { epochs: 1 });
    expect(html).toContain('every test image was classified correctly');
    expect(html).not.toContain('NaN');
  });

  test('a thousand classes: the most frequent mistakes in place of a chart', () => {
    const names = Array.from({ length: 1000 }, (_, index) => `class ${index}`);
    const html = reportOf([0, 0, 1, 2], [5, 5, 1, 7], { names });
    expect(html.length).toBeLessThan(500_000);
    expect(html).toContain('<th scope="row">class 0</th><th scope="row">class 5</th><td>2 of 2</td>');
  });

  test('a hundred classes: no numbers in the cells', () => {
    const names = Array.from({ length: 100 }, (_, index) => `class ${index}`);
    const html = reportOf([0, 1], [5, 1], { names, epochs: 200 });
    expect(html).not.toContain('NaN');
    expect(html).toContain('true class 0, predicted class 5: 1 (100.0 % of the row)');
    expect(html).toContain('best: 199');
  });
});

test('long names are shortened in the chart, where their titles have them whole', () => {
  const names = ['Brachiosaurus altithorax, juvenile', 'Brachiosaurus altithorax, adult'];
  const html = reportOf([0, 1], [1, 1], { names });
  expect(html).toContain('>Brachiosaurus…venile<');
  expect(html).toContain(`<title>${names[0]}</title>`);
});

const chromium = spawnSync('chromium', ['--version']).status === 0;

test.skipIf(!chromium)('a browser draws it, on light and on dark', () => {
  const folder = temporaryFolder();
  const page = join(folder, 'report.html');
  writeFileSync(page, reportOf([0, 1, 2, 2], [0, 1, 1, 2]));
  const colors = { light: [0x2f, 0x6f, 0xb7], dark: [0x6a, 0xae, 0xf2] } as const;
  for (const scheme of ['light', 'dark'] as const) {
    const picture = join(folder, `${scheme}.png`);
    const { status, stderr } = spawnSync('chromium', [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--user-data-dir=${join(folder, scheme)}`,
      `--blink-settings=preferredColorScheme=${scheme === 'dark' ? 0 : 1}`,
      '--window-size=1200,1400',
      `--screenshot=${picture}`,
      `file://${page}`,
    ]);
    expect(status, stderr.toString()).toBe(0);
    // The color of the training curve is on the page, so style sheet and charts were let through.
    const { pixels, channels } = readPng(picture);
    const wanted = colors[scheme].map((value) => Math.fround(value / 255));
    let found = 0;
    for (let i = 0; i < pixels.length; i += channels) {
      if (wanted.every((value, channel) => Math.abs(pixels[i + channel]! - value) < 1e-6)) found++;
    }
    expect(found).toBeGreaterThan(50);
  }
});
