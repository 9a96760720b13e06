/** Stages as functions of a module: pointers to the arrays of one call, and a range of items. */
import {
  type Expression,
  type Local,
  localOf,
  type ModuleBuilder,
  type ModuleFunction,
} from '../../../kernels/support/wasm/assembler/index.ts';
import type { WasmStage } from '../../../kernels/support/wasm/wasm-kernel.ts';
import { keyOf } from '../../plan/key.ts';
import type { PlanStep } from '../../plan/plan.ts';
import type { PlanCode } from './plan-code.ts';

/** What a stage function is called with, addresses in bytes. */
export interface StageArguments {
  readonly inputs: readonly Expression<'i32'>[];
  readonly outputs: readonly Expression<'i32'>[];
  readonly scratch: Expression<'i32'>;
  readonly threadScratch: Expression<'i32'>;
  readonly fault: Expression<'i32'>;
  /** Items [first, end). */
  readonly first: Expression<'i32'>;
  readonly end: Expression<'i32'>;
}

/** The arguments in the order of the function's parameters. */
export function argumentList(given: StageArguments): Expression<'i32'>[] {
  const { inputs, outputs, scratch, threadScratch, fault, first, end } = given;
  return [...inputs, ...outputs, scratch, threadScratch, fault, first, end];
}

/** Adds a stage with so many inputs and outputs to a module. */
export function addStage(
  module: ModuleBuilder,
  stage: WasmStage,
  inputs: number,
  outputs: number,
  exportAs?: string,
): ModuleFunction {
  const names = [
    ...Array.from({ length: inputs }, (_, at) => `input${at}`),
    ...Array.from({ length: outputs }, (_, at) => `output${at}`),
    'scratch',
    'threadScratch',
    'fault',
    'first',
    'end',
  ];
  const parameters = Object.fromEntries(names.map((name) => [name, 'i32' as const]));
  return module.function({ parameters, result: undefined, ...(exportAs && { exportAs }) }, (f) => {
    const local = (index: number): Local<'i32'> => localOf('i32', index);
    const rest = inputs + outputs;
    stage.write(
      f,
      { first: local(rest + 3), end: local(rest + 4) },
      {
        inputs: Array.from({ length: inputs }, (_, at) => local(at)),
        outputs: Array.from({ length: outputs }, (_, at) => local(inputs + at)),
        scratch: local(rest),
        threadScratch: local(rest + 1),
        fault: local(rest + 2),
      },
    );
  });
}

/** The stage functions of a module: steps with equal calls share them. */
export class StageTable {
  readonly #module: ModuleBuilder;
  readonly #functions = new Map<string, ModuleFunction>();
  readonly #keys = new Map<PlanStep, string>();

  constructor(module: ModuleBuilder) {
    this.#module = module;
  }

  find({ plan, steps }: PlanCode, step: number, stage: number): ModuleFunction {
    const { inputs, outputs } = plan.steps[step];
    const key = `${stage} ${this.#keyOf(plan.steps[step])}`;
    const known = this.#functions.get(key);
    if (known) return known;
    const added = addStage(this.#module, steps[step].stages[stage], inputs.length, outputs.length);
    this.#functions.set(key, added);
    return added;
  }

  #keyOf(step: PlanStep): string {
    const known = this.#keys.get(step);
    if (known !== undefined) return known;
    const key = `${step.contract.name} ${keyOf(step.call)}`;
    this.#keys.set(step, key);
    return key;
  }
}
