/** The report of a comparison: one HTML file with nothing outside it. What the numbers say comes first, then what they are. */
import { escapeHtml, htmlPage, notesList, numberTable } from '../../report/html.ts';
import { styleSheet } from '../../report/style.ts';
import {
  describeBudget,
  fittingHeadings,
  fittingRows,
  modelHeadings,
  modelRows,
  withoutBudget,
} from '../comparison-table.ts';
import type { Comparison, JudgedDataset } from '../model-comparison.ts';
import { describeDifferences, describeRanks, listedAll } from '../verdict.ts';
import { accuracyIntervals } from './accuracy-chart.ts';
import { confusionsSection } from './confusions-section.ts';
import { curvesSection } from './curves-section.ts';
import { disagreementSections } from './disagreement-sections.ts';
import { comparisonStyle } from './model-colors.ts';
import { recipesSection } from './recipes-section.ts';
import { robustnessCharts } from './robustness-charts.ts';
import { rankTables, testsSection } from './tests-section.ts';

/** The report as HTML text. */
export function renderComparison(comparison: Comparison): string {
  const { datasets, ranks, command } = comparison;
  const labels = datasets[0]!.statistics.models.map(({ label }) => label);
  const title = `${listedAll(labels)} on ${listedAll(datasets.map(({ statistics }) => statistics.data))}`;
  const body = `<section class="verdict">
${ranks === undefined ? '' : `<p>${escapeHtml(describeRanks(labels, ranks))}</p>`}
${datasets.map(verdictOf).join('\n')}
</section>
${ranks === undefined ? '' : `<section>\n<h2>Over all data sets</h2>\n${rankTables(labels, ranks)}\n</section>`}
${datasets.map((judged) => datasetSections(judged, datasets.length > 1)).join('\n')}
${recipesSection(comparison.datasets, command)}`;
  return htmlPage(title, `${styleSheet}${comparisonStyle}`, body);
}

function verdictOf({ statistics, compared }: JudgedDataset): string {
  const texts = describeDifferences(statistics).map((text) => `<p>${escapeHtml(text)}</p>`);
  return `${texts.join('\n')}\n${notesList(compared.notes)}`;
}

/** All that is told of one data set. */
function datasetSections(judged: JudgedDataset, isOneOfSeveral: boolean): string {
  const { compared, statistics, fitted } = judged;
  return `${isOneOfSeveral ? `<h2 class="data">On ${escapeHtml(statistics.data)}</h2>` : ''}
<section>
<h2>Accuracy and cost</h2>
<figure class="intervals">${accuracyIntervals(statistics.models, statistics.images)}</figure>
${numberTable(modelHeadings, modelRows(judged))}
<p class="aside">Small circles are seeds, lines are 95 % intervals over images and seeds. Numbers are means over the seeds; the memory is the most that a process of a training had resident, data and test included. FLOPs are those
of the forward pass, the gradient and the update of the weights over all epochs.</p>
${
  fitted === undefined
    ? `<p>${withoutBudget}</p>`
    : `<p>${escapeHtml(describeBudget(fitted))}</p>
${numberTable(fittingHeadings, fittingRows(fitted), 2)}`
}
</section>
${curvesSection(compared)}
${testsSection(statistics)}
${confusionsSection(compared)}
${disagreementSections(compared)}
${robustnessCharts(compared)}`;
}
