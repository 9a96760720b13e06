/** All functions that the passes of the `gpu` device may call, and their text. */
import { floatFunctions } from './float-functions.ts';
import type { GpuFunction } from './function.ts';
import { wholeFunctions } from './whole-functions.ts';

/** Keeps these functions apart from those that shading languages have. */
export const functionPrefix = 'weft_';

export type FunctionName = keyof typeof floatFunctions | keyof typeof wholeFunctions;

/** Every function, by name. */
export const gpuFunctions: Readonly<Record<FunctionName, GpuFunction>> = {
  ...floatFunctions,
  ...wholeFunctions,
};

/** The text of a function, and the names of its parameters. */
export function functionText(name: FunctionName): {
  readonly source: string;
  readonly parameters: readonly string[];
} {
  const { parameters, body, wantsSpecials } = gpuFunctions[name];
  const all = wantsSpecials ? [...parameters, 'infinity', 'nan'] : parameters;
  return { source: `function ${functionPrefix}${name}(${all.join(', ')}) {${body}\n}`, parameters: all };
}
