/**
 * Nothing leaks: thousands of training steps, compiled and not, without any release call, leave the resident memory
 * flat. Memory is compared between two late points, so that the warm-up of the engine does not count.
 */
import { describe, expect, it } from 'vitest';
import {
  Adam,
  add,
  Conv2d,
  compile,
  Dense,
  Dropout,
  LSTM,
  MaxPool2d,
  matmul,
  memory,
  ones,
  Parameter,
  RowsToSequence,
  randint,
  randn,
  Sequential,
  scan,
  seed,
  softmaxCrossEntropy,
  type Tensor,
  tanh,
  zeros,
} from '../src/index.ts';

const collectGarbage = (globalThis as { gc?: () => void }).gc;

function convLstm(): Sequential {
  return new Sequential({
    conv: new Conv2d(1, 4, 3, { padding: 'same' }),
    pool: new MaxPool2d(2),
    rows: new RowsToSequence(),
    lstm: new LSTM(4 * 4, 8),
    dropout: new Dropout(0.25),
    head: new Dense(8, 3),
  });
}

/** Mebibytes resident after a collection. */
function residentAfterCollection(): number {
  collectGarbage?.();
  return process.memoryUsage().rss / 2 ** 20;
}

async function residentGrowth(step: () => Promise<void>, steps: number): Promise<number> {
  const samples: number[] = [];
  for (let index = 0; index < steps; index++) {
    await step();
    if (index % 100 === 99) samples.push(residentAfterCollection());
  }
  const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
  const half = samples.length / 2;
  // The first quarter is warm-up: compilers and caches fill.
  return median(samples.slice(half)) - median(samples.slice(half / 2, half));
}

describe('training steps by the thousand', () => {
  for (const [compiled, steps] of [
    [true, 10_000],
    [false, 2_000],
  ] as const) {
    it(`${steps} ${compiled ? 'compiled' : 'uncompiled'} leave the memory flat`, async () => {
      expect(collectGarbage, 'the test needs --expose-gc').toBeDefined();
      seed(1);
      const model = convLstm();
      const optimizer = new Adam(model.parameters(), { learningRate: 1e-3, clipNorm: 1 });
      const trainStep = async (x: Tensor, y: Tensor) => {
        const loss = softmaxCrossEntropy(model.call(x), y);
        loss.backward();
        await optimizer.step();
        return loss;
      };
      const step = compiled ? compile(trainStep) : trainStep;
      let variableBytes = 0;
      let arenaBytes = 0;
      let heapBytes = 0;
      let count = 0;
      const growth = await residentGrowth(async () => {
        const x = randn([8, 8, 8, 1]);
        const y = randint(0, 3, [8]);
        await x.data();
        await y.data();
        expect(Number.isFinite(await (await step(x, y)).item())).toBe(true);
        count++;
        if (count === 2) ({ variableBytes, arenaBytes, heapBytes } = memory());
      }, steps);
      expect(memory().arenaBytes).toBe(arenaBytes);
      expect(memory().heapBytes).toBe(heapBytes);
      expect(memory().variableBytes).toBeLessThanOrEqual(variableBytes);
      // Sixteen megabytes would be some kB a step; the pages of a garbage-collected heap come and go by a few.
      expect(growth).toBeLessThan(16);
      console.log(
        `${compiled ? 'compiled' : 'uncompiled'}: resident memory changed by ${growth.toFixed(1)} MiB, heap ${(heapBytes / 2 ** 20).toFixed(1)} MiB`,
      );
    });
  }
});

describe('loops of fifty lengths', () => {
  it('through one compiled function leave the memory flat', async () => {
    expect(collectGarbage, 'the test needs --expose-gc').toBeDefined();
    seed(1);
    const [features, hidden] = [4, 16];
    const input = new Parameter(randn([features, hidden]).mul(0.2), 'input');
    const recurrent = new Parameter(randn([hidden, hidden]).mul(0.2), 'recurrent');
    const optimizer = new Adam([input, recurrent], { learningRate: 1e-3 });
    const step = compile(async (x: Tensor) => {
      const { carry } = scan((h, xt) => ({ carry: tanh(add(matmul(xt, input), matmul(h, recurrent))) }), {
        initial: zeros([2, hidden]),
        inputs: x,
      });
      const loss = carry.square().mean();
      loss.backward();
      await optimizer.step();
      return loss;
    });
    const lengths = Array.from({ length: 50 }, (_, k) => 20 + 7 * k);
    /** Once through all lengths, from another one on each time. */
    let turn = 0;
    const through = async () => {
      turn++;
      for (let k = 0; k < lengths.length; k++) {
        const x = ones([2, lengths[(k + 7 * turn) % lengths.length], features]);
        expect(Number.isFinite(await (await step(x)).item())).toBe(true);
      }
    };
    await through();
    await through();
    const { heapBytes, variableBytes } = memory();
    const resident = residentAfterCollection();
    for (let k = 0; k < 6; k++) await through();
    expect(memory().heapBytes).toBe(heapBytes);
    expect(memory().variableBytes).toBeLessThanOrEqual(variableBytes);
    const growth = residentAfterCollection() - resident;
    expect(growth).toBeLessThan(16);
    console.log(
      `fifty lengths: resident memory changed by ${growth.toFixed(1)} MiB, heap ${(heapBytes / 2 ** 20).toFixed(1)} MiB`,
    );
  });
});
