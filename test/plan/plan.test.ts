/** The planner alone: what fuses, what stays apart, what the graph removes, and what a structure's key tells apart. */
import { describe, expect, it } from 'vitest';
import { CpuDevice } from '../../src/devices/cpu/device.ts';
import { Evaluator } from '../../src/devices/evaluator.ts';
import {
  Dense,
  explain,
  full,
  grad,
  LSTM,
  matmul,
  pad,
  planOf as planOfFunction,
  SGD,
  stopGradient,
  sum,
  type Tensor,
  tensor,
  transpose,
  where,
} from '../../src/index.ts';
import { captureGraph } from '../../src/plan/capture.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { makePlan } from '../../src/plan/planner.ts';
import { Numbers } from '../support/numbers.ts';

const numbers = new Numbers(5);

function planOf(...outputs: Tensor[]): Plan {
  return makePlan(captureGraph(outputs).graph);
}

function kernels(plan: Plan): string[] {
  return plan.steps.map(({ contract }) => contract.name);
}

describe('fusion', () => {
  it('makes one kernel of an elementwise chain with broadcasts and movement', () => {
    const x = numbers.real([4, 3]);
    const y = numbers.real([3, 1]);
    const z = transpose(x).flip(0).add(y).tanh().mul(transpose(x)).sub(1);
    expect(kernels(planOf(z))).toEqual(['elementwise']);
    expect(planOf(z).arenaBytes).toBe(0);
  });

  it('feeds a reduction without writing its operand', () => {
    const x = numbers.real([4, 3]);
    expect(kernels(planOf(x.sub(1).square().sum(0)))).toEqual(['reduce']);
  });

  it('computes two results of one space in one kernel', () => {
    const x = numbers.real([8]);
    const plan = planOf(x.exp(), x.mul(2), x.exp().add(x));
    expect(kernels(plan)).toEqual(['elementwise']);
    expect(plan.steps[0].outputs).toHaveLength(3);
  });

  it('computes a common subexpression once', () => {
    const x = numbers.real([3, 3]);
    const y = numbers.real([3, 3]);
    const plan = planOf(matmul(x, y).add(matmul(x, y)));
    expect(kernels(plan)).toEqual(['matmul', 'elementwise']);
  });

  it('turns transposes of matrix operands into flags', () => {
    const plan = planOf(matmul(transpose(numbers.real([4, 3])), transpose(numbers.real([5, 4]))));
    expect(kernels(plan)).toEqual(['matmul']);
    expect(plan.steps[0].call.attributes).toEqual({ transposeA: true, transposeB: true });
  });

  it('removes what changes nothing', () => {
    const x = numbers.real([2, 3]);
    const same = x.reshape(3, 2).reshape(2, 3).permute(1, 0).permute(1, 0).mul(1).div(1).neg().neg();
    const plan = planOf(stopGradient(same).exp());
    expect(plan.steps).toHaveLength(1);
    const { instructions } = plan.steps[0].call.attributes as { instructions: { operator: string }[] };
    expect(instructions.map(({ operator }) => operator)).toEqual(['exp']);
  });

  it('leaves out what nobody asked for', () => {
    const x = numbers.real([3]);
    x.exp().sum();
    expect(planOf(x.neg()).steps).toHaveLength(1);
  });

  it('names the outputs of a kernel that nobody reads', () => {
    const [lstm, x] = [new LSTM(3, 4), numbers.real([2, 5, 3])];
    const unread = (...outputs: Tensor[]) =>
      planOf(...outputs).steps.flatMap(({ contract, call }) =>
        contract.name === 'lstm' ? [call.unread] : [],
      );
    expect(unread(lstm.call(x))).toEqual([[1, 2]]);
    expect(unread(lstm.run({ x }).c)).toEqual([[0, 2]]);
    expect(unread(lstm.call(x), grad(lstm.call(x).sum(), x))).toEqual([undefined]);
  });

  it('gives constants no memory', () => {
    const plan = planOf(
      numbers
        .real([3])
        .add(full([3], 2))
        .mul(full([], 0.5)),
    );
    expect(plan.inputs).toHaveLength(1);
    expect(plan.buffers).toHaveLength(2);
  });
});

describe('numbers that JSON does not know', () => {
  const x = tensor([1, 2]);
  const around = (value: number) => pad(x, [[1, 1]], value);

  it.each([
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
    [Number.NaN, Number.POSITIVE_INFINITY],
    [0, -0],
  ])('paddings with %d and %d are two values', async (a, b) => {
    const choose = tensor([true, false, true, false]);
    const result = await where(choose, around(a), around(b)).data();
    expect(Array.from(result)).toEqual([a, 1, 2, b]);
    const swapped = await where(choose, around(b), around(a)).data();
    expect(Array.from(swapped)).toEqual([b, 1, 2, a]);
  });

  it.each([
    [0, -0],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  ])('one plan each for padding with %d and %d', async (a, b) => {
    const [first, second] = [around(a).neg(), around(b).neg()];
    expect(Array.from(await first.data())).toEqual([-a, -1, -2, -a]);
    expect(Array.from(await second.data())).toEqual([-b, -1, -2, -b]);
  });

  it('pads a constant of 0 with -0', async () => {
    const padded = pad(full([1], 0), [[1, 0]], -0);
    expect(Array.from(await padded.data())).toEqual([-0, 0]);
  });
});

