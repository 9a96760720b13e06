/** Looking into models: the output of every layer, the gates and cells of every step. */
import { describe, expect, it } from 'vitest';
import {
  BatchNorm,
  Dense,
  Dropout,
  GRU,
  LSTM,
  layerOutputs,
  Module,
  matmul,
  OptionError,
  ReLU,
  Sequential,
  seed,
  type Tensor,
} from '../../src/index.ts';
import { randomState } from '../../src/tensor/random.ts';
import { errorOf, expectClose, int32, values } from './support.ts';

describe('layerOutputs', () => {
  it('gives the output of each layer by path, in evaluation mode, and changes nothing', async () => {
    seed(3);
    const model = new Sequential({
      body: new Sequential({ dense: new Dense(3, 4), norm: new BatchNorm(4), drop: new Dropout(0.5) }),
      head: new Dense(4, 2),
    });
    const [x, before] = [values([5, 3]), await model.stateDict()];
    const random = randomState();
    const evaluated = layerOutputs(model, x);
    const trained = layerOutputs(model, x, { mode: 'train' });
    expect(randomState()).toEqual(random);
    for (const outputs of [evaluated, trained]) {
      expect(Object.keys(outputs)).toEqual(['body.dense', 'body.norm', 'body.drop', 'body', 'head', '']);
    }
    expect(evaluated['body.drop'].shape).toEqual([5, 4]);
    await expectClose(evaluated['body.drop'], evaluated['body.norm']);
    const dropped = await trained['body.drop'].equal(0).cast('float32').sum().item();
    expect(dropped).toBeGreaterThan(0);
    await expectClose(trained['body.norm'].mean(0), [0, 0, 0, 0]);
    expect(await model.stateDict()).toEqual(before);
    expect(model.training).toBe(true);
    await expectClose(evaluated[''], model.eval().call(x));
  });

  it('names calls of one layer apart', () => {
    class Twice extends Module {
      readonly relu = new ReLU();
      forward(x: Tensor): Tensor {
        return this.relu.call(this.relu.call(x).neg());
      }
    }
    expect(Object.keys(layerOutputs(new Twice(), values([2])))).toEqual(['relu', 'relu#2', '']);
  });

  it('refuses what is no model', () => {
    // @ts-expect-error what JavaScript may pass
    expect(errorOf(() => layerOutputs(values([2]), new ReLU()))).toBeInstanceOf(OptionError);
  });
});

describe('run', () => {
  const x = values([2, 4, 3]);

  it.each([true, false])(
    'an LSTM gives cells and gates i, f, g, o of each step (fused: %s)',
    async (fused) => {
      seed(1);
      const lstm = new LSTM(3, 5, { fused });
      const { output, cells, gates, h, c } = lstm.run({ x });
      expect([output, cells, gates].map(({ shape }) => shape)).toEqual([
        [2, 4, 5],
        [2, 4, 5],
        [2, 4, 20],
      ]);
      const [i, f, g, o] = gates.split(4, -1) as [Tensor, Tensor, Tensor, Tensor];
      await expectClose(o.mul(cells.tanh()), output);
      const before = cells.slice(null, [0, 3]);
      await expectClose(
        f
          .slice(null, [1, 4])
          .mul(before)
          .add(i.mul(g).slice(null, [1, 4])),
        cells.slice(null, [1, 4]),
      );
      await expectClose(cells.slice(null, 3), c.slice(0));
      await expectClose(output.slice(null, 3), h.slice(0));
      const { inputWeight, inputBias, recurrentBias } = lstm.cells[0];
      const first = matmul(x.slice(null, 0), inputWeight).add(inputBias!).add(recurrentBias!);
      await expectClose(first.slice(null, [0, 5]).sigmoid(), i.slice(null, 0));
    },
  );

  it('a GRU gives gates r, z, n of each step', async () => {
    seed(1);
    const gru = new GRU(3, 5);
    const { output, gates } = gru.run({ x });
    expect(gates.shape).toEqual([2, 4, 15]);
    const [, z, n] = gates.split(3, -1) as [Tensor, Tensor, Tensor];
    const [from, to] = [output.slice(null, [0, 3]), output.slice(null, [1, 4])];
    const [keep, next] = [z.slice(null, [1, 4]), n.slice(null, [1, 4])];
    await expectClose(keep.mul(from).add(keep.neg().add(1).mul(next)), to);
  });

  it('of the last layer, directions joined, 0 at padding', async () => {
    seed(1);
    const lstm = new LSTM(3, 5, { layers: 2, bidirectional: true });
    const { output, cells, gates } = lstm.run({ x, lengths: int32([4, 2]) });
    expect([output, cells, gates].map(({ shape }) => shape.at(-1))).toEqual([10, 10, 40]);
    const padding = [cells, gates].map((each) => each.slice(1, [2, 4]).abs().max());
    expect(await Promise.all(padding.map((each) => each.item()))).toEqual([0, 0]);
  });
});
