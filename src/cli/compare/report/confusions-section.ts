/** The confusion matrices of all models, side by side. */
import { printable } from '../../../text.ts';
import { type Confusion, frequentMistakes } from '../../confusion.ts';
import { confusionChart } from '../../report/confusion-chart.ts';
import { escapeHtml, numberTable, scrolling } from '../../report/html.ts';
import { counted } from '../../terminal.ts';
import type { ComparedDataset, ComparedModel } from '../compared-runs.ts';

/** Matrices of more classes do not stand beside each other: then mistakes are listed. */
const MOST_CHARTED_CLASSES = 24;
const LISTED_MISTAKES = 15;

/** The section as HTML. */
export function confusionsSection({ models, test: { classNames, labels } }: ComparedDataset): string {
  const isCharted = classNames.length <= MOST_CHARTED_CLASSES;
  const figures = models.map((model) => {
    const confusion = confusionOf(model);
    const content = isCharted
      ? scrolling(confusionChart(confusion, classNames.map(printable)))
      : mistakesTable(confusion, classNames);
    return `<figure><figcaption>${escapeHtml(model.label)}</figcaption>${content}</figure>`;
  });
  const what = isCharted
    ? `how many of each class (rows) were taken for which class (columns). The stronger the color, the larger the share of the row:
<span class="right">right</span>, <span class="wrong">wrong</span>`
    : 'the most frequent mistakes';
  return `<section>
<h2>Confusion matrices</h2>
<p>${counted(labels.length, 'test image')}, added up over the seeds: ${what}.</p>
<div class="matrices">${figures.join('\n')}</div>
</section>`;
}

/** The sum over all seeds. */
function confusionOf({ runs }: ComparedModel): Confusion {
  return runs[0]!.confusion.map((row, truth) =>
    row.map((_, predicted) => runs.reduce((sum, { confusion }) => sum + confusion[truth]![predicted]!, 0)),
  );
}

function mistakesTable(confusion: Confusion, classNames: readonly string[]): string {
  const rows = frequentMistakes(confusion, LISTED_MISTAKES).map(({ truth, predicted, count }) => [
    classNames[truth]!,
    classNames[predicted]!,
    `${count}`,
  ]);
  return rows.length === 0 ? '<p>None.</p>' : numberTable(['class', 'taken for', 'images'], rows, 2);
}
