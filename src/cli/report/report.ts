/** The report of a training run: one HTML file with nothing outside it, no scripts, readable on light and dark, and on paper. */
import type { LoadedDataset } from '../../data/load.ts';
import type { PictureDataset } from '../../data/stream/streamed-dataset.ts';
import { formatInteger, printable } from '../../text.ts';
import { type Confusion, frequentMistakes, qualities, qualityTexts } from '../confusion.ts';
import { describeScores } from '../describe.ts';
import { describeCalibration, judgementRows } from '../judgement.ts';
import { lossName } from '../losses.ts';
import { type Answers, findMistakes } from '../mistakes.ts';
import type { Metrics } from '../run-record.ts';
import { imagePng, pictureSize } from '../shown-images.ts';
import { counted, duration, percent } from '../terminal.ts';
import { confusionChart } from './confusion-chart.ts';
import { accuracyChart, lossChart } from './curves.ts';
import { ensembleSection } from './ensemble-section.ts';
import {
  commandBlock,
  embeddedPicture,
  escapeHtml,
  headline,
  htmlPage,
  notesList,
  numberTable,
  scrolling,
  valueTable,
} from './html.ts';
import { reliabilityChart } from './reliability-chart.ts';
import { robustnessSection } from './robustness-section.ts';
import { settingsOf } from './settings.ts';
import { styleSheet } from './style.ts';

/** What a report tells. */
export interface ReportContents {
  readonly metrics: Metrics;
  /** The table of layers. */
  readonly summary: string;
  readonly data: LoadedDataset<PictureDataset>;
  /** What the model answered for the test images. */
  readonly answers: Answers;
}

const SHOWN_MISTAKES = 24;

/** The report as HTML text. */
export function renderReport(contents: ReportContents): string {
  const { metrics, summary } = contents;
  const title = `${metrics.model} on ${metrics.data.name}`;
  const body = `${headline(factsOf(metrics))}
<p>${escapeHtml(describeScores(metrics))}</p>
${notesList(contents.data.notes)}
${ensembleSection(metrics)}
${curvesSection(metrics)}
<div class="${metrics.data.classNames.length < CLASSES_WITH_LIST ? 'side-by-side' : ''}">
<section>
<h2>Confusion matrix</h2>
${confusionSection(metrics)}
</section>
<section>
<h2>Classes</h2>
${qualityTable(metrics)}
</section>
</div>
${probabilitiesSection(metrics)}
${mistakesSection(contents)}
${robustnessSection({ card: metrics.robustness, seed: metrics.seed, test: contents.data.test, answers: contents.answers })}
<section>
<h2>Model</h2>
<pre tabindex="0">${summary.split('\n').map(escapeHtml).join('\n')}</pre>
</section>
<section>
<h2>Settings</h2>
${repetition(metrics)}
${valueTable(settingsOf(metrics))}
</section>`;
  return htmlPage(title, styleSheet, body);
}

function factsOf(metrics: Metrics): (readonly [value: string, name: string])[] {
  const { confusion, data, testAccuracy, testLoss, parameters, trainSeconds, history, ensemble } = metrics;
  const { copies = 0, accuracyWithoutCopies } = metrics;
  const right = confusion.reduce((sum, row, truth) => sum + row[truth]!, 0);
  return [
    [percent(testAccuracy), `test accuracy: ${formatInteger(right)} of ${formatInteger(data.test)}`],
    ...(copies > 0 && accuracyWithoutCopies !== undefined
      ? [
          [
            percent(accuracyWithoutCopies),
            `without the ${formatInteger(copies)} with a copy in training`,
          ] as const,
        ]
      : []),
    [testLoss.toFixed(4), 'test loss (nats)'],
    [formatInteger(parameters), 'parameters'],
    [
      duration(trainSeconds),
      ensemble
        ? `training of ${counted(ensemble.members.length, 'member')}`
        : `training, ${counted(history.length, 'epoch')}`,
    ],
  ];
}

function curvesSection(metrics: Metrics): string {
  const { history, bestEpoch } = metrics;
  if (history.length === 0) return '';
  return `<section>
<h2>Learning curves</h2>
<p class="legend"><span class="train">training images</span> <span class="validation">validation images</span></p>
<div class="side-by-side curves">
<figure><figcaption>Loss</figcaption>${lossChart(history, bestEpoch, lossName(metrics))}</figure>
<figure><figcaption>Accuracy</figcaption>${accuracyChart(history, bestEpoch)}</figure>
</div>
<p class="aside">${keptEpoch(metrics)}Training values are means over the epoch, while the weights change and dropout is on;
validation values are taken at its end. The test loss is mean cross-entropy of the labels as they are.</p>
</section>`;
}

