/** The section of the report on robustness: a chart for each disturbance, an image at its strongest, and all numbers. */
import { disturbances } from '../../data/augment/disturbances.ts';
import type { PictureDataset } from '../../data/stream/streamed-dataset.ts';
import type { Robustness, RobustnessCurve } from '../../train/index.ts';
import type { Answers } from '../mistakes.ts';
import { describeMeasuring, describeWeakest, formatStrength, robustnessRows } from '../robustness-card.ts';
import { disturbedPng, imagePng, pictureSize, sampleIndex } from '../shown-images.ts';
import { counted } from '../terminal.ts';
import { embeddedPicture, escapeHtml, numberTable } from './html.ts';
import { robustnessChart } from './robustness-chart.ts';

/** What the section tells. */
export interface MeasuredRobustness {
  /** Undefined in runs of earlier versions. */
  readonly card: Robustness | undefined;
  /** What the images of the card were disturbed by. */
  readonly seed: number;
  readonly test: PictureDataset;
  readonly answers: Answers;
}

/** The section as HTML; nothing where nothing was measured. */
export function robustnessSection({ card, seed, test, answers }: MeasuredRobustness): string {
  if (card === undefined) return '';
  const charts = card.disturbances.map(
    (curve) =>
      `<figure><figcaption>${escapeHtml(titleOf(curve.name))}</figcaption>${robustnessChart(curve, [{ color: 'var(--train)', points: curve.points }])}</figure>`,
  );
  const index = sampleIndex(answers.predictions, test.labels);
  const pictures = [
    figureOf(
      test,
      imagePng(test, index),
      'as it is',
      `a test image of class ${test.classNames[test.labels[index]!]}`,
    ),
    ...card.disturbances.map(({ name, unit, points }) => {
      const { strength } = points.at(-1)!;
      const png = disturbedPng(test, index, { name, strength, seed });
      return figureOf(
        test,
        png,
        `${name}: ${formatStrength(unit, strength)}`,
        `${disturbances[name].what}${name === 'missing rows' ? ' (striped)' : ''}`,
      );
    }),
  ];
  return `<section>
<h2>Robustness</h2>
<p>${escapeHtml(introduction(card, test.shape[0]))}</p>
<div class="multiples">${charts.join('\n')}</div>
<p class="aside">The broken lines are the accuracy on the images as they are. ${escapeHtml(describeMeasuring(card))}</p>
<h3>What was done, at its strongest</h3>
<div class="mistakes disturbed">${pictures.join('\n')}</div>
<h3>All strengths</h3>
${numberTable(['disturbance', 'strength', 'accuracy', 'change in points'], robustnessRows(card))}
</section>`;
}

function introduction(card: Robustness, count: number): string {
  const images =
    card.images < count
      ? `${counted(card.images, 'image')} of the ${counted(count, 'test image')}, of each class its share`
      : counted(count, 'test image');
  return `${describeWeakest(card)} Accuracy on ${images}, each changed by exactly the strength, in a direction or at a place of its own.`;
}

/** How the chart of a disturbance is headed. */
export function titleOf(name: RobustnessCurve['name']): string {
  return `${name[0]!.toUpperCase()}${name.slice(1)}`;
}

function figureOf(test: PictureDataset, png: Uint8Array, title: string, text: string): string {
  return `<figure>${embeddedPicture(png, pictureSize(test), title)}
<figcaption>${escapeHtml(title)} <small>${escapeHtml(text)}</small></figcaption></figure>`;
}
