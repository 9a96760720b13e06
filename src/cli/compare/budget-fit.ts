/** Fits models to a budget: how many epochs, or which sizes, make all of them cost the same. */
import { InvalidArgumentError } from 'commander';
import { imageCount } from '../../data/dataset.ts';
import { WeftError } from '../../errors.ts';
import { type ModelSizes, modelFacts } from '../../models/index.ts';
import { type GivenSizes, sizeNames } from '../../models/sizes.ts';
import { keepingRandom } from '../../tensor/random.ts';
import type { PreparedDataset } from '../holdout.ts';
import { givenSizes, writtenSizes } from '../model-sizes.ts';
import { configText } from '../settings/config-file.ts';
import { requireFitting } from '../settings/misfits.ts';
import type { Settings } from '../settings/setting-values.ts';
import { counted, duration, percent } from '../terminal.ts';
import { modelOf } from '../train-settings.ts';
import {
  amountText,
  type Budget,
  deviationFrom,
  epochsWithin,
  fittedWidths,
  type StatedBudget,
  usualMinutes,
} from './compute-budget.ts';
import type { Contestant } from './contestants.ts';
import { type Recipe, recipeOf } from './recipe.ts';
import type { SpeedTrials } from './speed-trial.ts';

/** A contestant that costs what the budget says. */
export interface FittedContestant extends Contestant {
  /** What `weft train` is asked for, but for the seed. */
  readonly asked: Settings;
  readonly epochs: number;
  readonly parameters: number;
  /** Of one training, as planned. */
  readonly flops: number;
  /** How it was fitted, in words: `26 epochs`, `hidden 71, maps 18,36,71`. */
  readonly fitting: string;
  /** How much of the budget it takes, in its unit. */
  readonly amount: number;
  /** How far that is from the budget, as a share of it. */
  readonly deviation: number;
}

/** What the models of a comparison are fitted with. */
export interface FittingRequest {
  readonly contestants: readonly Contestant[];
  readonly budget: Budget;
  /** What holds for all of them: the data, the seed of the split, and what else was given. */
  readonly common: Settings;
  readonly data: PreparedDataset;
  readonly trials: SpeedTrials;
  readonly say: (text: string) => void;
}

/** Contestants with the budget that they were fitted to. */
export interface FittedComparison {
  readonly budget: StatedBudget;
  readonly contestants: readonly FittedContestant[];
}

/** A contestant before it is fitted. */
interface UnfittedContestant {
  readonly contestant: Contestant;
  readonly asked: Settings;
  readonly recipe: Recipe;
}

/**
 * Fits all models to one budget on a data set.
 *
 * @throws InvalidArgumentError for settings that do not fit together, a model without sizes to scale, a budget that is too small for an
 *   epoch, and models that the budget makes one
 */
export async function fitToBudget(request: FittingRequest): Promise<FittedComparison> {
  const { contestants, common, data } = request;
  const candidates: UnfittedContestant[] = [];
  for (const contestant of contestants) {
    const asked = { ...common, ...contestant.settings };
    candidates.push({ contestant, asked, recipe: await recipeOf(asked, data) });
  }
  const [first] = candidates as [UnfittedContestant, ...UnfittedContestant[]];
  const { kind } = request.budget;
  const amount = request.budget.amount ?? usualAmount(kind, first.recipe, imageCount(data.train));
  const budget = { kind, amount };
  const fitted: FittedContestant[] = [];
  for (const candidate of candidates) {
    const own =
      kind === 'parameters' ? await sized(candidate, budget, data) : await timed(candidate, budget, request);
    requireFitting({ ...candidate.recipe.planned, ...own.asked }, undefined);
    const same = fitted.find(({ asked }) => configText(asked) === configText(own.asked));
    if (same !== undefined) {
      throw new InvalidArgumentError(
        `${own.label} is the same model as ${same.label} where both are fitted to the budget: ${own.fitting}. Give one of them.`,
      );
    }
    fitted.push(own);
  }
  return { budget, contestants: fitted };
}

function usualAmount(
  kind: Budget['kind'],
  { planned, parameters, flopsPerImage }: Recipe,
  images: number,
): number {
  if (kind === 'minutes') return usualMinutes;
  return kind === 'parameters' ? parameters : flopsPerImage * images * planned.epochs;
}

