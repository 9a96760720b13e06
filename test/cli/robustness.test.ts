/** The robustness card on the command line: at the end of a training, in the report, and of a run that is evaluated. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { robustnessSection } from '../../src/cli/report/robustness-section.ts';
import {
  describeMeasuring,
  describeWeakest,
  finishWithCard,
  formatRobustness,
  formatStrength,
} from '../../src/cli/robustness-card.ts';
import type { Metrics } from '../../src/cli/run-record.ts';
import { channelStatistics } from '../../src/data/normalize.ts';
import { decodePng } from '../../src/data/png.ts';
import type { Robustness } from '../../src/train/index.ts';
import { temporaryFolder } from '../support/datasets.ts';
import { denseModel, stripes } from '../train/support.ts';
import { classFolders, run } from './support.ts';

function metricsOf(folder: string): Metrics {
  return JSON.parse(readFileSync(join(folder, 'metrics.json'), 'utf8'));
}

/** Without what differs from measuring to measuring. */
function lasting({ secondsPerImage, ...card }: Robustness) {
  expect(secondsPerImage).toBeGreaterThan(0);
  return card;
}

const card: Robustness = {
  ...{ images: 60, accuracy: 0.975, missing: 'mean', secondsPerImage: 0.000123456, batchSize: 60 },
  disturbances: [
    {
      ...{ name: 'shift', unit: 'pixels' },
      points: [
        { strength: 0, accuracy: 0.975 },
        { strength: 1, accuracy: 0.9 },
      ],
    },
    {
      ...{ name: 'missing rows', unit: 'share of the rows' },
      points: [
        { strength: 0, accuracy: 0.975 },
        { strength: 0.5, accuracy: 0.31 },
        { strength: 2 / 3, accuracy: 0.4 },
      ],
    },
  ],
};

test('in words: what is weakest, what is borne best, how strengths are written', () => {
  expect(describeWeakest(card)).toBe(
    'The model is weakest under missing rows (50 % of the rows), where the accuracy falls from 97.50 % to 31.00 %; it bears shift best, where it is 90.00 % at least.',
  );
  const [shift] = card.disturbances;
  expect(describeWeakest({ ...card, disturbances: [shift!] })).toMatch(/from 97.50 % to 90.00 %\.$/);
  expect(describeWeakest({ ...card, accuracy: 0.2 })).toBe('No disturbance lowers the accuracy, 20.00 %.');
  expect(describeWeakest({ ...card, disturbances: [] })).toBe('The images are too small to be disturbed.');
  expect(describeMeasuring(card)).toBe(
    'An image takes 0.12 ms, 60 at a time. The mean stands in the place of missing rows.',
  );
  expect(describeMeasuring({ ...card, missing: 'mask' })).toContain('given missing rows as in training');
  expect(formatStrength('pixels', 1)).toBe('1 pixel');
  expect(formatStrength('degrees', 45)).toBe('45°');
  expect(formatStrength('times', 3)).toBe('3 times');
  expect(formatStrength('share of the area', 0.2025)).toBe('20.3 % of the area');
  const table = formatRobustness(card);
  expect(table).toMatch(/^Robustness on 60 images\. The model is weakest/);
  expect(table).toMatch(/\nmissing rows +66\.7 % of the rows +40\.00 % +-57\.50$/);
});

