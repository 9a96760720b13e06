/** Batches of an epoch do not depend on where in it a training begins. */
import '../../src/index.ts';
import { expect, test } from 'vitest';
import type { RandomGenerator } from '../../src/data/random-generator.ts';
import { type Tensor, tensor } from '../../src/index.ts';
import type { BatchSource } from '../../src/train/batch-source.ts';
import { openExamples } from '../../src/train/example-source.ts';
import { ImageSource } from '../../src/train/image-source.ts';
import { stripes } from './support.ts';

/** The values of each batch. */
async function valuesOf(source: BatchSource, epoch: number, fromStep?: number): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const { inputs, targets, nameOf } of source.batches(epoch, fromStep)) {
    const values = await Promise.all([...inputs.tensors, ...targets.tensors].map((each) => each.data()));
    found.push({ values: values.map((each) => [...each]), first: nameOf(0) });
  }
  return found;
}

function brighten(images: Float32Array, _: unknown, generator: RandomGenerator): void {
  const by = generator.uniform();
  images.forEach((value, index) => {
    images[index] = value + by;
  });
}

const batching = { batchSize: 8, seed: 3 };
const numbers = () => tensor(Float32Array.from({ length: 50 }, (_, index) => index)).reshape([50, 1]);
const augmentation = (inputs: unknown, generator: RandomGenerator): Tensor =>
  (inputs as Tensor).add(generator.uniform());

const sources: Record<string, () => BatchSource | Promise<BatchSource>> = {
  'of pictures that are moved': () =>
    new ImageSource(stripes(50), { ...batching, augmentation: { shift: 1, rotation: 9 } }),
  'of pictures, changed by a function': () =>
    new ImageSource(stripes(50), { ...batching, augmentation: brighten, dropLast: true }),
  'of tensors': () =>
    openExamples('examples', { inputs: numbers(), targets: numbers() }, { ...batching, augmentation }),
  'of an iterator': () =>
    openExamples(
      'examples',
      function* (epoch: number) {
        for (let step = 0; step < 7; step++) {
          yield { inputs: numbers().mul(step), targets: numbers().mul(epoch) };
        }
      },
      { ...batching, epochs: 3, augmentation },
    ),
};

test.for(Object.keys(sources))('batches %s are the same from any step on', async (name) => {
  const source = await sources[name]!();
  const whole = await valuesOf(source, 2);
  expect(whole[0]).not.toEqual(whole[1]);
  expect(await valuesOf(source, 1)).not.toEqual(whole);
  for (const step of [0, 1, 4, whole.length]) {
    expect(await valuesOf(source, 2, step)).toEqual(whole.slice(step));
  }
});
