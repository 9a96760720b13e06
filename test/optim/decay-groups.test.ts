/** Which parameters weight decay leaves alone, of layers and of every model. */
import { expect, test } from 'vitest';
import {
  AdamW,
  type AnyModule,
  ConvLSTM2D,
  Dense,
  decayGroups,
  Embedding,
  FillMissing,
  GRUD,
  LayerNorm,
  LRU,
  LSTM,
  Parameter,
  PositionEmbedding,
  RMSNorm,
  tensor,
} from '../../src/index.ts';

const decayed = (layer: AnyModule): string[] => {
  const [group] = decayGroups(layer.parameters());
  return 'weightDecay' in group ? [] : group.parameters.map(({ name }) => name);
};

test('matrices and kernels decay; biases, norms, positions and decays do not', () => {
  expect(decayed(new Dense(3, 2))).toEqual(['weight']);
  expect(decayed(new LSTM(3, 2))).toEqual(['cells.0.inputWeight', 'cells.0.recurrentWeight']);
  expect(decayed(new Embedding(4, 3))).toEqual(['weight']);
  expect(decayed(new LayerNorm([3, 2]))).toEqual([]);
  expect(decayed(new RMSNorm([3, 2]))).toEqual([]);
  expect(decayed(new PositionEmbedding([3, 2]))).toEqual([]);
  expect(decayed(new FillMissing([3, 2], 'learned'))).toEqual([]);
  expect(decayed(new GRUD(3, 2))).toEqual(['cells.0.inputWeight', 'cells.0.recurrentWeight']);
  const convolutional = new ConvLSTM2D(1, 2, 3, { peepholes: [4, 4] });
  expect(decayed(convolutional).filter((name) => name.includes('peephole'))).toEqual([]);
  expect(decayed(convolutional)).toHaveLength(2);
  const recurrence = decayed(new LRU(3, 2));
  expect(recurrence.filter((name) => /nu|theta|gamma|bias/i.test(name))).toEqual([]);
  expect(recurrence.length).toBeGreaterThan(0);
});

test('groups are each divided, and keep what else they say', () => {
  const [body, head] = [new Dense(3, 2), new Dense(2, 2)];
  const groups = decayGroups([
    { parameters: body.parameters(), learningRate: 1e-4 },
    { parameters: head.parameters(), weightDecay: 0.3 },
  ]);
  expect(groups).toEqual([
    { parameters: [body.weight], learningRate: 1e-4 },
    { parameters: [body.bias], learningRate: 1e-4, weightDecay: 0 },
    { parameters: [head.weight], weightDecay: 0.3 },
    { parameters: [head.bias], weightDecay: 0 },
  ]);
  expect(decayGroups(groups)).toEqual(groups);
});

test('a step without gradient shrinks what decays, and nothing else', async () => {
  const [weight, bias, own] = [
    new Parameter(tensor([[1, 2]]), 'weight'),
    new Parameter(tensor([1]), 'bias'),
    new Parameter(tensor([[3]]), 'own', { decays: false }),
  ];
  const parameters = [bias, weight, own];
  const optimizer = new AdamW(decayGroups(parameters), { learningRate: 0.1, weightDecay: 0.5 });
  for (const parameter of parameters)
    parameter.grad = tensor(new Float32Array(parameter.size), { shape: parameter.shape });
  await optimizer.step();
  expect(await weight.array()).toEqual([[expect.closeTo(0.95, 6), expect.closeTo(1.9, 6)]]);
  expect(await bias.array()).toEqual([1]);
  expect(await own.array()).toEqual([[3]]);
  expect(() => decayGroups([weight, weight])).toThrow(/twice/);
  expect(() => new Parameter(tensor([1]), 'x', { decay: true } as object)).toThrow(/unknown option "decay"/);
});