test('the section of the report; none without a card', () => {
  const data = stripes(9);
  const answers = { predictions: data.labels, probabilities: new Float32Array(27) };
  const html = robustnessSection({ card, seed: 0, test: data, answers });
  expect(html.match(/<svg /g)).toHaveLength(2);
  expect(html).toContain('aria-label="Accuracy by missing rows"');
  expect(html).toContain('<th scope="row">shift</th><td>1 pixel</td><td>90.00 %</td><td>-7.50</td>');
  expect(html).toContain('The model is weakest under missing rows');
  expect(html).not.toMatch(/NaN|undefined/);
  const pictures = [...html.matchAll(/base64,([^"]+)"/g)].map(([, text]) =>
    decodePng(Buffer.from(text!, 'base64')),
  );
  expect(pictures.map(({ channels }) => channels)).toEqual([1, 1, 2]);
  // Of six rows four are missing, where the picture is transparent.
  const [, , missing] = pictures;
  const seen = missing!.pixels.filter((_, index) => index % 2 === 1);
  expect([...seen].filter((alpha) => alpha === 0)).toHaveLength(24);
  expect(robustnessSection({ card: undefined, seed: 0, test: data, answers })).toBe('');
  const some = { ...card, images: 5 };
  expect(robustnessSection({ card: some, seed: 0, test: data, answers })).toContain(
    '5 images of the 9 test images, of each class its share',
  );
});

test('weft train measures it, and weft evaluate --robustness again, to the bit', async () => {
  const data = classFolders();
  const out = temporaryFolder();
  const args = ['train', '--data', data, '--model', 'row-gru', '--epochs', '3', '--batch', '8', '--out', out];
  const { stdout } = await run(args);
  expect(stdout).toMatch(/\nMeasured the robustness on 6 images in [\d.]+ s\.\n(The model is|No dist)/);
  const { robustness, testAccuracy } = metricsOf(out);
  expect(robustness).toMatchObject({ images: 6, accuracy: testAccuracy, missing: 'mean' });
  expect(robustness!.disturbances).toHaveLength(6);
  const html = readFileSync(join(out, 'report.html'), 'utf8');
  expect(html).toContain('<h2>Robustness</h2>');
  expect(html.match(/aria-label="Accuracy by (?!epoch|confidence)/g)).toHaveLength(6);

  const again = await run(['evaluate', out, '--robustness', '--json']);
  const answer = JSON.parse(again.stdout);
  expect(lasting(answer.robustness)).toEqual(lasting(robustness!));
  expect(answer.accuracy).toBe(testAccuracy);
  expect(again.stderr).toContain('Measured the robustness on 6 images');
  const plain = await run(['evaluate', out, '--robustness']);
  expect(plain.stdout).toMatch(/disturbance +strength +accuracy +change\n[- ]+\nnone +[\d.]+ %/);
  expect(plain.stdout).toContain('lower resolution');
  expect(JSON.parse((await run(['evaluate', out, '--json'])).stdout)).not.toHaveProperty('robustness');

  // A run of an earlier version.
  const { robustness: _, ...earlier } = metricsOf(out);
  writeFileSync(join(out, 'metrics.json'), JSON.stringify(earlier));
  expect((await run(['evaluate', out, '--robustness'])).exitCode).toBe(0);
});

test('a model that treats what is missing, tested on what is left of the images', async () => {
  const out = temporaryFolder();
  const args = ['train', '--data', classFolders(), '--model', 'row-gru', '--missing', 'mask'];
  const { exitCode } = await run([...args, '--remove', 'rows:0.25', '--epochs', '1', '--out', out]);
  expect(exitCode).toBe(0);
  const { robustness } = metricsOf(out);
  expect(robustness).toMatchObject({ images: 6, missing: 'mask' });
  const again = JSON.parse((await run(['evaluate', out, '--robustness', '--json'])).stdout);
  expect(lasting(again.robustness)).toEqual(lasting(robustness!));
  const filled = JSON.parse(
    (await run(['evaluate', out, '--robustness', '--fill', 'last', '--json'])).stdout,
  );
  expect(filled.robustness.missing).toBe('last');
});

describe('at the end of a training', () => {
  const images = stripes(12);
  const asked = { model: denseModel(), images, seed: 0, views: undefined, remove: undefined };
  const finish = async (changes: object, signal?: { readonly aborted: boolean }) => {
    const said: string[] = [];
    const terminal = { say: (text: string) => said.push(text), progress: process.stderr };
    return { found: await finishWithCard({ ...asked, ...changes }, terminal, signal), said };
  };

  test('what the card refuses is said, and the run goes on', async () => {
    const bright = { ...images, images: Float32Array.from(images.images, (value) => value / 25) };
    const { found, said } = await finish({ images: bright, normalization: channelStatistics(bright) });
    expect(found).toEqual({});
    expect(said.join()).toMatch(/^The robustness is not measured: .*for pixels such as/);
  });

  test('a signal leaves it out', async () => {
    const { found, said } = await finish({}, { aborted: true });
    expect(found).toEqual({});
    expect(said).toEqual(['Interrupted: the robustness is not measured.']);
  });
});
