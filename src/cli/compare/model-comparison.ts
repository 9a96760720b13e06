/** A comparison as a whole: what was compared under which budget, with its numbers. comparison.json, the terminal and the report tell of it. */
import type { FittedComparison } from './budget-fit.ts';
import type { ComparedDataset, ComparedModel, ComparedRun } from './compared-runs.ts';
import { meanOf } from './moments.ts';
import type { DatasetStatistics, RankStatistics } from './statistics.ts';

/** Models compared on one data set. */
export interface JudgedDataset {
  readonly compared: ComparedDataset;
  readonly statistics: DatasetStatistics;
  /** Undefined of runs that were there already. */
  readonly fitted: FittedComparison | undefined;
}

/** A comparison. */
export interface Comparison {
  /** The arguments after `weft` that repeat it. */
  readonly command: readonly string[];
  readonly datasets: readonly JudgedDataset[];
  /** Over several data sets. */
  readonly ranks: RankStatistics | undefined;
}

/** What the runs of a model took, as means over its seeds; undefined where no run has it on record. */
export interface ModelCosts {
  readonly parameters: number;
  readonly epochs: number;
  readonly flops: number | undefined;
  readonly seconds: number;
  /** The most that a process of them had resident, in bytes. */
  readonly memory: number | undefined;
}

/** What the runs of a model took. */
export function costsOf({ runs }: ComparedModel): ModelCosts {
  const known = (value: (run: ComparedRun) => number | undefined): number[] =>
    runs.map(value).filter((each) => each !== undefined);
  const flops = known((run) => run.flops);
  const memory = known(({ record }) => record.peakMemory);
  return {
    parameters: meanOf(runs.map(({ record }) => record.parameters)),
    epochs: meanOf(runs.map(({ record }) => record.history.length)),
    flops: flops.length === 0 ? undefined : meanOf(flops),
    seconds: meanOf(runs.map(({ record }) => record.trainSeconds)),
    memory: memory.length === 0 ? undefined : Math.max(...memory),
  };
}

/** The text of comparison.json: all numbers, but for the answers to each image, which the runs have. */
export function comparisonText({ command, datasets, ranks }: Comparison): string {
  const told = {
    command,
    datasets: datasets.map(({ compared, statistics, fitted }) => ({
      data: compared.label,
      images: statistics.images,
      ...(fitted && { budget: fitted.budget }),
      models: statistics.models.map(({ label, ...numbers }, place) => ({
        model: label,
        ...numbers,
        ...costsOf(compared.models[place]!),
        ...(fitted && { fitted: fittedNumbers(fitted, place) }),
        runs: compared.models[place]!.runs.map(({ folder, record, flops }, run) => ({
          folder,
          seed: record.seed,
          accuracy: statistics.models[place]!.accuracies[run],
          epochs: record.history.length,
          seconds: record.trainSeconds,
          flops,
        })),
      })),
      pairs: statistics.pairs.map(({ first, second, ...pair }) => ({
        first: statistics.models[first]!.label,
        second: statistics.models[second]!.label,
        ...pair,
      })),
      ...(statistics.ranks && { ranks: statistics.ranks }),
      notes: compared.notes,
    })),
    ...(ranks && { ranks }),
  };
  // JSON has no number for what is not finite: the text says what it was.
  return JSON.stringify(
    told,
    (_, value: unknown) => (typeof value === 'number' && !Number.isFinite(value) ? String(value) : value),
    2,
  );
}

function fittedNumbers({ contestants }: FittedComparison, place: number) {
  const { fitting, amount, deviation } = contestants[place]!;
  return { by: fitting, amount, deviation };
}
