/** Where batches come from that are none of pictures: examples in tensors, or an iterator of batches. */
import { batchStream, type RandomGenerator } from '../data/random-generator.ts';
import { OptionError, ShapeError } from '../errors.ts';
import { describeValue, isPlainObject, isRecord } from '../options.ts';
import type { DType, NumericArray } from '../tensor/dtype.ts';
import { fill, fromData } from '../tensor/leaves.ts';
import { runtime, type TensorTree } from '../tensor/runtime.ts';
import { formatShape, type Shape, sizeOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type FlatTree, flattenTree } from '../tensor/tree.ts';
import {
  type Batch,
  type Batching,
  type BatchSource,
  indicesOf,
  type Structure,
  stepsOf,
  treesOf,
} from './batch-source.ts';

/** Examples in tensors: the first axis of each is the number of the example. */
export interface TensorExamples<Inputs, Targets> {
  /** What the model is called with: a tensor, or an array or object of tensors. */
  readonly inputs: Inputs;
  /** What the loss compares its outputs with: a tensor, or an array or object of tensors. */
  readonly targets: Targets;
}

/** Batches, one after the other, as somebody's code makes them. */
export type ExampleBatches<Inputs, Targets> =
  | Iterable<TensorExamples<Inputs, Targets>>
  | AsyncIterable<TensorExamples<Inputs, Targets>>;

/**
 * What a model is trained or evaluated on: examples in tensors, which are shuffled and put into batches; or batches, that are
 * taken as they come. An iterator that runs once is made anew for each epoch by a function.
 */
export type Examples<Inputs, Targets> =
  | TensorExamples<Inputs, Targets>
  | ExampleBatches<Inputs, Targets>
  | ((epoch: number) => ExampleBatches<Inputs, Targets>);

/** Nothing has this type. It makes TypeScript take a list that is returned for a tuple, as inputs in a list are. */
type TupleHint = [never];

/**
 * Gives the inputs of a batch, changed. What it draws from the generator, which is another one for each batch, is the same whenever the
 * training is repeated.
 */
export type TensorAugmentation<Inputs> = (
  inputs: Inputs,
  generator: RandomGenerator,
) => NoInfer<Inputs> | Promise<NoInfer<Inputs>> | TupleHint;

/** How examples in tensors, or batches of them, come to a model. */
export interface TensorBatching extends Batching {
  readonly augmentation?: TensorAugmentation<TensorTree> | undefined;
  readonly stepsPerEpoch?: number | undefined;
  /** How often all batches are gone through. Default 1. */
  readonly epochs?: number | undefined;
  /** Whether batches were taken by an earlier process, which are to be left out. Default false. */
  readonly resumed?: boolean | undefined;
}

/** Values of all examples on the host. */
interface StoredTensor {
  readonly data: NumericArray;
  readonly shape: Shape;
  readonly dtype: DType;
}

/** Opens what is no data set of pictures. `name`: what messages call it. */
export async function openExamples(
  name: string,
  examples: unknown,
  batching: TensorBatching,
): Promise<BatchSource> {
  if (typeof examples === 'function' || isIterable(examples))
    return new IteratorSource(name, examples, batching);
  if (!isPlainObject(examples) || !('inputs' in examples) || !('targets' in examples)) {
    throw new OptionError({
      where: name,
      got: describeValue(examples),
      expected: 'a data set of pictures, { inputs, targets } of tensors, or an iterable of such batches',
      cure: 'Give the examples as tensors whose first axis is the number of the example, or a function that gives an iterator.',
    });
  }
  const [inputs, targets] = [treeOf(name, examples, 'inputs'), treeOf(name, examples, 'targets')];
  const count = sizeOfBatch(name, inputs, targets);
  const tensors = [...inputs.tensors, ...targets.tensors];
  const values = await runtime().readAll(tensors);
  const columns = tensors.map(
    ({ shape, dtype }, index): StoredTensor => ({ data: values[index], shape, dtype }),
  );
  return new ExampleSource(name, count, { inputs, targets, columns }, batching);
}

/** Examples that lie in memory, and the structure that they are given in. */
interface StoredExamples extends Structure {
  /** Of the inputs, then of the targets. */
  readonly columns: readonly StoredTensor[];
}

