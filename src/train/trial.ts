/** Building what a model gives without computing it: what it refuses, and what it hides, comes out before anything changes. */
import { ModelConfigError } from '../nn/errors.ts';
import type { AnyModule } from '../nn/module.ts';
import { nodesBehind } from '../tensor/node.ts';
import { keepingRandom } from '../tensor/random.ts';
import { traceSync } from '../tensor/recorder.ts';
import type { TensorTree } from '../tensor/runtime.ts';
import { type Shape, sizeOf } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { flattenTree } from '../tensor/tree.ts';
import type { Variable } from '../tensor/variable.ts';

/** Runs `build`, forgets what it records, and puts the random generator back. */
export function onTrial<Result>(build: () => Result): Result {
  return keepingRandom(() => traceSync(build));
}

/** What a model gives, whatever it takes: as it is, and as a list of tensors. */
export function outputTree(
  model: AnyModule,
  input: TensorTree,
): { readonly tree: TensorTree; readonly tensors: readonly Tensor[] } {
  const tree = model.call(input as never) as TensorTree;
  return {
    tree,
    tensors: tree instanceof Tensor ? [tree] : flattenTree(tree, `the output of ${model.kind}`).tensors,
  };
}

/**
 * Variables that are kept where nobody finds them are neither trained nor saved.
 *
 * @param outputs what the model gave
 * @param trained variables that need not be the model's
 * @throws ModelConfigError for one behind the outputs that no module of the model lists
 */
export function requireListed(
  model: AnyModule,
  outputs: readonly Tensor[],
  trained: readonly Variable[] = [],
): void {
  const known = new Set([...trained, ...model.namedVariables().map(([, variable]) => variable)]);
  for (const { source, scope } of nodesBehind(outputs)) {
    if (source?.kind !== 'variable' || known.has(source.variable)) continue;
    throw new ModelConfigError({
      where: scope ? `${model.kind} "${scope}"` : model.kind,
      got: `scores that come from "${source.variable.name}", which is not among the variables of the model`,
      expected: 'every variable as a plain property of a module, or in an array or record that is one',
      cure: 'Keep it in a property: what is in a #private field, a Map or a closure is neither trained nor saved. One that is trained on purpose goes into the optimizer.',
    });
  }
}

/** The shape of the largest value that is computed on the way to tensors. */
export function largestValue(tensors: readonly Tensor[]): Shape {
  const shapes = nodesBehind(tensors).flatMap(({ outputs }) => outputs.map(({ shape }) => shape));
  return shapes.reduce((largest, shape) => (sizeOf(shape) > sizeOf(largest) ? shape : largest));
}
