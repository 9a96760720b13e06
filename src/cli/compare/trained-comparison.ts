/** A comparison of models that are trained for it: fitted to the budget, trained with each seed, and tested on the same images. */
import { join, resolve } from 'node:path';
import { setDevice } from '../../index.ts';
import type { JobRunner } from '../jobs/training-job.ts';
import { readMetrics } from '../run-record.ts';
import { requireUnseen, seenBefore, seenOfAll } from '../seen-before.ts';
import type { Settings } from '../settings/setting-values.ts';
import { trainDefaults } from '../train-defaults.ts';
import { trainingData } from '../training-data.ts';
import { type FittedComparison, fitToBudget } from './budget-fit.ts';
import { type ComparedModel, testGroups } from './compared-runs.ts';
import { type ComparisonJob, HALVINGS, halvingJobs, runAll, seedJobs } from './comparison-jobs.ts';
import type { Budget } from './compute-budget.ts';
import { type Contestant, slugOf } from './contestants.ts';
import type { Comparison, JudgedDataset } from './model-comparison.ts';
import { SpeedTrials } from './speed-trial.ts';
import { compareModels, ranksOfDatasets } from './statistics.ts';

/** What is trained and compared. */
export interface ComparisonRequest {
  readonly contestants: readonly Contestant[];
  /** What `--data` takes, each. */
  readonly sources: readonly string[];
  /** Settings that hold for all, but for the data and the seed. */
  readonly common: Settings;
  readonly budget: Budget;
  readonly seeds: number;
  readonly isCrossValidated: boolean;
  /** The folder of the comparison. */
  readonly out: string;
}

/** What it is done with. */
export interface ComparisonTools {
  readonly runner: JobRunner;
  readonly say: (text: string) => void;
  /** Is told how the models were fitted to the budget on a data set, before anything is trained. */
  readonly onFitted: (data: string, fitted: FittedComparison) => void;
  /** Is told of each run that is tested. */
  readonly onTest: (number: number) => void;
}

/** A data set with its trainings. */
interface PlannedDataset {
  readonly source: string;
  readonly name: string;
  readonly fitted: FittedComparison;
  readonly jobs: readonly ComparisonJob[];
}

/** Trains and tests all models. What is trained already is not trained again. */
export async function trainComparison(
  request: ComparisonRequest,
  tools: ComparisonTools,
): Promise<Omit<Comparison, 'command'>> {
  const plans = await plannedDatasets(request, tools);
  const jobs = plans.flatMap((plan) => plan.jobs);
  const folders = await runAll(tools.runner, jobs, tools.say);
  const folderOf = new Map(jobs.map((job, place) => [job, folders[place]!]));
  const datasets: JudgedDataset[] = [];
  for (const plan of plans) datasets.push(await judged(plan, folderOf, tools.onTest));
  return { datasets, ranks: ranksOfDatasets(datasets.map(({ statistics }) => statistics)) };
}

async function plannedDatasets(
  { contestants, sources, common, budget, seeds, isCrossValidated, out }: ComparisonRequest,
  { runner, say, onFitted }: ComparisonTools,
): Promise<PlannedDataset[]> {
  await setDevice(common.device ?? trainDefaults.device);
  const trials = new SpeedTrials(out, runner.slots);
  const names = prefixes(sources);
  const plans: PlannedDataset[] = [];
  for (const [place, source] of sources.entries()) {
    const asked: Settings = { splitSeed: 0, ...common, data: source };
    const data = trainingData(asked);
    for (const { settings } of contestants) {
      const own = { ...asked, ...settings };
      requireUnseen(seenBefore(own, data).filter(({ part }) => part === 'test'));
      if (isCrossValidated) requireUnseen(seenOfAll(own, data.train));
    }
    const fitted = await fitToBudget({ contestants, budget, common: asked, data, trials, say });
    onFitted(data.name, fitted);
    const jobs = [
      ...seedJobs(fitted.contestants, seeds, names[place]!),
      ...(isCrossValidated ? halvingJobs(fitted.contestants, names[place]!) : []),
    ];
    plans.push({ source, name: data.name, fitted, jobs });
  }
  return plans;
}

/** What the names of the runs of each data set begin with; nothing where there is one. */
function prefixes(sources: readonly string[]): string[] {
  if (sources.length === 1) return [''];
  const names = sources.map((source) => slugOf(resolve(source).split(/[/\\]/).at(-1)!));
  const taken = new Set<string>();
  return names.map((name) => {
    let [free, number] = [name, 1];
    while (taken.has(free)) free = `${name}-${++number}`;
    taken.add(free);
    return `${free}-`;
  });
}

async function judged(
  { source, name, fitted, jobs }: PlannedDataset,
  folderOf: ReadonlyMap<ComparisonJob, string>,
  onTest: (number: number) => void,
): Promise<JudgedDataset> {
  const foldersOf = (contestant: number): string[] =>
    jobs
      .filter((job) => job.contestant === contestant && job.half === undefined)
      .map((job) => folderOf.get(job)!);
  const groups = fitted.contestants.map(({ label }, contestant) => ({
    label,
    folders: foldersOf(contestant),
  }));
  const compared = await testGroups(source, groups, onTest);
  const halves = fitted.contestants.map((_, contestant) =>
    halvesOf(
      jobs.filter((job) => job.contestant === contestant && job.half !== undefined),
      folderOf,
    ),
  );
  const answers = compared.models.map((model, place) => ({ ...answersOf(model), halves: halves[place] }));
  return { compared, fitted, statistics: compareModels(name, compared.test.labels, answers) };
}

/** What statistics need of a model. */
export function answersOf({ label, runs }: ComparedModel) {
  return {
    label,
    predictions: runs.map(({ answers }) => answers.predictions),
    probabilities: runs.map(({ answers }) => answers.probabilities),
  };
}

/** The validation accuracy after the last epoch, by halving and half; undefined where nothing was halved. */
function halvesOf(
  jobs: readonly ComparisonJob[],
  folderOf: ReadonlyMap<ComparisonJob, string>,
): [number, number][] | undefined {
  if (jobs.length === 0) return undefined;
  const accuracyOf = (halving: number, half: 1 | 2): number => {
    const job = jobs.find((each) => each.seed === halving && each.half === half)!;
    return readMetrics(folderOf.get(job)!).history.at(-1)!.valAccuracy;
  };
  return Array.from({ length: HALVINGS }, (_, halving) => [accuracyOf(halving, 1), accuracyOf(halving, 2)]);
}

/** The folder, in that of a comparison, of its runs. */
export function runsFolder(out: string): string {
  return join(out, 'runs');
}
