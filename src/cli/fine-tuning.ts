/** `--from` and `--freeze`: a training that begins with the layers of a saved model, and layers that stay as they are. */
import { InvalidArgumentError } from 'commander';
import { modelFacts, modelNames } from '../models/index.ts';
import type { Module, StateDict } from '../nn/index.ts';
import { formatInteger, nearest } from '../text.ts';
import { givenSizes } from './model-sizes.ts';
import { RunError } from './run-error.ts';
import { readRun } from './run-reading.ts';
import { type RunRecord, readMetrics } from './run-record.ts';
import { runOf } from './seen-before.ts';
import type { Settings } from './settings/setting-values.ts';

/** The model that a training begins with. */
export interface SourceModel {
  readonly path: string;
  /** What makes such a model: its name and its sizes. */
  readonly settings: Settings;
  readonly classNames: readonly string[] | undefined;
  readonly state: StateDict;
}

/**
 * Reads the model that a training begins with.
 *
 * @param wanted the model that was asked for besides
 * @throws RunError for what is no model of the command, or another than is wanted
 */
export async function readSource(path: string, wanted: string | undefined): Promise<SourceModel> {
  const { record: own, saved } = await readRun(path);
  const record = own ?? recordAbove(path, saved.name);
  const name = record?.model ?? saved.name;
  const model = modelNames.find((each) => each === name);
  if (model === undefined || (wanted !== undefined && wanted !== model)) {
    throw new RunError({
      where: path,
      got: `a model "${name}"`,
      expected: wanted === undefined ? 'one that weft train can make' : `a ${wanted}, as --model says`,
      cure: 'Leave --model out: it is that of the run. Layers of other models are taken over in a program, with loadStateDict.',
    });
  }
  const state = await saved.model.stateDict();
  return {
    path,
    settings: { model, ...(record && givenSizes(record)) },
    classNames: saved.classNames,
    state,
  };
}

/** The record of the run that a model is a part of: its last one, or the file of its weights alone. */
function recordAbove(path: string, model: string): RunRecord | undefined {
  const run = runOf(path);
  if (run === undefined) return undefined;
  const record = readMetrics(run);
  return record.model === model ? record : undefined;
}

/**
 * Gives a new model the weights of another, where they have the same place and shape. What depends on the number of classes stays new,
 * unless the classes are the same.
 *
 * @param other a model for one class more, which shows what depends on their number
 * @returns what was done, in a sentence
 * @throws RunError where nothing fits
 */
export async function takeOver(
  source: SourceModel,
  model: Module,
  { classNames, other }: { readonly classNames: readonly string[]; readonly other: Module },
): Promise<string> {
  const sameClasses = source.classNames?.join('\n') === classNames.join('\n');
  const otherShapes = shapesOf(other);
  const shapes = shapesOf(model);
  const taken = [...shapes].filter(([path, shape]) => {
    const entry = source.state[path];
    return entry?.shape.join() === shape && (sameClasses || otherShapes.get(path) === shape);
  });
  if (taken.length === 0) {
    const sizes = Object.keys(modelFacts(source.settings.model!).sizes).map((name) => `--${name}`);
    throw new RunError({
      where: source.path,
      got: 'no layer of the shape that the new model has',
      expected: 'a model whose layers can be taken over',
      cure: `Give the sizes that it has${sizes.length > 0 ? ` (${sizes.join(', ')}): of a model that is not in its run they are not known` : ''}. Or give pictures of the same size with --size.`,
    });
  }
  await model.loadStateDict(Object.fromEntries(taken.map(([path]) => [path, source.state[path]!])), {
    strict: false,
  });
  const names = new Set(taken.map(([path]) => path));
  const left = [...shapes.keys()].filter((path) => !names.has(path));
  const news = left.length === 0 ? 'all of them' : `new are ${left.join(', ')}`;
  return `It begins with ${formatInteger(taken.length)} of ${formatInteger(shapes.size)} tensors of ${source.path}: ${news}.`;
}

function shapesOf(model: Module): Map<string, string> {
  return new Map(model.namedVariables().map(([path, { shape }]) => [path, shape.join()]));
}

/**
 * Freezes the layers that some names say, parted by commas: `conv1,lstm`, with `*` for any part of a name.
 *
 * @throws InvalidArgumentError for a name of no layer, or where nothing is left to train
 */
export function freezeLayers(model: Module, patterns: string): void {
  const named = model.namedParameters();
  for (const pattern of patterns.split(',')) {
    const source = pattern
      .split('*')
      .map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'))
      .join('.*');
    const layer = new RegExp(`^${source}(\\.|$)`);
    const found = named.filter(([path]) => layer.test(path));
    if (found.length === 0) {
      const layers = [...new Set(named.map(([path]) => path.split('.')[0]!))];
      const near = nearest(pattern, layers);
      throw new InvalidArgumentError(
        `--freeze: "${pattern}" is no layer with weights. ${near === undefined ? '' : `Did you mean ${near}? `}Layers are ${layers.join(', ')}.`,
      );
    }
    for (const [, parameter] of found) parameter.trainable = false;
  }
  if (named.some(([, { trainable }]) => trainable)) return;
  throw new InvalidArgumentError(`--freeze ${patterns} leaves nothing to train: leave some layers out.`);
}