class ExampleSource implements BatchSource {
  readonly name: string;
  readonly count: number;
  readonly #stored: StoredExamples;
  readonly #batching: TensorBatching;

  constructor(name: string, count: number, stored: StoredExamples, batching: TensorBatching) {
    this.name = name;
    this.count = count;
    this.#stored = stored;
    this.#batching = batching;
  }

  get steps(): number {
    return stepsOf(this.count, this.#batching);
  }

  blank(size: number): Structure {
    return this.#filled(({ shape: [, ...rest], dtype }) => fill(0, [size, ...rest], dtype));
  }

  async *batches(epoch: number | undefined, fromStep = 0): AsyncIterable<Batch> {
    const { augmentation, seed = 0 } = this.#batching;
    let step = 0;
    for (const indices of indicesOf(this.count, epoch, this.#batching)) {
      step++;
      if (step <= fromStep) continue;
      const size = indices.length;
      const { inputs, targets } = this.#filled(({ data, shape: [, ...rest], dtype }) =>
        fromData(rowsOf(data, sizeOf(rest), indices), [size, ...rest], dtype),
      );
      const changed = epoch !== undefined && augmentation;
      yield {
        inputs: changed
          ? await augmented(this.name, inputs, augmentation, batchStream(seed, epoch, step))
          : inputs,
        targets,
        size,
        nameOf: (example) => `example ${indices[example]} of ${this.name}`,
      };
    }
  }

  #filled(make: (column: StoredTensor) => Tensor): Structure {
    const [inputs, targets] = treesOf(this.#stored, this.#stored.columns.map(make));
    return { inputs: flattenTree(inputs), targets: flattenTree(targets) };
  }
}

/** Rows of an array of rows, in the given order. */
function rowsOf(data: NumericArray, length: number, indices: Int32Array): NumericArray {
  const rows = data.slice(0, indices.length * length);
  for (let row = 0; row < indices.length; row++) {
    const start = indices[row] * length;
    rows.set(data.subarray(start, start + length), row * length);
  }
  return rows;
}

class IteratorSource implements BatchSource {
  readonly name: string;
  readonly count = undefined;
  readonly #examples: unknown;
  readonly #batching: TensorBatching;
  #opened = 0;

  constructor(name: string, examples: unknown, batching: TensorBatching) {
    this.name = name;
    this.#examples = examples;
    this.#batching = batching;
    const { epochs = 1, stepsPerEpoch, resumed } = batching;
    if (resumed) this.requireAgain('of those before');
    if (epochs === 1 || stepsPerEpoch !== undefined || !isIterator(examples)) return;
    throw this.#refused(name, `one iterator for ${epochs} epochs`, 'batches for each epoch', onlyOnce);
  }

  requireAgain(what: string): void {
    if (!isIterator(this.#examples)) return;
    const expected = `the batches of each epoch, also ${what}`;
    throw this.#refused(this.name, 'an iterator', expected, onlyOnce);
  }

  get steps(): number | undefined {
    return this.#batching.stepsPerEpoch;
  }

  blank(): undefined {
    return undefined;
  }

  /** Batches before `fromStep` are made all the same: only the iterator knows how. */
  async *batches(epoch: number | undefined, fromStep = 0): AsyncIterable<Batch> {
    const { augmentation, seed = 0 } = this.#batching;
    const most = epoch === undefined ? undefined : this.steps;
    let taken = 0;
    for await (const each of this.#open(epoch ?? 0)) {
      taken++;
      if (taken <= fromStep) {
        if (taken === most) return;
        continue;
      }
      const name = `batch ${taken} of ${this.name}`;
      if (!isRecord(each) || !('inputs' in each) || !('targets' in each)) {
        throw this.#refused(
          name,
          describeValue(each),
          '{ inputs, targets } of tensors',
          'Yield batches in that form.',
        );
      }
      const [inputs, targets] = [treeOf(name, each, 'inputs'), treeOf(name, each, 'targets')];
      const size = sizeOfBatch(name, inputs, targets);
      const changed = epoch !== undefined && augmentation;
      yield {
        inputs: changed
          ? await augmented(name, inputs, augmentation, batchStream(seed, epoch, taken))
          : inputs,
        targets,
        size,
        nameOf: (example) => `example ${example} of ${name}`,
      };
      if (taken === most) return;
    }
    if (taken > 0 && (most === undefined || taken === most)) return;
    throw this.#refused(
      epoch === undefined ? this.name : `${this.name}, epoch ${epoch}`,
      taken === 0 ? 'no batch' : `${taken} batches`,
      most === undefined ? 'at least one batch' : `${most}, as stepsPerEpoch says`,
      onlyOnce,
    );
  }