/** As many epochs as the budget allows. */
async function timed(
  { contestant, asked, recipe }: UnfittedContestant,
  { kind, amount }: StatedBudget,
  { data, trials, say }: FittingRequest,
): Promise<FittedContestant> {
  const flopsOfEpoch = recipe.flopsPerImage * imageCount(data.train);
  const { label } = contestant;
  const costOfEpoch =
    kind === 'flops'
      ? flopsOfEpoch
      : (await trials.secondsOfEpoch(JSON.stringify([data.name, asked]), recipe, data, () =>
          say(`Measuring how fast ${label} trains.`),
        )) / 60;
  const epochs = epochsWithin(amount, costOfEpoch);
  const deviation = deviationFrom(amount, epochs * costOfEpoch);
  if (deviation > MOST_EXCESS) {
    throw new InvalidArgumentError(
      `An epoch of ${label} takes ${amountText(kind, costOfEpoch)} ${kind === 'flops' ? 'FLOPs' : 'minutes'}, which is ` +
        `${percent(deviation, 0)} more than the budget of ${amountText(kind, amount)}. Name the model first that takes most, or give more with --budget ${kind}:AMOUNT, without --epochs.`,
    );
  }
  const each =
    kind === 'minutes'
      ? ` of ${duration(60 * costOfEpoch)}`
      : ` of ${amountText('flops', flopsOfEpoch)} FLOPs`;
  return {
    ...contestant,
    asked: { ...asked, epochs },
    ...{ epochs, parameters: recipe.parameters, flops: epochs * flopsOfEpoch },
    fitting: `${counted(epochs, 'epoch')}${each}`,
    ...{ amount: epochs * costOfEpoch, deviation },
  };
}

/** Where even one epoch takes so much more, or the parameters are so far off, nothing would be compared under one budget. */
const MOST_EXCESS = 0.5;
/** Sizes that come nearer than this are left as they are. */
const NEAR_ENOUGH = 0.005;

/** As wide as has so many parameters. */
async function sized(
  { contestant, asked, recipe }: UnfittedContestant,
  { kind, amount }: StatedBudget,
  data: PreparedDataset,
): Promise<FittedContestant> {
  const { planned } = recipe;
  const { epochs } = planned;
  const own = { ...modelFacts(planned.model).sizes, ...givenSizes(planned) };
  const images = imageCount(data.train);
  const settled = (recipe: Recipe, widths: Partial<ModelSizes>): FittedContestant => ({
    ...contestant,
    asked: { ...asked, ...widths, epochs },
    ...{ epochs, parameters: recipe.parameters, flops: recipe.flopsPerImage * images * epochs },
    fitting: sizesText(widths) || 'as it comes',
    ...{ amount: recipe.parameters, deviation: deviationFrom(amount, recipe.parameters) },
  });
  if (Math.abs(deviationFrom(amount, recipe.parameters)) < NEAR_ENOUGH) return settled(recipe, {});
  const fitted = fittedWidths(own, amount, (widths) => {
    try {
      return keepingRandom(() => modelOf({ ...planned, ...widths }, data.train).parameterCount());
    } catch (error) {
      // Not every model can have every width.
      if (error instanceof WeftError) return undefined;
      throw error;
    }
  });
  if (fitted === undefined) {
    throw new InvalidArgumentError(
      `${contestant.label} has no sizes that can be scaled to ${amountText(kind, amount)} parameters: leave it out, or give another --budget.`,
    );
  }
  const nearest = settled(await recipeOf({ ...asked, ...fitted.widths }, data), fitted.widths);
  if (Math.abs(nearest.deviation) <= MOST_EXCESS) return nearest;
  throw new InvalidArgumentError(
    `${contestant.label} has ${amountText(kind, nearest.amount)} parameters where it comes nearest to ${amountText(kind, amount)}: leave it out, or give another --budget.`,
  );
}

function sizesText(widths: GivenSizes): string {
  const texts = writtenSizes(widths);
  return sizeNames
    .flatMap((name) => (texts[name] === undefined ? [] : [`${name} ${texts[name]}`]))
    .join(', ');
}

/** A deviation from a budget: `exact`, `+2.1 %`, `−0.4 %`. */
export function deviationText(deviation: number): string {
  if (Math.abs(deviation) < 5e-4) return 'exact';
  return `${deviation > 0 ? '+' : '−'}${percent(Math.abs(deviation), 1)}`;
}
