/** The page of labels in doubt: the pictures, what they are said to be, and what they likely are. Nothing outside it, no scripts. */
import { imageCount } from '../../data/dataset.ts';
import type { PictureDataset } from '../../data/stream/streamed-dataset.ts';
import type { LabelDoubt } from '../label-doubts.ts';
import { commandBlock, embeddedPicture, escapeHtml, htmlPage, numberTable } from '../report/html.ts';
import { styleSheet } from '../report/style.ts';
import { imagePng, pictureSize } from '../shown-images.ts';
import { counted, percent } from '../terminal.ts';

/** What the page tells. */
export interface LabelsPage {
  readonly images: PictureDataset;
  /** The likeliest first. */
  readonly doubts: readonly LabelDoubt[];
  readonly folds: number;
  /** How many of the answers agree with the labels, 0 to 1. */
  readonly accuracy: number;
  /** The arguments that repeat it. */
  readonly command: readonly string[];
}

/** More pictures than this nobody looks at; all of them are in the table beside the page. */
const SHOWN = 120;

/** The page as HTML text. */
export function labelsPage({ images, doubts, folds, accuracy, command }: LabelsPage): string {
  const shown = doubts.slice(0, SHOWN);
  const count = imageCount(images);
  const found =
    doubts.length === 0
      ? `None of the labels of ${counted(count, 'image')} is in doubt.`
      : `${counted(doubts.length, 'label')} of ${counted(count, 'image')} ${doubts.length === 1 ? 'is' : 'are'} in doubt (${percent(doubts.length / count)})${shown.length < doubts.length ? `; here are the ${shown.length} likeliest, labels.csv has all` : ''}.`;
  return htmlPage(
    `Labels in doubt: ${images.name}`,
    styleSheet,
    `<p>${escapeHtml(found)} For each image a model was asked that had not seen it, of ${counted(folds, 'fold')}; these models
agree with ${percent(accuracy)} of the labels. (Which epoch of a model answers was chosen by all labels of its fold together, those in doubt among them.)</p>
<p class="aside">A class is believed of an image when its probability is at least the mean that images with this label get; a label is in doubt where another
class is believed more (confident learning; Northcutt, Jiang and Chuang, 2021). Somebody has to look: there are wrong labels among
these, and pictures that are hard.</p>
<div class="mistakes">${shown.map((doubt) => figure(images, doubt)).join('\n')}</div>
${doubts.length === 0 ? '' : `<h2>Which classes</h2>\n${confusedClasses(doubts)}`}
<p>The command that repeats it:</p>
${commandBlock(command)}`,
  );
}

function figure(images: PictureDataset, doubt: LabelDoubt): string {
  const { index, picture, label, labelProbability, suggested, suggestedProbability } = doubt;
  const image = embeddedPicture(imagePng(images, index), pictureSize(images), `a picture labeled ${label}`);
  return `<figure>${image}
<figcaption>labeled <span class="wrong">${escapeHtml(label)}</span> (${percent(labelProbability, 1)}),<br>likely
<span class="right">${escapeHtml(suggested)}</span> (${percent(suggestedProbability, 1)})
<small>${escapeHtml(picture)}</small></figcaption></figure>`;
}

/** How often a label is in doubt in favor of which class, the commonest first. */
function confusedClasses(doubts: readonly LabelDoubt[]): string {
  const counts = new Map<string, { row: [string, string]; count: number }>();
  for (const { label, suggested } of doubts) {
    const key = JSON.stringify([label, suggested]);
    counts.set(key, { row: [label, suggested], count: (counts.get(key)?.count ?? 0) + 1 });
  }
  const rows = [...counts.values()].sort((first, second) => second.count - first.count);
  return numberTable(
    ['labeled', 'likely', 'images'],
    rows.map(({ row, count }) => [...row, `${count}`]),
    2,
  );
}
