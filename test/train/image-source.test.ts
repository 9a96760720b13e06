/** Batches of pictures: what is random in them depends on the place of a picture and of a batch, on nothing before. */
import { describe, expect, test } from 'vitest';
import { ImageSource } from '../../src/train/image-source.ts';
import { stripes } from './support.ts';

type Batching = ConstructorParameters<typeof ImageSource>[1];

/** The pixels of each picture in an epoch, by its name. */
async function shown(epoch: number, batching: Batching): Promise<Record<string, number[]>> {
  const pixels: Record<string, number[]> = {};
  for await (const { inputs, size, nameOf } of new ImageSource(stripes(10), batching).batches(epoch)) {
    const values = await inputs.tensors[0].data();
    for (let image = 0; image < size; image++) {
      pixels[nameOf(image)] = Array.from(values.subarray(image * 36, (image + 1) * 36));
    }
  }
  return pixels;
}

describe('what is random', () => {
  const augmentation = { shift: 2, flip: true };

  test('changes of a picture depend on its place, the epoch and the seed, not on the batches', async () => {
    const first = await shown(1, { batchSize: 5, augmentation });
    expect(Object.keys(first)).toHaveLength(10);
    expect(await shown(1, { batchSize: 3, augmentation })).toEqual(first);
    expect(await shown(2, { batchSize: 5, augmentation })).not.toEqual(first);
    const other = await shown(1, { batchSize: 5, augmentation, seed: 1 });
    expect(other['image 0 of stripes']).not.toEqual(first['image 0 of stripes']);
  });

  test('a function of one’s own draws anew for each batch', async () => {
    const drawn: number[] = [];
    const take: Batching['augmentation'] = (_images, _shape, generator) =>
      void drawn.push(generator.uniform());
    await shown(1, { batchSize: 5, augmentation: take });
    await shown(2, { batchSize: 5, augmentation: take });
    expect(new Set(drawn).size).toBe(4);
    await shown(1, { batchSize: 3, augmentation: take });
    expect(drawn[4]).toBe(drawn[0]);
  });
});

test('colors change before pixels are normalized, and what is removed is filled after it', async () => {
  const normalization = { mean: [0.25], std: [0.5] };
  const augmentation = { brightness: 0.5, shift: 1 };
  const plain = await shown(1, { batchSize: 5, augmentation });
  const normalized = await shown(1, { batchSize: 5, augmentation, normalization });
  for (const [name, pixels] of Object.entries(plain)) {
    pixels.forEach((value, index) => {
      expect(normalized[name][index]).toBeCloseTo((value - 0.25) / 0.5, 5);
    });
  }
  const remove = { what: 'rows', rate: 0.5 } as const;
  const filled = await shown(1, { batchSize: 5, augmentation: { remove }, normalization, missing: 'mean' });
  for (const pixels of Object.values(filled)) expect(pixels.filter((value) => value === 0)).toHaveLength(18);
});
