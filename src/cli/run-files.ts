/** What a finished run leaves behind: the model, its metrics, the report, and a picture to try it on. */
import { join } from 'node:path';
import type { LoadedDataset } from '../data/load.ts';
import type { Normalisation } from '../data/normalise.ts';
import { type Evaluation, type SavedModel, saveModel } from '../train/index.ts';
import { commandLine } from './invocation.ts';
import { METRICS_FILE, type Metrics } from './metrics.ts';
import { findMistakes, imagePng } from './report/mistakes.ts';
import type { RunFolder } from './run-folder.ts';
import { counted, type Terminal } from './terminal.ts';

const REPORT_FILE = 'report.html';
const SAMPLE_FILE = 'sample.png';

/** All there is to write about a run. */
export interface RunContents {
  readonly metrics: Metrics;
  readonly model: SavedModel['model'];
  readonly normalisation: Normalisation;
  /** The table of layers. */
  readonly summary: string;
  readonly data: LoadedDataset;
  /** What the model answered for the test images. */
  readonly answers: Evaluation;
}

/** Writes the files of a run and says which; the last line is the command that classifies the sample picture. */
export async function writeRun(
  folder: RunFolder,
  { metrics, model, normalisation, summary, data, answers }: RunContents,
  say: Terminal['say'],
): Promise<void> {
  const { classNames, image: inputShape } = metrics.data;
  await saveModel(folder.path, { model, name: metrics.model, classNames, inputShape, normalisation });
  folder.write(METRICS_FILE, `${JSON.stringify(metrics, null, 2)}\n`);
  // The chart library is only needed here, and takes a third of a second to load.
  const { renderReport } = await import('./report/report.ts');
  folder.write(REPORT_FILE, renderReport({ metrics, summary, data, answers }));
  const { test } = data;
  const sample = sampleIndex(answers.predictions, test.labels);
  const samplePath = folder.write(SAMPLE_FILE, imagePng(test, sample));
  const mistakes = findMistakes(test, answers).length;
  const files: [string, string][] = [
    ['model.json', 'layers, classes and normalisation'],
    ['model.safetensors', 'weights'],
    [METRICS_FILE, 'all numbers of this run'],
    [REPORT_FILE, `learning curves, confusion matrix and ${counted(mistakes, 'mistake')}, for a browser`],
    [SAMPLE_FILE, `a test picture of class ${classNames[test.labels[sample]!]}`],
  ];
  const width = Math.max(...files.map(([name]) => join(folder.path, name).length));
  say(`\nWrote`);
  for (const [name, contents] of files) say(`  ${join(folder.path, name).padEnd(width)}  ${contents}`);
  say(`\nTo classify a picture:\n${commandLine(['predict', folder.path, samplePath])}`);
}

/** The first test image from the middle on that was classified correctly, or else the first of all. */
function sampleIndex(predictions: ArrayLike<number>, labels: Int32Array): number {
  const middle = Math.floor(labels.length / 2);
  const found = labels.findIndex((label, index) => index >= middle && predictions[index] === label);
  return Math.max(found, 0);
}
