/** All functions that the passes of the `gpu` device may call, and their text. */
import { floatFunctions } from './float-functions.ts';
import { indexFunctions } from './index-functions.ts';
import type { ShaderFunction } from './shader-function.ts';
import { wholeFunctions } from './whole-functions.ts';

/** Keeps these functions apart from those that shading languages have. */
export const functionPrefix = 'weft_';

export type FunctionName =
  | keyof typeof floatFunctions
  | keyof typeof indexFunctions
  | keyof typeof wholeFunctions;

/** Every function, by name. */
export const shaderFunctions: Readonly<Record<FunctionName, ShaderFunction>> = {
  ...floatFunctions,
  ...indexFunctions,
  ...wholeFunctions,
};

/** What gpu.js calls floats and whole numbers of 32 bits. */
export type NumberType = 'Number' | 'Integer';

/** The text of a function, and the types of its parameters and of its result. */
export function functionText(name: FunctionName): {
  readonly source: string;
  readonly argumentTypes: readonly NumberType[];
  readonly returnType: NumberType;
} {
  const { parameters, wholes = [], isWhole, body, wantsSpecials } = shaderFunctions[name];
  const all = wantsSpecials ? [...parameters, 'infinity', 'nan'] : parameters;
  return {
    source: `function ${functionPrefix}${name}(${all.join(', ')}) {${body}\n}`,
    argumentTypes: all.map((parameter) => (wholes.includes(parameter) ? 'Integer' : 'Number')),
    returnType: isWhole ? 'Integer' : 'Number',
  };
}
