/** A function that passes call, as source text for gpu.js. */
export interface ShaderFunction {
  /** What passes call it, after a prefix. No two functions that one pass calls have the same. */
  readonly name: string;
  /** Floats, unless they are named in `wholes`. */
  readonly parameters: readonly string[];
  /** Parameters that are whole numbers of 32 bits. */
  readonly wholes?: readonly string[];
  /** Whether the result is a whole number. Default: a float. */
  readonly isWhole?: boolean;
  /** Statements; the last one returns. */
  readonly body: string;
  /** Other functions that it calls, which call none: gpu.js would put those after their callers. */
  readonly calls?: readonly SimpleShaderFunction[];
  /** Whether Infinity and NaN follow its operands, as `infinity` and `nan`: gpu.js has no literals for them. */
  readonly wantsSpecials?: boolean;
}

/** A function that calls no other. */
export interface SimpleShaderFunction extends ShaderFunction {
  readonly calls?: never;
}

/** Keeps these functions apart from those that shading languages have. */
const prefix = 'weft_';

/** A call in a text. */
export function callText({ name }: ShaderFunction, operands: readonly string[]): string {
  return `${prefix}${name}(${operands.join(', ')})`;
}

/** What gpu.js calls floats and whole numbers of 32 bits. */
export type NumberType = 'Number' | 'Integer';

/** The text of a function, and the types of its parameters and of its result. */
export function functionText({
  name,
  parameters,
  wholes = [],
  isWhole,
  body,
  wantsSpecials,
}: ShaderFunction): {
  readonly source: string;
  readonly argumentTypes: readonly NumberType[];
  readonly returnType: NumberType;
} {
  const all = wantsSpecials ? [...parameters, 'infinity', 'nan'] : parameters;
  return {
    source: `function ${prefix}${name}(${all.join(', ')}) {${body}\n}`,
    argumentTypes: all.map((parameter) => (wholes.includes(parameter) ? 'Integer' : 'Number')),
    returnType: isWhole ? 'Integer' : 'Number',
  };
}
