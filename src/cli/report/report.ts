/** The report of a training run: one HTML file with nothing outside it, no scripts, readable on light and dark. */
import type { LoadedDataset } from '../../data/load.ts';
import { formatInteger, printable } from '../../text.ts';
import { frequentMistakes, qualities } from '../confusion.ts';
import type { Metrics } from '../run-record.ts';
import { counted, duration, percent } from '../terminal.ts';
import { accuracyChart, confusionChart, lossChart } from './charts.ts';
import { type Answers, findMistakes, imagePng } from './mistakes.ts';
import { styleSheet } from './style.ts';

/** What a report tells. */
export interface ReportContents {
  readonly metrics: Metrics;
  /** The table of layers. */
  readonly summary: string;
  readonly data: LoadedDataset;
  /** What the model answered for the test images. */
  readonly answers: Answers;
}

const SHOWN_MISTAKES = 24;
/** Pairs of classes, where they are too many for a chart. */
const LISTED_MISTAKES = 60;
/** Small pictures are enlarged to about this many screen pixels. */
const PICTURE_SIZE = 96;

/** The report as HTML text. */
export function renderReport(contents: ReportContents): string {
  const { metrics, summary } = contents;
  const title = `${metrics.model} on ${metrics.data.name}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${styleSheet}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${headline(metrics)}
<section>
<h2>Learning curves</h2>
<p class="legend"><span class="train">training images</span> <span class="validation">validation images</span></p>
<div class="charts">
<figure><figcaption>Loss</figcaption>${lossChart(metrics.history)}</figure>
<figure><figcaption>Accuracy</figcaption>${accuracyChart(metrics.history)}</figure>
</div>
<p class="aside">Training values are means over the epoch, while the weights change and dropout is on; validation
values are taken at its end.</p>
</section>
<section>
<h2>Confusion matrix</h2>
<p>${counted(metrics.data.test, 'test image')}: ${confusionIntroduction(metrics)}</p>
<div class="charts">
${confusionFigure(metrics)}
${qualityTable(metrics)}
</div>
</section>
${mistakesSection(contents)}
<section>
<h2>Model</h2>
<pre>${summary.split('\n').map(escapeHtml).join('\n')}</pre>
</section>
<section>
<h2>Settings</h2>
${settingsTable(metrics)}
${contents.data.notes.map((note) => `<p class="aside">${escapeHtml(note)}</p>`).join('\n')}
</section>
</main>
</body>
</html>
`;
}

/** A chart of more classes than this is too large to draw and to read: then the most frequent mistakes are listed. */
const MOST_CHARTED_CLASSES = 100;

function confusionIntroduction({ data: { classNames } }: Metrics): string {
  return classNames.length <= MOST_CHARTED_CLASSES
    ? 'how many of each class (rows) were taken for which class (columns).'
    : `the most frequent mistakes of ${counted(classNames.length, 'class')}; metrics.json has the whole matrix.`;
}

function confusionFigure({ confusion, data: { classNames } }: Metrics): string {
  if (classNames.length <= MOST_CHARTED_CLASSES) {
    return `<figure>${confusionChart(confusion, classNames.map(printable))}</figure>`;
  }
  const rows = frequentMistakes(confusion, LISTED_MISTAKES).map(
    ({ truth, predicted, count }) =>
      `<tr><th scope="row">${escapeHtml(classNames[truth]!)}</th><td>${escapeHtml(classNames[predicted]!)}</td><td>${count}</td></tr>`,
  );
  return `<table class="numbers">
<thead><tr><th>class</th><th>taken for</th><th>images</th></tr></thead>
<tbody>${rows.join('')}</tbody>
</table>`;
}

function headline(metrics: Metrics): string {
  const facts = [
    [percent(metrics.testAccuracy), 'test accuracy'],
    [metrics.testLoss.toFixed(4), 'test loss (nats)'],
    [formatInteger(metrics.parameters), 'parameters'],
    [duration(metrics.trainSeconds), `training, ${counted(metrics.epochs, 'epoch')}`],
  ];
  const items = facts.map(
    ([value, name]) => `<div><dd>${escapeHtml(value!)}</dd><dt>${escapeHtml(name!)}</dt></div>`,
  );
  return `<dl class="headline">${items.join('')}</dl>`;
}

function qualityTable({ confusion, data }: Metrics): string {
  const rows = qualities(confusion).map(({ precision, recall, f1, support }, index) => {
    const parts = [precision, recall, f1].map((part) => `<td>${percent(part, 1)}</td>`).join('');
    return `<tr><th scope="row">${escapeHtml(data.classNames[index]!)}</th><td>${support}</td>${parts}</tr>`;
  });
  return `<table class="numbers">
<thead><tr><th>class</th><th>images</th><th>precision</th><th>recall</th><th>F1</th></tr></thead>
<tbody>${rows.join('')}</tbody>
</table>`;
}

function mistakesSection({ data: { test }, answers }: ReportContents): string {
  const mistakes = findMistakes(test, answers);
  const shown = mistakes.slice(0, SHOWN_MISTAKES);
  const [, height, width] = test.shape;
  const scale = Math.max(1, PICTURE_SIZE / Math.max(height, width));
  const size = `width="${Math.round(width * scale)}" height="${Math.round(height * scale)}"`;
  const figures = shown.map(({ index, truth, predicted, confidence }) => {
    const png = Buffer.from(imagePng(test, index)).toString('base64');
    const [right, wrong] = [escapeHtml(truth), escapeHtml(predicted)];
    return `<figure><img ${size} src="data:image/png;base64,${png}" alt="a picture of class ${right}">
<figcaption><span class="right">${right}</span> taken for <span class="wrong">${wrong}</span><br>${percent(confidence, 1)} sure</figcaption></figure>`;
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

function settingsTable(metrics: Metrics): string {
  const { data, augmentation } = metrics;
  const [height, width, channels] = data.image;
  const moves = Object.entries(augmentation).map(([name, value]) => `${name} ${value}`);
  const settings: [string, string][] = [
    ['data', data.source],
    [
      'images',
      `${formatInteger(data.train)} for training, ${formatInteger(data.validation)} for validation, ${formatInteger(data.test)} for testing`,
    ],
    ['image size', `${height}×${width}×${channels} (height × width × channels)`],
    ['classes', data.classNames.join(', ')],
    ['model', metrics.model],
    ['optimizer', `${metrics.optimizer}, ${metrics.schedule} learning rate up to ${metrics.learningRate}`],
    ['batch size', `${metrics.batchSize}`],
    ['epochs', `${metrics.epochs}`],
    ['augmentation', moves.length === 0 ? 'none' : moves.join(', ')],
    ['seed', `${metrics.seed}`],
    ['device', metrics.device],
    ['versions', `weft ${metrics.versions.weft}, Node ${metrics.versions.node}`],
  ];
  const rows = settings.map(
    ([name, value]) => `<tr><th scope="row">${name}</th><td>${escapeHtml(value)}</td></tr>`,
  );
  return `<table>${rows.join('\n')}</table>`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Names of classes and folders are text, whatever they hold. */
function escapeHtml(text: string): string {
  return printable(text).replace(/[&<>"']/g, (character) => entities[character]!);
}
