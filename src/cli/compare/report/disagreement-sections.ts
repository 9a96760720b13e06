/** Pictures that some models are right on and others not, and those that all of them are wrong on. */
import { embeddedPicture, escapeHtml } from '../../report/html.ts';
import { imagePng, pictureSize } from '../../shown-images.ts';
import { counted, percent } from '../../terminal.ts';
import type { ComparedDataset } from '../compared-runs.ts';
import { meanOf } from '../moments.ts';
import { meanAnswers, meanProbabilities } from '../statistics.ts';

/** What all models answered to an image. */
interface SharedImage {
  readonly index: number;
  /** Of each model. */
  readonly answers: readonly ImageAnswer[];
  /** The largest difference of the probabilities that models gave the true class. */
  readonly disagreement: number;
  /** The mean of them. */
  readonly truthProbability: number;
}

/** What a model answered to an image: by the mean of the probabilities of its seeds. */
interface ImageAnswer {
  readonly predicted: number;
  readonly isRight: boolean;
  /** Seeds that are right on it. */
  readonly right: number;
  readonly seeds: number;
}

const SHOWN_DISAGREEMENTS = 24;
const SHOWN_MISTAKES = 12;

/** Both sections as HTML. */
export function disagreementSections(compared: ComparedDataset): string {
  const images = sharedImages(compared);
  const apart = images
    .filter(
      ({ answers }) => answers.some(({ isRight }) => isRight) && answers.some(({ isRight }) => !isRight),
    )
    .sort((one, other) => other.disagreement - one.disagreement);
  const missed = images
    .filter(({ answers }) => answers.every(({ isRight }) => !isRight))
    .sort((one, other) => one.truthProbability - other.truthProbability);
  const all = compared.models.length === 2 ? 'both models' : 'all models';
  return `<section>
<h2>Pictures on which they disagree</h2>
<p>${apart.length === 0 ? 'None: on each picture all are right, or all are wrong.' : `On ${countedOf(apart.length, compared)} some are right and others not${shownText(apart.length, SHOWN_DISAGREEMENTS, 'those on which they differ most')}. An answer is that of the mean of the probabilities of all seeds; beside it is how many of the seeds are right alone.`}</p>
<div class="pictures">${apart
    .slice(0, SHOWN_DISAGREEMENTS)
    .map((image) => figureOf(compared, image))
    .join('\n')}</div>
</section>
<section>
<h2>Worst mistakes</h2>
<p>${missed.length === 0 ? `No picture is taken for something else by ${all}.` : `On ${countedOf(missed.length, compared)} ${all} are wrong${shownText(missed.length, SHOWN_MISTAKES, 'those whose true class was given the least probability')}.`}</p>
<div class="pictures">${missed
    .slice(0, SHOWN_MISTAKES)
    .map((image) => figureOf(compared, image))
    .join('\n')}</div>
</section>`;
}

function countedOf(count: number, { test: { labels } }: ComparedDataset): string {
  return `${counted(count, 'picture')} of ${counted(labels.length, 'test image')}`;
}

function shownText(count: number, most: number, which: string): string {
  return count > most ? `; shown are ${most}, ${which}` : '';
}

function sharedImages({ models, test: { labels, classNames } }: ComparedDataset): SharedImage[] {
  const judged = models.map(({ runs }) => {
    const probabilities = runs.map(({ answers }) => answers.probabilities);
    return {
      runs,
      predictions: meanAnswers(probabilities, labels.length),
      mean: meanProbabilities(probabilities),
    };
  });
  return Array.from(labels, (label, index): SharedImage => {
    const truth = judged.map(({ mean }) => mean[index * classNames.length + label]!);
    return {
      index,
      answers: judged.map(({ predictions, runs }) => ({
        predicted: predictions[index]!,
        isRight: predictions[index] === label,
        right: runs.filter(({ answers }) => answers.predictions[index] === label).length,
        seeds: runs.length,
      })),
      disagreement: Math.max(...truth) - Math.min(...truth),
      truthProbability: meanOf(truth),
    };
  });
}

function figureOf(
  { models, test }: ComparedDataset,
  { index, answers, truthProbability }: SharedImage,
): string {
  const truth = test.classNames[test.labels[index]!]!;
  const items = answers.map(({ predicted, isRight, right, seeds }, place) => {
    const answer = `<span class="${isRight ? 'right' : 'wrong'}">${escapeHtml(test.classNames[predicted]!)}</span>`;
    const count = seeds === 1 ? '' : ` <span class="nowrap">(${right} of ${seeds})</span>`;
    return `<li>${escapeHtml(models[place]!.label)}: ${answer}${count}</li>`;
  });
  return `<figure>${embeddedPicture(imagePng(test, index), pictureSize(test), `a picture of class ${truth}`)}
<figcaption>true: <b>${escapeHtml(truth)}</b><ul class="answers">${items.join('')}</ul><small>${percent(truthProbability, 1)} for the true class on average; ${escapeHtml(test.files?.[index] ?? `test image ${index}`)}</small></figcaption></figure>`;
}