  #open(epoch: number): Iterable<unknown> | AsyncIterable<unknown> {
    const found: unknown = typeof this.#examples === 'function' ? this.#examples(epoch) : this.#examples;
    this.#opened++;
    const { epochs = 1 } = this.#batching;
    if (isIterable(found)) {
      return isIterator(found) && found === this.#examples && this.#opened < epochs ? keptOpen(found) : found;
    }
    throw this.#refused(
      this.name,
      `a function that gives ${describeValue(found)}`,
      'an iterator',
      'Write it as function* or async function*.',
    );
  }

  #refused(where: string, got: string, expected: string, cure: string): OptionError {
    return new OptionError({ where, got, expected, cure });
  }
}

const onlyOnce =
  'An iterator runs only once: give a function that makes a new one for each epoch; of an endless one, say stepsPerEpoch.';

/** What gives batches one after the other, and then no more. */
type BatchIterator = Iterator<unknown> | AsyncIterator<unknown>;

function isIterator(value: unknown): value is BatchIterator {
  return isIterable(value) && 'next' in value && typeof value.next === 'function';
}

/** A loop that ends early closes its iterator; through this one, the next loop reads on. */
function keptOpen(iterator: BatchIterator): AsyncIterable<unknown> {
  return { [Symbol.asyncIterator]: () => ({ next: async () => iterator.next() }) };
}

function isIterable(value: unknown): value is Iterable<unknown> | AsyncIterable<unknown> {
  return (
    typeof value === 'object' && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value)
  );
}

function treeOf(where: string, examples: Readonly<Record<string, unknown>>, part: string): FlatTree {
  const tree = flattenTree(examples[part] as TensorTree, `${part} of ${where}`);
  if (tree.tensors.length > 0) return tree;
  throw new OptionError({
    where,
    got: `no tensor in ${part}`,
    expected: 'a tensor, or an array or object of tensors',
    cure: `Give ${part} to train on.`,
  });
}

/** The number of examples, which all tensors have as their first axis. */
function sizeOfBatch(where: string, inputs: FlatTree, targets: FlatTree): number {
  const all = [inputs, targets].flatMap(({ tensors, paths }, part) =>
    tensors.map(({ shape }, index) => ({
      shape,
      name: `${part === 0 ? 'inputs' : 'targets'}${paths[index]}`,
    })),
  );
  const [
    {
      shape: [count],
    },
  ] = all;
  const odd = all.find(({ shape }) => shape.length === 0 || shape[0] !== count || count === 0);
  if (odd === undefined) return count;
  const [first] = all;
  throw new ShapeError({
    where,
    got:
      odd === first
        ? `${odd.name} ${formatShape(odd.shape)}`
        : `${first.name} ${formatShape(first.shape)} and ${odd.name} ${formatShape(odd.shape)}`,
    expected: 'one first axis for all: the number of examples, at least one',
    cure: 'Put the examples along the first axis; a single one has length 1 there.',
  });
}

async function augmented(
  where: string,
  inputs: FlatTree,
  augmentation: TensorAugmentation<TensorTree>,
  generator: RandomGenerator,
): Promise<FlatTree> {
  const changed = flattenTree(await augmentation(inputs.rebuild(inputs.tensors), generator), 'augmentation');
  const same = changed.paths.join() === inputs.paths.join();
  const wrong = changed.tensors.findIndex(({ shape }, index) => shape[0] !== inputs.tensors[index]?.shape[0]);
  if (same && wrong < 0) return changed;
  throw new ShapeError({
    where: `augmentation of ${where}`,
    got: same ? formatShape(changed.tensors[wrong].shape) : 'inputs of another structure',
    expected: same ? `${inputs.tensors[wrong].shape[0]} examples` : 'the structure that it was given',
    cure: 'Return the inputs, changed, with as many examples.',
  });
}
