/** A tensor is a value: what expressions of parameters mean after the parameters have changed, and what that costs. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WasmStorage } from '../../src/devices/wasm/storage.ts';
import {
  Adam,
  AdamW,
  BatchNorm,
  compile,
  Dense,
  GradientError,
  grad,
  NonFiniteError,
  Parameter,
  ReLU,
  randn,
  Sequential,
  SGD,
  seed,
  softmaxCrossEntropy,
  type Tensor,
  tensor,
} from '../../src/index.ts';

const labels = tensor(Int32Array.of(0, 1, 2, 0));

function network(): Sequential {
  return new Sequential({ body: new Dense(4, 6), relu: new ReLU(), head: new Dense(6, 3) });
}

afterEach(() => vi.restoreAllMocks());

describe('after a step', () => {
  it('logits, metrics and what was built beside the loss are those from before it', async () => {
    for (const lookFirst of [false, true]) {
      seed(1);
      const [model, x] = [network(), randn([4, 4])];
      const optimizer = new SGD(model.parameters(), { learningRate: 0.5 });
      const before = await model.call(x).array();
      const logits = model.call(x);
      const loss = softmaxCrossEntropy(logits, labels);
      const beside = model.call(x.mul(2)).sum();
      const expected = await model.call(x.mul(2)).sum().item();
      const right = logits.argMax().equal(labels).sum();
      loss.backward();
      if (lookFirst) await loss.item();
      await optimizer.step();
      expect(await logits.array()).toEqual(before);
      expect(await beside.item()).toBe(expected);
      expect(await right.item()).toBeGreaterThanOrEqual(0);
      expect(await model.call(x).array()).not.toEqual(before);
    }
  });

  it('another optimizer makes its step with the gradients of the same loss', async () => {
    const run = async (together: boolean, lookFirst: boolean) => {
      seed(2);
      const [model, x] = [network(), randn([4, 4])];
      const [body, head] = [model.modules['body'].parameters(), model.modules['head'].parameters()];
      const groups = new SGD([{ parameters: body }, { parameters: head, learningRate: 0.01 }], {
        learningRate: 0.1,
      });
      const [first, second] = [new SGD(body, { learningRate: 0.1 }), new SGD(head, { learningRate: 0.01 })];
      for (let step = 0; step < 3; step++) {
        const loss = softmaxCrossEntropy(model.call(x), labels);
        loss.backward();
        if (lookFirst) await loss.item();
        if (together) await groups.step();
        else {
          await first.step();
          await second.step();
        }
      }
      return model.stateDict();
    };
    const together = await run(true, false);
    expect(await run(false, false)).toEqual(together);
    expect(await run(false, true)).toEqual(together);
  });

  it('a game of two networks goes on, whatever was built or looked at before', async () => {
    const play = async (lookFirst: boolean, shared: boolean) => {
      seed(3);
      const generator = new Sequential([new Dense(2, 3), new ReLU(), new Dense(3, 2)]);
      const judge = new Sequential([new Dense(2, 3), new ReLU(), new Dense(3, 1)]);
      const [noise, real] = [randn([4, 2]), randn([4, 2])];
      const optimizers = [
        new SGD(judge.parameters(), { learningRate: 0.1 }),
        new SGD(generator.parameters(), { learningRate: 0.1 }),
      ];
      for (let round = 0; round < 3; round++) {
        const fake = generator.call(noise);
        const judged = judge.call(fake);
        const judgeLoss = judge
          .call(real)
          .sub(1)
          .square()
          .mean()
          .add((shared ? judged : judge.call(fake)).square().mean());
        const generatorLoss = judged.sub(1).square().mean();
        if (lookFirst) await Promise.all([judgeLoss.item(), generatorLoss.item()]);
        judgeLoss.backward(judge.parameters());
        await optimizers[0].step();
        generatorLoss.backward(generator.parameters());
        await optimizers[1].step();
      }
      return [await judge.stateDict(), await generator.stateDict()];
    };
    const expected = await play(false, false);
    for (const [lookFirst, shared] of [
      [true, false],
      [false, true],
      [true, true],
    ]) {
      expect(await play(lookFirst, shared)).toEqual(expected);
    }
  });

  it('a derivative of a loss that was not stepped is the one at the old value', async () => {
    const p = new Parameter(tensor([3]));
    const [first, second] = [p.square().sum(), p.pow(3).sum()];
    await second.item();
    first.backward();
    await new SGD([p], { learningRate: 1 }).step();
    expect(await p.array()).toEqual([-3]);
    expect(await grad(second, p).array()).toEqual([27]);
    const total = second.add(p.square().sum());
    expect(await grad(total, p).array()).toEqual([27 - 6]);
  });

  it('the graph of the loss is let go, which the error says', async () => {
    const [model, x] = [network(), randn([4, 4])];
    const logits = model.call(x);
    softmaxCrossEntropy(logits, labels).backward();
    await new SGD(model.parameters()).step();
    expect(logits.node.inputs).toEqual([]);
    expect(() => logits.sum().backward()).toThrow(GradientError);
    expect(() => logits.sum().backward()).toThrow(/let go after optimizer.step/);
  });
});

describe('old values are kept', () => {
  const step = async (model: Sequential, optimizer: Adam, x: Tensor, look: boolean): Promise<Tensor> => {
    const loss = softmaxCrossEntropy(model.call(x), labels);
    loss.backward();
    if (look) await loss.item();
    await optimizer.step();
    return loss;
  };

  it('by no loop that trains, and by no compiled step', async () => {
    const [model, x] = [network(), randn([4, 4])];
    const optimizer = new Adam(model.parameters());
    const compiled = compile((input: Tensor) => {
      const loss = softmaxCrossEntropy(model.call(input), labels);
      loss.backward();
      void optimizer.step();
      return loss;
    });
    await step(model, optimizer, x, false);
    const read = vi.spyOn(WasmStorage.prototype, 'read');
    let total = tensor(0);
    for (let index = 0; index < 3; index++) total = total.add(await step(model, optimizer, x, index === 1));
    await total.item();
    for (let index = 0; index < 3; index++) await compiled(x);
    expect(read).not.toHaveBeenCalled();
  });

  it('by none with running statistics that change before the step', async () => {
    const model = new Sequential({ body: new Dense(4, 6), norm: new BatchNorm(6), head: new Dense(6, 3) });
    const [optimizer, x] = [new Adam(model.parameters()), randn([4, 4])];
    await step(model, optimizer, x, true);
    const read = vi.spyOn(WasmStorage.prototype, 'read');
    for (let index = 0; index < 3; index++) await step(model, optimizer, x, index > 0);
    expect(read).not.toHaveBeenCalled();
  });

  it('for those who may read them, once, and only by variables that change', async () => {
    const [model, x] = [network(), randn([4, 4])];
    const optimizer = new SGD(model.modules['head'].parameters());
    const early = model.call(x);
    const expected = await model.call(x).array();
    const read = vi.spyOn(WasmStorage.prototype, 'read');
    for (let index = 0; index < 3; index++) {
      softmaxCrossEntropy(model.call(x), labels).backward(optimizer.parameters);
      await optimizer.step();
    }
    expect(read).toHaveBeenCalledTimes(2);
    expect(await early.array()).toEqual(expected);
  });
});

describe('requests that wait for their turn', () => {
  it('get the old values they need, though a later one lets go of the graph', async () => {
    const w = new Parameter(tensor([1, 2]));
    const double = compile(() => {
      w.assign(w.mul(2));
      return w.sum();
    });
    await double();
    const [loss, looked] = [w.square().sum(), w.pow(3).sum()];
    loss.backward();
    looked.backward();
    const [doubled, value] = [double(), looked.item()];
    // Asked for before the doubling has had its turn.
    const stepped = new SGD([w], { learningRate: 1 }).step();
    expect(await (await doubled).item()).toBe(12);
    expect(await value).toBe(72);
    await stepped;
    expect(await loss.item()).toBe(20);
    expect(await w.array()).toEqual([4 - 4 - 12, 8 - 8 - 48]);
  });

  it('mean the value of a variable whose change was refused, whatever it becomes', async () => {
    const w = new Parameter(tensor([1, 2]));
    const refused = compile(
      () => {
        w.assign(w.mul(2));
        return w.mul(Number.NaN).sum();
      },
      { requireFinite: true },
    );
    const call = refused();
    const built = w.mul(3);
    await expect(call).rejects.toThrow(NonFiniteError);
    await w.set(Float32Array.of(5, 5));
    expect(await built.array()).toEqual([3, 6]);
    expect(await w.array()).toEqual([5, 5]);
  });
});

describe('accumulate', () => {
  it('adds up what the next step uses, compiled and not', async () => {
    const run = async (way: 'whole' | 'plain' | 'compiled') => {
      seed(4);
      const [model, x] = [network(), randn([4, 4])];
      const optimizer = new AdamW(model.parameters(), { learningRate: 0.1, clipNorm: 1 });
      const part = (input: Tensor, target: Tensor): Tensor => {
        const loss = softmaxCrossEntropy(model.call(input), target).div(2);
        loss.backward();
        return loss;
      };
      const compiled = compile((input: Tensor, target: Tensor) => {
        const loss = part(input, target);
        void optimizer.accumulate();
        return loss;
      });
      const apply = compile(() => {
        void optimizer.step();
        return model.parameters()[0].sum();
      });
      for (let round = 0; round < 3; round++) {
        for (const rows of [
          [0, 2],
          [2, 4],
        ] as const) {
          const [input, target] = [x.slice([...rows]), labels.slice([...rows])];
          if (way === 'compiled') await compiled(input, target);
          else part(input, target);
          if (way === 'plain') await optimizer.accumulate();
        }
        await (way === 'compiled' && round > 0 ? apply() : optimizer.step());
      }
      expect(optimizer.stepCount).toBe(3);
      return (await model.stateDict())['body.weight'].data;
    };
    const whole = await run('whole');
    expect(Array.from(await run('plain'))).toEqual(Array.from(whole));
    expect(Array.from(await run('compiled'))).toEqual(Array.from(whole));
  });

  it('is over with the step: what has no gradient any more is not changed by the next ones', async () => {
    const [frozen, other] = [new Parameter(tensor([1])), new Parameter(tensor([1]))];
    const optimizer = new AdamW([frozen, other], { learningRate: 0.1, weightDecay: 0.5 });
    frozen.add(other).sum().backward();
    await optimizer.accumulate();
    await optimizer.step();
    frozen.trainable = false;
    const before = await frozen.array();
    frozen.add(other).sum().backward();
    await optimizer.step();
    expect(await frozen.array()).toEqual(before);
    await expect(async () => optimizer.step()).rejects.toThrow(GradientError);
  });

  it('is over with its step, whoever accumulated and whoever steps', async () => {
    for (const [isAccumulatedByCall, isSteppedByCall] of [
      [false, false],
      [false, true],
      [true, false],
      [true, true],
    ]) {
      const parameter = new Parameter(tensor([1]));
      const other = new Parameter(tensor([1]));
      const optimizer = new SGD([parameter, other], { learningRate: 1, momentum: 0.5 });
      const part = () => {
        const loss = parameter.mul(2).sum();
        loss.backward();
        return loss;
      };
      const accumulate = compile(() => {
        const loss = part();
        void optimizer.accumulate();
        return loss;
      });
      const record = () => {
        const loss = other.sum();
        loss.backward();
        return loss;
      };
      const step = compile(
        (scale: Tensor) => {
          const loss = record().mul(scale);
          void optimizer.step();
          return loss;
        },
        { requireFinite: true },
      );
      const makeStep = async () => {
        if (isSteppedByCall) return void (await step(tensor(1)));
        record();
        await optimizer.step();
      };
      for (const expected of [-3, -7]) {
        for (let batch = 0; batch < 2; batch++) {
          if (isAccumulatedByCall) await accumulate();
          else {
            part();
            await optimizer.accumulate();
          }
        }
        // A step that is refused takes nothing.
        if (isSteppedByCall) await expect(step(tensor(Number.NaN))).rejects.toThrow('finite');
        await makeStep();
        // Momentum carries each step half further than the one before.
        expect(await parameter.item()).toBe(expected === -3 ? -3 : -9);
        if (expected === -3) continue;
        // Nothing was accumulated since: the parameter stays, momentum or not.
        await makeStep();
        expect(await parameter.item()).toBe(-9);
      }
      expect(() => optimizer.step()).toThrow(GradientError);
    }
  });
});
