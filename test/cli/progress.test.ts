/** The bar: in as many columns as there are. */
import { expect, test } from 'vitest';
import { barLine } from '../../src/cli/progress.ts';

const texts = {
  epoch: 'epoch 30/30',
  loss: 'loss 0.1234',
  accuracy: 'accuracy 100.00 %',
  left: '12 min 05 s left',
};

test('has all there is on a wide terminal', () => {
  expect(barLine(120, 0.5, texts)).toBe(
    `epoch 30/30  [${'#'.repeat(12)}${'.'.repeat(12)}] 50 %  loss 0.1234  accuracy 100.00 %  12 min 05 s left`,
  );
});

test('leaves out what does not fit', () => {
  expect(barLine(60, 1, texts)).toBe('epoch 30/30  [#######] 100 %  loss 0.1234  12 min 05 s left');
  for (let columns = 1; columns < 130; columns++)
    expect(barLine(columns, 1, texts).length, `${columns} columns`).toBeLessThan(columns);
  expect(barLine(24, 0.02, texts)).toBe('epoch 30/30  2 %');
});
