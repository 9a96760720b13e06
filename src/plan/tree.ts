/** Results with structure: tensors inside arrays and records, listed flat and put back. */
import { TraceError } from '../errors.ts';
import { describeValue } from '../options.ts';
import type { TensorTree } from '../tensor/runtime.ts';
import { Tensor } from '../tensor/tensor.ts';

/** The tensors of a tree in order, and the way from as many tensors back to a tree of the same structure. */
export interface FlatTree {
  readonly tensors: readonly Tensor[];
  rebuild(tensors: readonly Tensor[]): TensorTree;
}

/** How deep arrays and objects may lie in each other: no structure that is meant does, and one that holds itself would. */
const deepest = 500;

/**
 * Lists the tensors of what a function returned.
 *
 * @throws TraceError for anything that is not a tensor, array or record, or that lies too deep.
 */
export function flattenTree(tree: TensorTree): FlatTree {
  const tensors: Tensor[] = [];
  return { rebuild: flatten(tree, tensors, 0), tensors };
}

function flatten(
  tree: TensorTree,
  flat: Tensor[],
  depth: number,
): (tensors: readonly Tensor[]) => TensorTree {
  if (depth > deepest) {
    throw new TraceError({
      where: 'a captured function',
      got: `a result nested in more than ${deepest} arrays or objects, or in itself`,
      expected: 'a tensor, or an array or object of tensors',
      cure: 'Return the tensors in one array.',
    });
  }
  if (tree instanceof Tensor) {
    const index = flat.push(tree.snapshot()) - 1;
    return (tensors) => tensors[index];
  }
  if (Array.isArray(tree)) {
    const parts = (tree as readonly TensorTree[]).map((each) => flatten(each, flat, depth + 1));
    return (tensors) => parts.map((part) => part(tensors));
  }
  if (typeof tree !== 'object' || tree === null) {
    throw new TraceError({
      where: 'a captured function',
      got: tree === undefined ? 'no result' : `the result ${describeValue(tree)}`,
      expected: 'a tensor, or an array or object of tensors',
      cure: 'Return what the function should compute, the loss for example.',
    });
  }
  const parts = Object.entries(tree).map(([name, each]) => [name, flatten(each, flat, depth + 1)] as const);
  return (tensors) => Object.fromEntries(parts.map(([name, part]) => [name, part(tensors)]));
}
