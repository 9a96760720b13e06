/** What is said of an ensemble: a table of its members, what it gains, what it learned from. */
import { formatTable } from '../../text.ts';
import { points, pointsOf, pText } from '../figures.ts';
import type { Metrics } from '../run-record.ts';
import { counted, percent } from '../terminal.ts';
import type { EnsembleRecord } from './ensemble-record.ts';

/** A table of the members and the ensemble: headings and rows, the first two columns of which are names. */
export function membersTable(
  { ensemble, testAccuracy, accuracyInterval, judgement }: EnsembleFigures,
  nameOf: (path: string) => string,
): { readonly headings: string[]; readonly rows: string[][] } {
  const { combine, members } = ensemble;
  const weighs = combine === 'weights';
  const figures = (accuracy: number, [low, high]: readonly [number, number], error: number): string[] => [
    percent(accuracy),
    `${percent(low, 1)} to ${percent(high, 1)}`,
    percent(error),
  ];
  const headings = ['member', 'model', 'seed', 'validation', 'test', '95 % confidence', 'calibration error'];
  const rows = members.map((member) => [
    nameOf(member.path),
    member.fold === undefined ? member.model : `${member.model}, fold ${member.fold}`,
    `${member.seed}`,
    percent(member.validationAccuracy),
    ...figures(member.testAccuracy, member.accuracyInterval, member.calibrationError),
    ...(weighs ? [member.weight!.toFixed(3)] : []),
  ]);
  const own = figures(testAccuracy, accuracyInterval, judgement.calibrationError);
  return {
    headings: [...headings, ...(weighs ? ['weight'] : [])],
    rows: [...rows, [`the ensemble (${combine})`, '', '', '', ...own, ...(weighs ? ['1'] : [])]],
  };
}

/** What a table of members is made of. */
interface EnsembleFigures extends Pick<Metrics, 'testAccuracy' | 'accuracyInterval' | 'judgement' | 'data'> {
  readonly ensemble: EnsembleRecord;
}

/** The table of members as text. */
export function formatMembers(figures: EnsembleFigures, nameOf: (path: string) => string): string {
  const { headings, rows } = membersTable(figures, nameOf);
  const columns = headings.map((heading, place) => ({
    heading,
    ...(place > 1 && { align: 'right' as const }),
  }));
  return formatTable(columns, rows);
}

/** What is to be said of an ensemble, as sentences: what it learned from, what it gains, how sure it is. */
export function describeEnsemble(figures: EnsembleFigures, nameOf: (path: string) => string): string[] {
  const { ensemble, judgement, data } = figures;
  const errors = ensemble.members.map(({ calibrationError }) => calibrationError);
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
  return [
    ...describeLearned(ensemble),
    describeGain(ensemble, data.test, nameOf),
    `The calibration error is ${percent(judgement.calibrationError)}; of the members it is ${percent(mean)} on average.`,
  ];
}

/** What the ensemble gains, in sentences. */
function describeGain(
  { members, best, gain, disagreement }: EnsembleRecord,
  images: number,
  nameOf: (path: string) => string,
): string {
  const { difference, interval, onlyEnsemble, onlyMember, p } = gain;
  const [low, high] = interval.map((end) => points(end, images));
  const [chosen, tested] = [members[best.byValidation]!, members[best.byTest]!];
  const onTest =
    chosen.testAccuracy === tested.testAccuracy
      ? 'On the test no other member is better than that one.'
      : `On the test ${nameOf(tested.path)} is the best, with ${percent(tested.testAccuracy)}.`;
  return (
    `Over the best member by validation accuracy, ${nameOf(chosen.path)}, the ensemble gains ${pointsOf(difference, images)} ` +
    `(95 % confidence: ${low} to ${high}, paired bootstrap): it alone is right on ${counted(onlyEnsemble, 'image')}, the member alone on ` +
    `${onlyMember}; McNemar's exact p is ${pText(p)}. ${onTest} ` +
    `Two members give different classes for ${percent(disagreement)} of the images on average.`
  );
}

/** What the combination learned from, where it learned. */
function describeLearned({ combine, learned }: EnsembleRecord): string[] {
  if (learned === undefined) return [];
  const held =
    learned.penalty === undefined
      ? ''
      : learned.penalty === 'infinite'
        ? ' They are too few to say more than the mean does: it is the mean of the logits.'
        : ` It is held to the mean of the logits with λ ${learned.penalty}.`;
  const from = learned.from === 'validation images' ? 'common validation images' : 'out-of-fold answers';
  return [
    `The ${combine === 'stack' ? 'linear layer is' : 'weights are'} learned from ${counted(learned.images, 'image')}: ${from}.${held}`,
  ];
}
