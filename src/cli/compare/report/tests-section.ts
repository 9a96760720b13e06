/** The tests of a comparison, with their p-values and what each of them assumes. */
import { points, pText } from '../../figures.ts';
import { escapeHtml, numberTable } from '../../report/html.ts';
import { counted } from '../../terminal.ts';
import type { DatasetStatistics, PairStatistics, RankStatistics, Significance } from '../statistics.ts';

/** The section as HTML; nothing of one model. */
export function testsSection(statistics: DatasetStatistics): string {
  const { models, pairs, images, ranks } = statistics;
  if (pairs.length === 0) return '';
  const several = pairs.length > 1;
  const p = (significance: Significance): string[] =>
    several ? [pText(significance.p), pText(significance.holm)] : [pText(significance.p)];
  const pHeadings = several ? ['p', 'p (Holm)'] : ['p'];
  const name = ({ first, second }: PairStatistics): string =>
    `${models[first]!.label} – ${models[second]!.label}`;
  const differences = pairs.map((pair) => {
    const { estimate, low, high } = pair.difference;
    return [
      name(pair),
      points(estimate, images),
      `${points(low, images)} to ${points(high, images)}`,
      ...p(pair.difference),
    ];
  });
  const together = pairs.map((pair) => {
    const { onlyFirst, onlySecond, bootstrap } = pair.together;
    const [difference, low, high] = [bootstrap.difference, bootstrap.low, bootstrap.high].map((each) =>
      points(each, images),
    );
    return [
      name(pair),
      `${onlyFirst}`,
      `${onlySecond}`,
      ...p(pair.together),
      `${difference} (${low} to ${high})`,
    ];
  });
  const halves = pairs.flatMap((pair) =>
    pair.halves === undefined
      ? []
      : [[name(pair), points(pair.halves.difference, images), pair.halves.t.toFixed(2), ...p(pair.halves)]],
  );
  return `<section>
<h2>Tests</h2>
<h3>Difference of the accuracies, in points</h3>
${numberTable(['models', 'difference', '95 % interval', ...pHeadings], differences)}
<h3>McNemar’s test of the answers of all seeds together</h3>
${numberTable(['models', 'only the first is right', 'only the second', ...pHeadings, 'difference, by bootstrap'], together)}
${bySeedTable(statistics, name)}
${
  halves.length === 0
    ? ''
    : `<h3>Cross-validation, five times on halves</h3>
${numberTable(['models', 'mean difference', 't of the first half', ...pHeadings], halves)}`
}
${
  ranks === undefined
    ? ''
    : `<h3>Ranks of the seeds</h3>
${rankTables(
  models.map(({ label }) => label),
  ranks,
)}`
}
<h3>What the tests assume</h3>
${assumptions(statistics)}
</section>`;
}

/** McNemar's test of the runs of each seed, where there are several and few models. */
function bySeedTable({ pairs }: DatasetStatistics, name: (pair: PairStatistics) => string): string {
  const seeds = Math.max(...pairs.map(({ bySeed }) => bySeed.length));
  if (seeds < 2 || pairs.length > MOST_PAIRS_BY_SEED) return '';
  const rows = pairs.map((pair) => [
    name(pair),
    ...Array.from({ length: seeds }, (_, seed) => {
      const test = pair.bySeed[seed];
      return test === undefined ? '–' : `${test.onlyFirst} / ${test.onlySecond}, p ${pText(test.p)}`;
    }),
  ]);
  const headings = Array.from({ length: seeds }, (_, seed) => `${seed + 1}. seed`);
  return `<h3>McNemar’s test of each seed</h3>
${numberTable(['models', ...headings], rows)}`;
}

/** More pairs than this make a long table that says little. */
const MOST_PAIRS_BY_SEED = 15;

/** Friedman's test and, of all pairs, Nemenyi's. */
export function rankTables(
  labels: readonly string[],
  { blocks, count, friedman, nemenyi }: RankStatistics,
): string {
  const order = [...labels.keys()].sort(
    (one, other) => friedman.meanRanks[one]! - friedman.meanRanks[other]!,
  );
  const headings = ['model', 'mean rank', ...order.map((model) => `p to ${labels[model]!}`)];
  const rows = order.map((model) => [
    labels[model]!,
    friedman.meanRanks[model]!.toFixed(2),
    ...order.map((other) => (other === model ? '' : pText(nemenyi.p[model]![other]!))),
  ]);
  const weak =
    blocks === 'seeds'
      ? ' Seeds of one data set are weak blocks: all were tested on the same images, so this says nothing of other data.'
      : '';
  const test =
    friedman.method === 'exact'
      ? `p ${pText(friedman.p)}, exact`
      : `by Iman and Davenport F ${friedman.imanDavenport.statistic.toFixed(2)}, p ${pText(friedman.p)}`;
  return `<p>Friedman’s test over ${counted(count, blocks === 'seeds' ? 'seed' : 'data set')}: χ² ${friedman.chiSquare.statistic.toFixed(2)}, ${test}. Mean ranks that differ by
${nemenyi.criticalDifference.toFixed(2)} or more differ at 5 % (Nemenyi).${weak}</p>
${numberTable(headings, rows)}`;
}

/** What each test that was made takes for granted. */
function assumptions({ models, pairs, ranks }: DatasetStatistics): string {
  const isOneSeed = models.every(({ accuracies }) => accuracies.length === 1);
  const texts: [string, string][] = [
    [
      'Difference: paired test over images and seeds',
      `Test images are independent draws of the kind of images that counts (copies and images of one person are not), and seeds independent draws of what is random in training. ${isOneSeed ? 'With one seed only images are taken to vary.' : 'What images vary, what seeds vary and what both do together is told apart by an analysis of variance. Of few seeds the variance is known roughly, and t has few degrees of freedom: where seeds differ, the interval is wide.'} The comparison is about ways of training with these costs, on this division into training and test images.`,
    ],
    [
      'McNemar, exact',
      'Images are independent; the models are taken as they are. It asks whether these trained networks differ, not whether ways of training do. All seeds together answer by the mean of their probabilities, so that each image counts once: to add up the counts of the seeds would take one image for several, and make p too small. That answer is of an ensemble, which is mostly better than its members. The difference beside it has the 95 % interval of the paired bootstrap: images are drawn with replacement, the same for both.',
    ],
    ...(pairs.some(({ halves }) => halves !== undefined)
      ? [
          [
            '5×2-fold t test (Dietterich, 1998)',
            'About ways of training, on half of the images. Differences are nearly normal, and the two of a halving nearly independent. The accuracy is that on the held-out half after the last epoch: no epoch is chosen by it. t is the difference of the first half of the first halving, divided by what all ten vary: its sign is that of this one difference, and may be another than that of the mean.',
          ] as [string, string],
        ]
      : []),
    ...(ranks === undefined
      ? []
      : [
          [
            'Friedman and Nemenyi',
            `Blocks (seeds) are independent, and only the order within each counts. ${ranks.friedman.method === 'exact' ? 'p of Friedman’s test is exact: the part of all orders within the blocks that make mean ranks as different.' : 'p of Friedman’s test is approximate.'} Nemenyi’s of few blocks is rough.`,
          ] as [string, string],
        ]),
    ...(pairs.length > 1
      ? [
          [
            'Holm',
            `Nothing: whoever calls pairs different whose corrected p is below 0.05 is wrong about any of the ${pairs.length} with probability 5 % at most. Intervals are not corrected.`,
          ] as [string, string],
        ]
      : []),
  ];
  return `<dl class="assumptions">${texts.map(([name, text]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(text)}</dd>`).join('\n')}</dl>`;
}
