/** Cells of one's own: what a subclass of RecurrentLayer gets for one step, whichever way its output goes. */
import { describe, expect, it } from 'vitest';
import {
  Adam,
  type CellPass,
  type CellRun,
  type CellStep,
  type CellWeights,
  concat,
  Dense,
  grad,
  type HiddenState,
  linearRecurrence,
  moduleFromConfig,
  moduleToConfig,
  ones,
  type Parameter,
  RecurrentLayer,
  type RecurrentOptions,
  RNN,
  Sequential,
  seed,
  softmaxCrossEntropy,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index.ts';
import { errorOf, expectClose, int32, values } from './support.ts';

interface Weights {
  readonly input: Parameter;
  readonly recurrent: Parameter;
}

interface State {
  readonly h: Tensor;
  readonly count: Tensor;
}

/** Counts its steps, and gives the square of its state scaled by an option of its own. */
class Counting extends RecurrentLayer<Weights, State, { readonly scale: number }> {
  protected readonly stateNames = ['h', 'count'] as const;

  constructor(inputs: number, hidden: number, options: RecurrentOptions & { readonly scale?: number } = {}) {
    super(inputs, hidden, options, { scale: 2 });
  }

  protected cellWeights(features: number): Weights {
    const { hidden } = this;
    return { input: this.weight([features, hidden]), recurrent: this.weight([hidden, hidden]) };
  }

  protected step({ input, recurrent }: Weights, { h, count }: State, xt: Tensor): CellStep<State> {
    const next = xt.matmul(input).add(h.matmul(recurrent)).tanh();
    return { state: { h: next, count: count.add(1) }, output: next.square().mul(this.options.scale) };
  }
}

const noNoise = { inputDropout: 0, recurrentDropout: 0, zoneout: 0 };
const [batch, steps, features, hidden] = [4, 5, 3, 4];
const x = values([batch, steps, features]);
const mask = tensor([
  [true, true, true, false, false],
  [false, false, true, true, true],
  [true, false, true, true, false],
  [false, false, false, false, false],
]);

/** The steps of one cell of `Counting`, written out: its outputs [N, T, H], and the last of them that is real. */
function written({ input, recurrent }: Weights, sequence: Tensor, reverse: boolean) {
  const outputs: Tensor[] = [];
  let [h, last] = [zeros([batch, hidden]), zeros([batch, hidden])];
  let count = zeros([batch, 1]);
  for (let position = 0; position < steps; position++) {
    const t = reverse ? steps - 1 - position : position;
    const real = mask.slice(null, [t, t + 1]);
    const next = sequence.slice(null, t).matmul(input).add(h.matmul(recurrent)).tanh();
    const output = next.square().mul(3);
    outputs[t] = real.where(output, 0);
    h = real.where(next, h);
    last = real.where(output, last);
    count = count.add(real.cast('float32'));
  }
  return {
    outputs: concat(
      outputs.map((each) => each.expandDims(1)),
      1,
    ),
    h,
    last,
    count,
  };
}

describe('a cell with an output of its own', () => {
  const make = () => {
    seed(5);
    return new Counting(features, hidden, { layers: 2, bidirectional: true, scale: 3 });
  };

  it('is stacked, read in both directions, masked and differentiated', async () => {
    const layer = make();
    const run = layer.run({ x, mask });
    const firsts = [false, true].map((reverse, cell) => written(layer.cells[cell]!, x, reverse));
    const between = concat(
      firsts.map(({ outputs }) => outputs),
      -1,
    );
    const seconds = [false, true].map((reverse, cell) => written(layer.cells[2 + cell]!, between, reverse));
    const wanted = concat(
      seconds.map(({ outputs }) => outputs),
      -1,
    );
    await expectClose(run.output, wanted);
    await expectClose(
      layer.call({ x, mask }),
      concat(
        seconds.map(({ last }) => last),
        -1,
      ),
    );
    for (const [cell, { h, count }] of [...firsts, ...seconds].entries()) {
      await expectClose(run.h.slice(cell), h);
      await expectClose(run.count.slice(cell), count.broadcastTo([batch, hidden]));
    }
    const direction = values(wanted.shape, 3);
    const targets = [x, ...layer.parameters()];
    const [ours, theirs] = [run.output, wanted].map((each) => grad(each.mul(direction).sum(), targets));
    for (const [index, each] of ours!.entries()) await expectClose(each, theirs![index]!);
  });

  it('gives the output of the last step that it reads', async () => {
    const layer = make();
    const every = layer.run({ x }).output;
    const ends = [every.slice(null, -1, [0, hidden]), every.slice(null, 0, [hidden, null])];
    await expectClose(layer.call(x), concat(ends, -1));
    await expectClose(layer.call({ x, lengths: int32([5, 5, 5, 5]) }), concat(ends, -1));
  });

  it('continues from its final states', async () => {
    seed(2);
    const layer = new Counting(features, hidden);
    const whole = layer.run({ x });
    const first = layer.run({ x: x.slice(null, [0, 2]) });
    const { h, count } = first;
    const second = layer.run({ x: x.slice(null, [2, null]), initialState: { h, count } });
    await expectClose(second.h, whole.h);
    await expectClose(second.count, zeros([1, batch, hidden]).add(steps));
    await expectClose(second.output, whole.output.slice(null, [2, null]));
  });

  it('is described with its own options, and made again by a table of classes', async () => {
    const layer = make();
    expect(layer.config()).toEqual([
      features,
      hidden,
      {
        layers: 2,
        bidirectional: true,
        dropout: 0,
        output: 'last',
        ...noNoise,
        nanIsMissing: false,
        scale: 3,
      },
    ]);
    const model = new Sequential({ cell: layer });
    const again = moduleFromConfig(JSON.parse(JSON.stringify(moduleToConfig(model, { Counting }))), {
      Counting,
    });
    await again.loadStateDict(await model.stateDict());
    expect(await again.call(x).data()).toEqual(await model.call(x).data());
    expect(model.namedParameters().map(([path]) => path)).toContain('cell.cells.3.recurrent');
    expect(errorOf(() => moduleToConfig(model)).message).toContain('Counting');
  });
});

it('parts of a cell may be modules', async () => {
  class OfModules extends RecurrentLayer<{ readonly update: Dense }, { readonly h: Tensor }> {
    protected readonly stateNames = ['h'] as const;

    protected cellWeights(features: number) {
      return { update: new Dense(features + this.hidden, this.hidden) };
    }

    protected step({ update }: { readonly update: Dense }, { h }: { readonly h: Tensor }, xt: Tensor) {
      return { state: { h: update.call(concat([xt, h], -1)).tanh() } };
    }
  }
  seed(1);
  const layer = new OfModules(features, hidden);
  const plain = new RNN(features, hidden);
  expect(layer.namedParameters().map(([path]) => path)).toEqual([
    'cells.0.update.weight',
    'cells.0.update.bias',
  ]);
  const { weight, bias } = layer.cells[0]!.update;
  await plain.cells[0]!.inputWeight.set(await weight.slice([0, features]).data());
  await plain.cells[0]!.recurrentWeight.set(await weight.slice([features, null]).data());
  await plain.cells[0]!.inputBias!.set(await bias!.data());
  await plain.cells[0]!.recurrentBias!.set(new Float32Array(hidden));
  await expectClose(layer.call({ x, mask }), plain.call({ x, mask }));
});

it('trains as part of a model', async () => {
  seed(4);
  const model = new Sequential({ cell: new Counting(features, 8, { layers: 2 }), head: new Dense(8, 2) });
  const optimizer = new Adam(model.parameters(), { learningRate: 0.02 });
  const y = int32([0, 1, 0, 1]);
  const losses: number[] = [];
  for (let step = 0; step < 20; step++) {
    const loss = softmaxCrossEntropy(model.call(x), y);
    loss.backward();
    optimizer.step();
    losses.push(await loss.item());
  }
  expect(losses.at(-1)!).toBeLessThan(losses[0]! / 2);
});

describe('errors name the layer', () => {
  /** A cell whose step gives something else. */
  function wrong(step: (h: Tensor, xt: Tensor) => unknown): () => Tensor {
    class Wrong extends RecurrentLayer<object, { readonly h: Tensor }> {
      protected readonly stateNames = ['h'] as const;
      protected cellWeights() {
        return {};
      }
      protected step(_: object, { h }: { readonly h: Tensor }, xt: Tensor) {
        return step(h, xt) as CellStep<{ readonly h: Tensor }>;
      }
    }
    const model = new Sequential({ cell: new Wrong(features, hidden) });
    return () => model.call(x);
  }

  const cases: readonly (readonly [string, (h: Tensor, xt: Tensor) => unknown, string])[] = [
    [
      'an output of other features',
      (h, xt) => ({ state: { h }, output: xt }),
      'Wrong "cell" output of a step: got [N=4, H=3], expected [N=4, H=4].',
    ],
    ['no object', (h) => h, 'Wrong "cell" step: got a Tensor'],
    ['nothing', () => undefined, 'Wrong "cell" step: got undefined'],
    [
      'a state of another shape',
      (_, xt) => ({ state: { h: xt } }),
      'layer "cell", carry.h after a step: got float32[4, 3]',
    ],
    ['a state that is missing', () => ({ state: {} }), 'layer "cell"'],
    ['a state too many', (h) => ({ state: { h, c: h } }), 'carry.c after a step'],
    ['an unknown part', (h) => ({ state: { h }, outputs: h }), 'unknown option "outputs"'],
  ];
  it.each(cases)('%s', (_, step, message) => {
    expect(errorOf(wrong(step)).message).toContain(message);
  });

  it('an option that nobody knows', () => {
    const options = { scales: 3 } as RecurrentOptions;
    expect(errorOf(() => new Counting(2, 3, options)).message).toContain(
      'Counting: got unknown option "scales"',
    );
  });
});

it('a pass of one’s own, by a linear recurrence, is what its steps are: minGRU', async () => {
  type Gates = { readonly gate: Parameter; readonly candidate: Parameter };

  class MinGru extends RecurrentLayer<Gates, HiddenState> {
    protected readonly stateNames = ['h'] as const;

    protected cellWeights(inputs: number): Gates {
      return { gate: this.weight([inputs, this.hidden]), candidate: this.weight([inputs, this.hidden]) };
    }

    protected step(weights: Gates, { h }: HiddenState, xt: Tensor): CellStep<HiddenState> {
      const kept = xt.matmul(weights.gate).sigmoid();
      return { state: { h: kept.mul(h).add(kept.neg().add(1).mul(xt.matmul(weights.candidate))) } };
    }
  }

  class Parallel extends MinGru {
    protected override runCell(pass: CellPass<Gates, HiddenState>): CellRun<HiddenState> {
      const real = pass.mask?.expandDims(-1) ?? ones([1, 1, 1], { dtype: 'bool' });
      const kept = real.where(pass.x.matmul(pass.weights.gate).sigmoid(), 1);
      const added = kept.neg().add(1).mul(pass.x.matmul(pass.weights.candidate));
      const { reverse, state } = pass;
      const h = linearRecurrence(kept, added, { initial: state.h, reverse });
      return { outputs: h, state: { h: h.slice(null, reverse ? 0 : -1) } };
    }
  }
  const [serial, parallel] = [MinGru, Parallel].map((Class) => {
    seed(6);
    return new Class(features, hidden, { layers: 2, bidirectional: true });
  });
  const initialState = { h: values([4, batch, hidden], 7) };
  for (const input of [{ x }, { x, mask, initialState }, { x, lengths: int32([5, 3, 1, 0]) }]) {
    const [a, b] = [serial!.run(input), parallel!.run(input)];
    await expectClose(b.output, a.output);
    await expectClose(b.h, a.h);
    await expectClose(parallel!.call(input), serial!.call(input));
    const [ours, theirs] = [a, b].map(({ output }) => grad(output.square().sum(), x));
    await expectClose(ours!, theirs!);
  }
});

it('a pass of one’s own may be asked after the step for what it built', async () => {
  class Kept extends RNN {
    twice: Tensor | undefined;

    protected override runCell(pass: CellPass<CellWeights, HiddenState>): CellRun<HiddenState> {
      const run = super.runCell(pass);
      this.twice = run.outputs.mul(2);
      return run;
    }
  }
  seed(3);
  const layer = new Kept(features, hidden);
  const wanted = await layer.run({ x }).output.mul(2).data();
  const optimizer = new Adam(layer.parameters(), { learningRate: 0.5 });
  layer.call(x).sum().backward();
  optimizer.step();
  expect(await layer.twice!.data()).toEqual(wanted);
});
