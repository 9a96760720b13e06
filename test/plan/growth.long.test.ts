/**
 * Graphs of ten thousand operations and more are planned at all, and what is planned grows with them and no faster. Ways to
 * plan whose time grew with the square of the graph would not end within the time a test has.
 */
import { describe, expect, it } from 'vitest';
import {
  Adam,
  compile,
  Dense,
  ReLU,
  Sequential,
  SGD,
  setDevice,
  softmaxCrossEntropy,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index.ts';
import { captureGraph } from '../../src/plan/capture.ts';
import type { Graph } from '../../src/plan/graph.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { makePlan } from '../../src/plan/planner.ts';
import { trace } from '../../src/tensor/recorder.ts';

function stack(depth: number): Sequential {
  const layers = Array.from({ length: depth }, () => [new Dense(4, 4), new ReLU()]).flat();
  return new Sequential([...layers, new Dense(4, 2)]);
}

/** A training step of so many layers, as a graph. */
function trainingGraph(depth: number): Graph {
  const model = stack(depth);
  const optimizer = new Adam(model.parameters());
  const outputs: Tensor[] = [];
  const { recorded } = trace(
    () => {
      const loss = softmaxCrossEntropy(model.call(zeros([2, 4])), zeros([2], 'int32'));
      loss.backward();
      void optimizer.step();
      outputs.push(loss);
    },
    () => undefined,
  );
  const updates = new Map([...recorded.updates].map(([variable, { value }]) => [variable, value] as const));
  return captureGraph(outputs, updates, 0).graph;
}

/** How much more there is of something than of a tenth of the network. */
function growth(of: (plan: Plan) => number, tenth: Plan, whole: Plan): number {
  return of(whole) / of(tenth);
}

describe('ten times the layers', () => {
  const [tenth, whole] = [300, 3000].map((depth) => makePlan(trainingGraph(depth)));

  it('are at most ten times the steps, buffers and bytes', () => {
    expect(growth(({ steps }) => steps.length, tenth, whole)).toBeLessThanOrEqual(10);
    expect(growth(({ buffers }) => buffers.length, tenth, whole)).toBeLessThanOrEqual(10);
    expect(growth(({ arenaBytes }) => arenaBytes, tenth, whole)).toBeLessThanOrEqual(10);
  });

  it('are merged as the tenth is: each layer adds the same steps', () => {
    const labels = ({ steps }: Plan): Map<string, number> => {
      const counts = new Map<string, number>();
      for (const { label } of steps) {
        const kind = label.replaceAll(/\d+/g, '#');
        counts.set(kind, (counts.get(kind) ?? 0) + 1);
      }
      return counts;
    };
    const small = labels(tenth);
    for (const [label, count] of labels(whole)) {
      expect((count - small.get(label)!) % (3000 - 300), label).toBe(0);
    }
  });
});

it('a thousand layers take a training step', async () => {
  setDevice('wasm', { threads: 1 });
  const model = stack(1000);
  const optimizer = new SGD(model.parameters(), { learningRate: 0.1 });
  const step = compile((x: Tensor, y: Tensor) => {
    const loss = softmaxCrossEntropy(model.call(x), y);
    loss.backward();
    void optimizer.step();
    return loss;
  });
  const loss = await step(zeros([2, 4]), tensor(Int32Array.of(0, 1)));
  expect(Number.isFinite(await loss.item())).toBe(true);
});
