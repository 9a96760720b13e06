/**
 * How the work before a first run grows with the depth of a network: the graph of a training step by Adam is differentiated,
 * captured, planned, written and compiled, each timed by itself.
 */

import { emitPlan } from '../../src/devices/wasm/emit.ts';
import { placePlan, stretchesOf } from '../../src/devices/wasm/placement.ts';
import { planCodeOf } from '../../src/devices/wasm/plan-code.ts';
import { schedule } from '../../src/devices/wasm/schedule.ts';
import { compileModule } from '../../src/devices/wasm/webassembly.ts';
import { Adam, type Sequential, softmaxCrossEntropy, type Tensor } from '../../src/index.ts';
import { captureGraph } from '../../src/plan/capture.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { makePlan } from '../../src/plan/planner.ts';
import { type Recorder, trace } from '../../src/tensor/recorder.ts';
import type { Case, Step } from './case.ts';
import { examples, labels } from './data.ts';
import { convolutionStack, denseStack } from './models.ts';

/** The parts, in the order in which a first step does them. */
export const growthParts = ['gradient', 'capture', 'plan', 'emit', 'compile'] as const;
export type GrowthPart = (typeof growthParts)[number];

/** Networks that differ in depth alone. */
export interface GrowthFamily {
  readonly name: string;
  readonly depths: readonly number[];
  make(depth: number): { readonly model: Sequential; readonly x: Tensor };
}

const batch = 8;

export const growthFamilies: readonly GrowthFamily[] = [
  {
    name: 'dense-relu',
    depths: [10, 100, 1000],
    make: (depth) => ({ model: denseStack(depth), x: examples([batch, 16]) }),
  },
  {
    name: 'conv-norm-relu',
    depths: [5, 20, 50, 100],
    make: (depth) => ({ model: convolutionStack(depth), x: examples([batch, 8, 8, 1]) }),
  },
];

/** What the row of a part is called. */
export function growthName(family: GrowthFamily, depth: number, part: GrowthPart): string {
  return `growth-${family.name}-${depth}-${part}`;
}

/** A training step that was recorded, with the milliseconds that the gradient took. */
interface Recorded {
  readonly loss: Tensor;
  readonly recorded: Recorder;
  readonly gradientMs: number;
}

function record(model: Sequential, x: Tensor): Recorded {
  const optimizer = new Adam(model.parameters());
  let gradientMs = 0;
  const { recorded, finished: loss } = trace(
    () => {
      const loss = softmaxCrossEntropy(model.call(x), labels(batch, 10));
      const start = performance.now();
      loss.backward();
      gradientMs = performance.now() - start;
      void optimizer.step();
      return loss;
    },
    (loss) => loss,
  );
  if (loss instanceof Promise) throw new Error('nothing of a training step is waited for');
  return { loss, recorded, gradientMs };
}

function graphOf({ loss, recorded }: Recorded) {
  const updates = new Map([...recorded.updates].map(([variable, { value }]) => [variable, value] as const));
  return captureGraph([loss], updates, 0).graph;
}

function moduleOf(plan: Plan): Uint8Array<ArrayBuffer> {
  const code = planCodeOf(plan, { relaxedSimd: false });
  const placement = placePlan(plan, code.scratchBytes, code.threadScratchBytes);
  const scheduled = schedule(code, stretchesOf(plan, placement));
  const memory = { shared: true, initialPages: 1, maximumPages: 1 };
  return emitPlan(code, scheduled, placement, memory).bytes;
}

/** A module with a number at its end, in a section that means nothing: engines keep what they compiled, by its bytes. */
function withNumber(module: Uint8Array<ArrayBuffer>, number: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(module.length + 5);
  bytes.set(module);
  bytes.set([0x00, 0x03, 0x00, number & 0x7f, (number >> 7) & 0x7f], module.length);
  return bytes;
}

/** The function that does one part, on what the parts before it have made. */
const steps: Readonly<Record<GrowthPart, (model: Sequential, x: Tensor) => Step>> = {
  gradient: (model, x) => async () => ({ overriddenDuration: record(model, x).gradientMs }),
  capture: (model, x) => {
    const recorded = record(model, x);
    return async () => graphOf(recorded);
  },
  plan: (model, x) => {
    const graph = graphOf(record(model, x));
    return async () => makePlan(graph);
  },
  emit: (model, x) => {
    const plan = makePlan(graphOf(record(model, x)));
    return async () => moduleOf(plan);
  },
  compile: (model, x) => {
    const bytes = moduleOf(makePlan(graphOf(record(model, x))));
    let count = 0;
    return () => compileModule(withNumber(bytes, count++), true);
  },
};

export const growthCases: readonly Case[] = growthFamilies.flatMap((family) =>
  family.depths.flatMap((depth) =>
    growthParts.map(
      (part): Case => ({
        name: growthName(family, depth, part),
        suite: 'growth',
        onceOnly: true,
        make: () => {
          const { model, x } = family.make(depth);
          return steps[part](model, x);
        },
      }),
    ),
  ),
);
