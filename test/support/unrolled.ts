/** What `scan` means, written as a plain loop over slices: the oracle of tests. */
import { reshape, slice, stack, type Tensor, where, zeros } from '../../src/index.ts';
import type { TensorTree } from '../../src/tensor/runtime.ts';
import { flattenTree } from '../../src/tensor/tree.ts';

/** The options of `scan` that say what it computes. */
export interface UnrolledOptions {
  readonly initial: TensorTree;
  readonly inputs?: TensorTree;
  readonly steps?: number;
  readonly axis?: number;
  readonly reverse?: boolean;
  readonly mask?: Tensor;
}

/** The body, as far as it can be known here. */
export type UnrolledBody = (
  carry: never,
  x: never,
  t: number,
) => { readonly carry: TensorTree; readonly output?: TensorTree };

/** The carry after the last step, and the outputs of all steps, of at least one. */
export function unrolled(
  body: UnrolledBody,
  { initial, inputs = [], steps, axis = 1, reverse = false, mask }: UnrolledOptions,
): { readonly carry: TensorTree; readonly outputs: TensorTree } {
  const sequences = flattenTree(inputs);
  const length = steps ?? sequences.tensors[0].shape[axis];
  let carry = flattenTree(initial);
  const found: TensorTree[] = [];
  for (let place = 0; place < length; place++) {
    const t = reverse ? length - 1 - place : place;
    const x = sequences.rebuild(sequences.tensors.map((each) => at(each, axis, t)));
    const step = body(carry.rebuild(carry.tensors) as never, x as never, t);
    const keep = (next: Tensor, otherwise: Tensor): Tensor => {
      if (!mask) return next;
      const real = reshape(at(mask, 1, t), [mask.shape[0], ...next.shape.slice(1).map(() => 1)]);
      return where(real, next, otherwise);
    };
    const next = flattenTree(step.carry);
    const output = flattenTree(step.output ?? []);
    const nothing = (each: Tensor): Tensor => zeros(each.shape).cast(each.dtype);
    found[t] = output.rebuild(output.tensors.map((each) => keep(each, nothing(each))));
    // By name: a body may give its carries in another order.
    const before = carry;
    const kept = before.tensors.map((each, k) =>
      keep(next.tensors[next.paths.indexOf(before.paths[k])], each),
    );
    carry = flattenTree(before.rebuild(kept));
  }
  const parts = found.map((each) => flattenTree(each));
  return {
    carry: carry.rebuild(carry.tensors),
    outputs: parts[0].rebuild(
      parts[0].tensors.map((_, k) =>
        stack(
          parts.map(({ tensors }) => tensors[k]),
          axis,
        ),
      ),
    ),
  };
}

/** Element t along an axis. */
function at(x: Tensor, axis: number, t: number): Tensor {
  return slice(x, ...x.shape.map((_, k) => (k === axis ? t : null)));
}
