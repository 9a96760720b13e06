/**
 * Batches, as what trains and evaluates knows them: a `BatchSource`. Those of tensors and iterators are in example-source.ts, of pictures in
 * image-source.ts.
 */
import { batchIndices } from '../data/batches.ts';
import { type RandomGenerator, shuffleStream } from '../data/random-generator.ts';
import { slice } from '../ops/movement.ts';
import type { TensorTree } from '../tensor/runtime.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { FlatTree } from '../tensor/tree.ts';

/** The tensors of a batch, and the structure that they are given in. */
export interface Structure {
  readonly inputs: FlatTree;
  readonly targets: FlatTree;
}

/** Tensors, those of the inputs first, in the structure of a batch. */
export function treesOf(
  { inputs, targets }: Structure,
  tensors: readonly Tensor[],
): [inputs: TensorTree, targets: TensorTree] {
  const border = inputs.tensors.length;
  return [inputs.rebuild(tensors.slice(0, border)), targets.rebuild(tensors.slice(border))];
}

/** A batch on its way into a model. */
export interface Batch extends Structure {
  /** Examples in it. */
  readonly size: number;
  /** What messages call one of its examples. */
  nameOf(example: number): string;
}

/** A batch in parts of so many examples, each made when it is asked for; the last one may have fewer. */
export function* partsOf(batch: Batch, most: number): Iterable<Batch> {
  for (let start = 0; start < batch.size; start += most) {
    const end = Math.min(start + most, batch.size);
    const cut = (tree: FlatTree): FlatTree => ({
      ...tree,
      tensors: tree.tensors.map((tensor) => slice(tensor, [start, end])),
    });
    const nameOf = (example: number): string => batch.nameOf(start + example);
    const size = end - start;
    yield size === batch.size
      ? batch
      : { inputs: cut(batch.inputs), targets: cut(batch.targets), size, nameOf };
  }
}

/** Batches of what a model is trained or evaluated on. */
export interface BatchSource {
  /** What messages call it. */
  readonly name: string;
  /** Examples of an epoch, where that is known before. */
  readonly count: number | undefined;
  /** Batches of an epoch, where that is known before. */
  readonly steps: number | undefined;
  /** Zeros in the form of a batch of so many examples, where the form is known before. */
  blank(size: number): Structure | undefined;
  /**
   * One epoch of training, from 1; or all in order and unchanged, for evaluation.
   *
   * @param fromStep how many batches are left out because they were taken before; the others are what they are without it.
   *   Default 0
   */
  batches(epoch: number | undefined, fromStep?: number): Iterable<Batch> | AsyncIterable<Batch>;
  /** Throws OptionError where its batches come only once, and what they are wanted again for needs them. Not there: they can be had again. */
  requireAgain?(what: string): void;
  /** Ends what works ahead for it. After that it gives no batches. */
  close?(): void;
}

/** How examples become batches. */
export interface Batching {
  readonly batchSize: number;
  /** Draws the order of an epoch. Default: all examples, shuffled. */
  readonly drawOrder?: ((generator: RandomGenerator) => Int32Array) | undefined;
  readonly dropLast?: boolean | undefined;
  readonly seed?: number | undefined;
}

/** Batches of an epoch. */
export function stepsOf(count: number, { batchSize, dropLast }: Batching): number {
  return dropLast ? Math.floor(count / batchSize) : Math.ceil(count / batchSize);
}

/** Which examples go together: drawn anew for each epoch, or in order. */
export function indicesOf(
  count: number,
  epoch: number | undefined,
  batching: Batching,
): Iterable<Int32Array> {
  const { batchSize, drawOrder, dropLast = false, seed = 0 } = batching;
  if (epoch === undefined) return batchIndices(count, batchSize);
  const shuffle = shuffleStream(seed, epoch);
  return batchIndices(count, batchSize, {
    ...(drawOrder ? { order: drawOrder(shuffle) } : { shuffle }),
    dropLast,
  });
}