describe('constants', () => {
  it('fold to what the kernels would compute', async () => {
    const folded = full([1], 0.1)
      .add(full([1], 0.2))
      .mul(full([1], 0.7));
    const [a, b, c] = [tensor([0.1]), tensor([0.2]), tensor([0.7])];
    expect(await folded.data()).toEqual(await a.add(b).mul(c).data());
  });

  it('convert to another dtype and back as data does', async () => {
    const convert = (x: Tensor) => x.cast('float32').cast('int32');
    const big = 2 ** 24 + 1;
    const constant = convert(full([1], big, 'int32'));
    expect(await constant.data()).toEqual(await convert(tensor([big], { dtype: 'int32' })).data());
    const huge = full([1], 3e9).cast('int32');
    expect(await huge.data()).toEqual(await tensor([3e9]).cast('int32').data());
  });
});

describe('plan cache', () => {
  const evaluator = new Evaluator(new CpuDevice());
  const prepared = (build: (x: Tensor, y: Tensor) => Tensor, shape = [2, 3]) =>
    evaluator.prepare(captureGraph([build(numbers.real(shape), numbers.real(shape))]).graph).executable;

  it('gives equal structures one plan, whatever the values', () => {
    const build = (x: Tensor, y: Tensor) => sum(x.mul(y).tanh(), 0);
    expect(prepared(build)).toBe(prepared(build));
  });

  it.each<[string, (x: Tensor, y: Tensor) => Tensor, (x: Tensor, y: Tensor) => Tensor]>([
    ['operations', (x, y) => x.add(y), (x, y) => x.mul(y)],
    ['operands', (x, y) => x.sub(y), (x, y) => y.sub(x)],
    ['constants', (x) => x.mul(2), (x) => x.mul(3)],
    ['attributes', (x) => x.sum(0), (x) => x.sum(1).slice([0, 1])],
    [
      'paddings of signed zero',
      (x) =>
        x.pad(
          [
            [1, 0],
            [0, 0],
          ],
          0,
        ),
      (x) =>
        x.pad(
          [
            [1, 0],
            [0, 0],
          ],
          -0,
        ),
    ],
    ['sharing', (x) => x.exp().add(x.exp()), (x, y) => x.exp().add(y.exp())],
  ])('tells different %s apart', (_, first, second) => {
    expect(prepared(first)).not.toBe(prepared(second));
  });

  it('tells shapes apart', () => {
    const build = (x: Tensor, y: Tensor) => x.add(y);
    expect(prepared(build)).not.toBe(prepared(build, [3, 2]));
  });

  it('forgets the plan that was not used for longest', () => {
    const build = (count: number) => (x: Tensor) => x.add(count);
    const oldest = prepared(build(1000));
    const kept = prepared(build(1001));
    for (let count = 0; count < 63; count++) {
      prepared(build(count));
      expect(prepared(build(1001))).toBe(kept);
    }
    expect(prepared(build(1000))).not.toBe(oldest);
  });
});

describe('padded constants', () => {
  const ones = () => full([2], 1);
  const padding = [[1, 1]] as const;

  it('are padded', async () => {
    expect(await pad(ones(), padding).array()).toEqual([0, 1, 1, 0]);
    expect(
      await pad(ones(), padding, 3)
        .add(tensor([1, 2, 3, 4]))
        .array(),
    ).toEqual([4, 3, 4, 7]);
    expect(await pad(ones(), padding).flip().mul(2).sum().item()).toBe(4);
    expect(await pad(pad(ones(), padding, 5), padding, 7).array()).toEqual([7, 5, 1, 1, 5, 7]);
    expect(await pad(ones(), padding).add(ones().sum()).array()).toEqual([2, 3, 3, 2]);
  });

  it('come from the gradient of a slice', async () => {
    const x = tensor([1, 2, 3, 4]);
    expect(await grad(x.slice([1, 3]).sum(), x).array()).toEqual([0, 1, 1, 0]);
  });
});

describe('the parts of a training step', () => {
  const step = async (x: Tensor): Promise<Tensor> => {
    const layer = new Dense(3, 2);
    const optimizer = new SGD(layer.parameters());
    const loss = layer.call(x).square().sum();
    loss.backward();
    await optimizer.step();
    return loss;
  };

  it('are told apart: what is fused of several belongs to each, and what is written out to whoever reads it', async () => {
    const { steps } = await planOfFunction(step, numbers.real([4, 3]));
    const parts = steps.map((each) => each.parts.join(' and '));
    expect(new Set(parts)).toEqual(
      new Set(
        ['forward', 'gradient', 'update', 'forward and gradient'].filter((part) => parts.includes(part)),
      ),
    );
    expect(parts).toEqual(expect.arrayContaining(['forward', 'gradient', 'update']));
    expect(parts[0]).toBe('forward');
    expect(parts.at(-1)).toBe('update');
    expect(planOf(numbers.real([4]).exp()).steps[0].parts).toEqual(['forward']);
  });

  it('add up to the totals, within 100 columns', async () => {
    const plan = await planOfFunction(step, numbers.real([4, 3]));
    const text = await explain(step, numbers.real([4, 3]));
    for (const heading of ['forward:', 'gradient:', 'update:']) expect(text.split('\n')).toContain(heading);
    const rows = [...text.matchAll(/^(?:forward|gradient|update)[a-z ]* {2,}(\d+) /gm)].map(([, count]) =>
      Number(count),
    );
    expect(rows.reduce((sum, count) => sum + count, 0)).toBe(plan.steps.length);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });
});
