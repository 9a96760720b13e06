/** The order of an epoch in which all classes are shown alike, however many images each has. */
import { type ImageDataset, validateLabels } from './dataset.ts';
import { type RandomGenerator, requireGenerator } from './random-generator.ts';

/** How often images of each class are shown: as often as there are, or all classes alike. */
export const samplings = ['uniform', 'balanced'] as const;

export type Sampling = (typeof samplings)[number];

/**
 * As many images as the data set has, in random order, with as many of each class: of a small class each comes several times, of a
 * large one some do not come at all. Any part of it is balanced too, and those of a class come equally often.
 *
 * @returns `[N]`, places in the data set
 * @throws LabelError or DatasetError when the data set does not agree with itself
 */
export function balancedIndices(dataset: ImageDataset, generator: RandomGenerator): Int32Array {
  validateLabels(dataset);
  requireGenerator('balancedIndices', generator);
  return balancedOrder(dataset.labels, dataset.classNames.length, generator);
}

/** See `balancedIndices`. */
export function balancedOrder(labels: Int32Array, classes: number, generator: RandomGenerator): Int32Array {
  const members: number[][] = Array.from({ length: classes }, () => []);
  labels.forEach((label, index) => {
    members[label].push(index);
  });
  const shown = members.filter((each) => each.length > 0);
  const queues = shown.map((): Int32Array => new Int32Array(0));
  const order = new Int32Array(labels.length);
  for (let start = 0; start < order.length; start += shown.length) {
    // Each class once, in an order of its own: so no class is always the first of a batch.
    const round = generator.permutation(shown.length);
    for (let turn = 0; turn < round.length && start + turn < order.length; turn++) {
      const each = round[turn];
      if (queues[each].length === 0) queues[each] = generator.permutation(shown[each].length);
      order[start + turn] = shown[each][queues[each][0]];
      queues[each] = queues[each].subarray(1);
    }
  }
  return order;
}