function keptEpoch({ bestEpoch, history }: Metrics): string {
  if (bestEpoch === undefined) return '';
  const last = history.length === bestEpoch ? ', the last one' : '';
  return `The model is that of epoch ${bestEpoch}${last}: the best on the validation images. `;
}

/** A chart of more classes than this is too large to draw and to read: then the most frequent mistakes are listed. */
const MOST_CHARTED_CLASSES = 100;
/** From so many classes on the chart needs the width of the page, and a list of its largest mistakes. */
const CLASSES_WITH_LIST = 12;
const LISTED_MISTAKES = 60;
const LISTED_BESIDE_CHART = 15;

function confusionSection({ confusion, data: { test, classNames } }: Metrics): string {
  const classes = classNames.length;
  if (classes > MOST_CHARTED_CLASSES) {
    return `<p>${counted(test, 'test image')}: the most frequent mistakes of ${counted(classes, 'class')}; metrics.json has the
whole matrix.</p>
${mistakesTable(confusion, classNames, LISTED_MISTAKES)}`;
  }
  const introduction = `<p>${counted(test, 'test image')}: how many of each class (rows) were taken for which class (columns).
The stronger the color, the larger the share of the row: <span class="right">right</span>, <span class="wrong">wrong</span>.</p>`;
  const chart = confusionChart(confusion, classNames.map(printable));
  if (classes < CLASSES_WITH_LIST) return `${introduction}\n<figure>${chart}</figure>`;
  return `${introduction}
<figure>${scrolling(chart)}</figure>
<h3>Most frequent mistakes</h3>
${mistakesTable(confusion, classNames, LISTED_BESIDE_CHART)}`;
}

function mistakesTable(confusion: Confusion, classNames: readonly string[], most: number): string {
  const rows = frequentMistakes(confusion, most).map(({ truth, predicted, count }) => {
    const images = confusion[truth]!.reduce((sum, each) => sum + each, 0);
    return [classNames[truth]!, classNames[predicted]!, `${count} of ${images}`];
  });
  return rows.length === 0 ? '<p>None.</p>' : numberTable(['class', 'taken for', 'images'], rows, 2);
}

function qualityTable({ confusion, data: { classNames, classCounts } }: Metrics): string {
  const rows = qualities(confusion).map((quality, index) => [
    classNames[index]!,
    ...(classCounts === undefined ? [] : [formatInteger(classCounts.train[index]!)]),
    formatInteger(quality.support),
    ...qualityTexts(quality),
  ]);
  const trained = classCounts === undefined ? [] : ['trained on'];
  return numberTable(['class', ...trained, 'tested on', 'precision', 'recall', 'F1'], rows);
}

function probabilitiesSection({ judgement, testAccuracy }: Metrics): string {
  return `<section>
<h2>Probabilities</h2>
<p>${escapeHtml(describeCalibration(judgement, testAccuracy))}</p>
<div class="side-by-side">
<figure><figcaption>Right by how sure</figcaption>${reliabilityChart(judgement.reliability)}</figure>
${numberTable(['measure', 'value'], judgementRows(judgement))}
</div>
<p class="aside">A bar is as high as the share of right answers among the images of which the model was about as sure; the numbers are
how many these are. On the dashed line it would be as sure as it is right.</p>
</section>`;
}

function mistakesSection({ data: { test }, answers }: ReportContents): string {
  const mistakes = findMistakes(test, answers);
  const shown = mistakes.slice(0, SHOWN_MISTAKES);
  const size = pictureSize(test);
  const figures = shown.map(({ index, truth, predicted, confidence }) => {
    const [right, wrong] = [escapeHtml(truth), escapeHtml(predicted)];
    const file = test.files?.[index] ?? `test image ${index}`;
    return `<figure>${embeddedPicture(imagePng(test, index), size, `a picture of class ${truth}`)}
<figcaption><span class="right">${right}</span> taken for <span class="wrong">${wrong}</span>,<br>${percent(confidence, 1)} sure
<small>${escapeHtml(file)}</small></figcaption></figure>`;
  });
  const introduction =
    mistakes.length === 0
      ? 'None: every test image was classified correctly.'
      : `${counted(mistakes.length, 'mistake')} in ${counted(test.labels.length, 'test image')}; ` +
        `${shown.length < mistakes.length ? `the ${shown.length} worst` : 'all of them'}, ` +
        'ordered by how little probability the true class was given.';
  return `<section>
<h2>Worst mistakes</h2>
<p>${introduction}</p>
<div class="mistakes">${figures.join('\n')}</div>
</section>`;
}

/** The command that trains such a model again. */
function repetition({ command }: Metrics): string {
  if (command.length === 0) return '';
  return `<p>The command that repeats the run:</p>
${commandBlock(command)}`;
}
