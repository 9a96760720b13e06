/** Loops in plans: nothing grows with T, what no carry needs leaves the loop, and `explain` shows what is left. */
import { describe, expect, it } from 'vitest';
import { emitPlan } from '../../src/devices/wasm/emit.ts';
import { placePlan, stretchesOf } from '../../src/devices/wasm/placement.ts';
import { planCodeOf } from '../../src/devices/wasm/plan-code.ts';
import { schedule } from '../../src/devices/wasm/schedule.ts';
import {
  add,
  explain,
  grad,
  matmul,
  multiply,
  type Plan,
  planOf,
  scan,
  sigmoid,
  split,
  sum,
  type Tensor,
  tanh,
  tensor,
  zeros,
} from '../../src/index.ts';
import { captureGraph } from '../../src/plan/capture.ts';
import type { PlanStep } from '../../src/plan/plan.ts';
import { makePlan } from '../../src/plan/planner.ts';
import { values } from '../nn/support.ts';

/** An LSTM by hand, with gradients of its outputs, and those of its last state in the weights alone. */
function lstm(batch: number, steps: number, features: number, hidden: number, recompute?: number) {
  const [wx, wh] = [values([features, 4 * hidden]), values([hidden, 4 * hidden], 1)];
  const x = tensor(new Float32Array(batch * steps * features), { shape: [batch, steps, features] });
  const start = zeros([batch, hidden]);
  const { outputs, carry } = scan(
    ({ h, c }, xt) => {
      const [i, f, g, o] = split(add(matmul(xt, wx), matmul(h, wh)), 4, 1);
      const cell = add(multiply(sigmoid(f), c), multiply(sigmoid(i), tanh(g)));
      const next = multiply(sigmoid(o), tanh(cell));
      return { carry: { h: next, c: cell }, output: next };
    },
    { initial: { h: start, c: start }, inputs: x, ...(recompute && { recompute }) },
  );
  return { outputs, gradients: grad(sum(outputs), [wx, wh, x]), ofLast: grad(sum(carry.h), [wx, wh]) };
}

function planBehind(tensors: readonly Tensor[]): Plan {
  return makePlan(captureGraph(tensors).graph);
}

/** The module of a plan on the wasm device, as bytes. */
function moduleBytes(plan: Plan): number {
  const code = planCodeOf(plan, { relaxedSimd: false });
  const placement = placePlan(plan, code.scratchBytes, code.threadScratchBytes);
  const memory = { shared: true, initialPages: 1, maximumPages: 65536 };
  return emitPlan(code, schedule(code, stretchesOf(plan, placement)), placement, memory).bytes.length;
}

/** The steps of a plan in words, loops with their bodies. */
function outline({ steps }: Plan): string[] {
  return steps.flatMap(({ contract, loop }) => [
    contract.name,
    ...(loop ? outline(loop.plan).map((each) => `  ${each}`) : []),
  ]);
}

/** All bytes that a plan needs on the wasm device beside inputs, results and variables. */
function workingBytes(plan: Plan): number {
  return plan.arenaBytes + planCodeOf(plan, { relaxedSimd: false }).scratchBytes;
}

describe('nothing grows with T', () => {
  const batch = 128;
  const plansOf = (lengths: readonly number[], tensorsOf: (loop: ReturnType<typeof lstm>) => Tensor[]) =>
    lengths.map((steps) => planBehind(tensorsOf(lstm(batch, steps, 28, 64))));

  it.each([
    ['the loop', [28, 112, 784], ({ outputs }) => [outputs]],
    ['with the gradient of its inputs', [28, 112, 784], ({ outputs, gradients }) => [outputs, gradients[2]]],
    // Their depth is T·N: beyond 16,384 a product has other code, which keeps its totals in float64.
    ['with those of weights', [28, 112], ({ outputs, gradients }) => [outputs, ...gradients]],
    ['with those of weights, long', [784, 1568], ({ outputs, gradients }) => [outputs, ...gradients]],
  ] as const satisfies readonly (readonly [string, readonly number[], Parameters<typeof plansOf>[1]])[])(
    '%s',
    (_, lengths, tensorsOf) => {
      const plans = plansOf(lengths, tensorsOf);
      const sizes = plans.map(moduleBytes);
      for (const size of sizes) expect(Math.abs(size / sizes[0] - 1), `${sizes}`).toBeLessThan(0.01);
      for (const plan of plans) expect(outline(plan)).toEqual(outline(plans[0]));
      for (const { buffers } of plans) expect(buffers.length).toBe(plans[0].buffers.length);
    },
  );

  it('neither does the graph that is captured', () => {
    const counts = [10, 1000].map((steps) => {
      const { outputs, gradients } = lstm(2, steps, 3, 4);
      const { graph } = captureGraph([outputs, ...gradients]);
      return graph.operations.length;
    });
    expect(counts[1]).toBe(counts[0]);
  });
});

