/** Results with structure: tensors inside arrays and records, listed flat and put back. */
import { TraceError } from '../errors.ts';
import { describeValue, isPlainObject, isPromise } from '../options.ts';
import type { TensorTree } from './runtime.ts';
import { Tensor } from './tensor.ts';

/** The tensors of a tree in order, and the way from as many tensors back to a tree of the same structure. */
export interface FlatTree {
  readonly tensors: readonly Tensor[];
  /** Where each lies: `.h`, `[0].c`; empty for a tree that is a tensor. */
  readonly paths: readonly string[];
  rebuild(tensors: readonly Tensor[]): TensorTree;
}

/** How deep arrays and objects may lie in each other: no structure that is meant does, and one that holds itself would. */
const deepest = 500;

/**
 * Lists the tensors of what a function returned, or was given. `where` says whose they are.
 *
 * @throws TraceError for anything that is not a tensor, array or record, or that lies too deep.
 */
export function flattenTree(tree: TensorTree, where = 'a captured function'): FlatTree {
  const flat: Flattening = { tensors: [], paths: [], where };
  return { rebuild: flatten(tree, flat, '', 0), tensors: flat.tensors, paths: flat.paths };
}

interface Flattening {
  readonly tensors: Tensor[];
  readonly paths: string[];
  readonly where: string;
}

function flatten(
  tree: TensorTree,
  flat: Flattening,
  path: string,
  depth: number,
): (tensors: readonly Tensor[]) => TensorTree {
  if (depth > deepest) {
    throw new TraceError({
      where: flat.where,
      got: `a result nested in more than ${deepest} arrays or objects, or in itself`,
      expected: 'a tensor, or an array or object of tensors',
      cure: 'Return the tensors in one array.',
    });
  }
  if (tree instanceof Tensor) {
    flat.paths.push(path);
    const index = flat.tensors.push(tree.snapshot()) - 1;
    return (tensors) => tensors[index];
  }
  if (Array.isArray(tree)) {
    const parts = (tree as readonly TensorTree[]).map((each, at) =>
      flatten(each, flat, `${path}[${at}]`, depth + 1),
    );
    return (tensors) => parts.map((part) => part(tensors));
  }
  if (!isPlainObject(tree)) {
    throw new TraceError({
      where: flat.where,
      got: tree === undefined ? 'nothing' : describeValue(tree),
      expected: 'a tensor, or an array or object of tensors',
      cure: isPromise(tree)
        ? 'Await what is given; a function that gives tensors to a step is neither async nor reads values.'
        : `${path === '' ? 'It' : `At ${path}, it`} can hold nothing else: make tensors of numbers, and leave out what is not to be computed.`,
    });
  }
  const parts = Object.entries(tree).map(
    ([name, each]) => [name, flatten(each, flat, `${path}.${name}`, depth + 1)] as const,
  );
  return (tensors) => Object.fromEntries(parts.map(([name, part]) => [name, part(tensors)]));
}