describe('what leaves the loop', () => {
  const [batch, steps, features, hidden] = [4, 6, 5, 8];
  const { outputs, gradients } = lstm(batch, steps, features, hidden);
  const plan = planBehind([outputs, ...gradients]);
  const products = ({ steps }: Plan): PlanStep[] =>
    steps.filter(({ contract }) => contract.name === 'matmul');
  const shapesOf = ({ call }: PlanStep) => [...call.inputs, ...call.outputs].map(({ shape }) => shape);

  it('the input projection, once and before the loop', () => {
    const first = plan.steps.findIndex(({ loop }) => loop);
    const before = products({ ...plan, steps: plan.steps.slice(0, first) });
    expect(before.map(shapesOf)).toEqual([
      [
        [1, batch * steps, features],
        [1, features, 4 * hidden],
        [1, batch * steps, 4 * hidden],
      ],
    ]);
  });

  it('the gradients of weights and of the input, once each and behind the loops', () => {
    const last = plan.steps.findLastIndex(({ loop }) => loop);
    const behind = products({ ...plan, steps: plan.steps.slice(last) });
    const rows = behind.map((step) => step.call.outputs[0].shape.reduce((a, b) => a * b, 1));
    expect(rows.sort((a, b) => a - b)).toEqual(
      [features * 4 * hidden, hidden * 4 * hidden, batch * steps * features].sort((a, b) => a - b),
    );
  });

  it('no product stays inside but those with the carry', () => {
    const loops = plan.steps.flatMap(({ loop }) => (loop ? [loop] : []));
    expect(loops.length).toBe(2);
    for (const loop of loops) expect(products(loop.plan).length).toBe(1);
    expect(loops.map(({ reverse }) => reverse)).toEqual([false, true]);
  });
});

describe('memory', () => {
  it('with recompute is an eighth at 784 steps', () => {
    const [usual, less] = [undefined, 28].map((recompute) =>
      workingBytes(planBehind(lstm(16, 784, 28, 32, recompute).ofLast)),
    );
    expect(less).toBeLessThan(usual / 8);
  });
});

describe('explain', () => {
  it('shows a loop and its body', async () => {
    const w = values([3, 3]);
    const text = await explain(
      (x: Tensor) =>
        scan(
          (h: Tensor, xt: Tensor) => {
            const next = tanh(add(xt, matmul(h, w)));
            return { carry: next, output: next };
          },
          { initial: zeros([2, 3]), inputs: x },
        ).outputs,
      zeros([2, 5, 3]),
    );
    expect(text).toMatchInlineSnapshot(`
      "  #  computes  shape      FLOPs  bytes  reads        writes
      ---  --------  ---------  -----  -----  -----------  -------------
        0  copy      [2, 3]         0   24 B               @256
        1  copy      [5, 2, 3]      0  240 B  in1          @0
        2  scan × 5  [2, 3]       240  324 B  @256 @0 in0  @320 @128
      2.0  matmul    [1, 2, 3]     36   84 B  carry0 in0   @0
      2.1  add tanh  [2, 3]        12   72 B  @0[t] @0     next0=@128[t]
        3  copy      [2, 5, 3]      0  240 B  @128         out0

      4 kernels, 240 FLOPs, 828 B read and written, arena 384 B, 0 variables updated
      places: in = argument or data, var = parameter or state, out = result, @ = offset in the arena
      inside a loop: carry = as the step before left it, next = for the step behind, x[t] = a step's slice
      of what the loop reads, y[t] of what it writes, @ = offset in its own arena"
    `);
  });

  it('counts the work of all steps', async () => {
    const flopsOf = (plan: Plan) =>
      plan.steps.reduce((total, { contract, call }) => total + contract.flops(call), 0);
    const [once, often] = await Promise.all(
      [1, 10].map((steps) =>
        planOf(scan((h: Tensor) => ({ carry: matmul(h, h) }), { initial: values([8, 8]), steps }).carry),
      ),
    );
    expect(flopsOf(often)).toBe(10 * flopsOf(once));
  });
});
