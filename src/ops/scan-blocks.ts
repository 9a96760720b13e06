/** A loop in blocks of steps, of which only the carries between blocks are kept for the way back. */
import { nextNodeId } from '../tensor/node.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { reshape } from './broadcast.ts';
import { standIn } from './loop-body.ts';
import { buildLoop, type LoopDraft, type LoopResults, type StandIn } from './loop-motion.ts';
import { concat, narrow } from './movement.ts';
import { makeScan } from './scan-primitive.ts';

/**
 * A loop over blocks of `size` steps, which computes a block once more on the way back, around a loop over the steps of a
 * block. Steps that fill no block are a loop of their own: those that are run last (Chen et al. 2016, "Training deep nets
 * with sublinear memory cost").
 */
export function loopInBlocks(draft: LoopDraft, size: number): LoopResults {
  const { steps, reverse, sequences } = draft;
  if (steps < size) return buildLoop(draft, makeScan);
  const blocks = Math.floor(steps / size);
  const inBlocks = blocks * size;
  const rest = steps - inBlocks;
  /** The sequences of steps [first, end). */
  const stretch = (first: number, end: number): StandIn[] =>
    sequences.map(({ inside, outside }) => ({ inside, outside: narrow(outside, 0, first, end) }));
  const ofBlocks = reverse ? stretch(rest, steps) : stretch(0, inBlocks);
  const ofRest = reverse ? stretch(0, rest) : stretch(inBlocks, steps);

  const firstNode = nextNodeId();
  const carries = draft.carries.map(({ outside }): StandIn => ({ inside: standIn(outside), outside }));
  /** Of each sequence what one block sees, [size, …], and all blocks, [blocks, size, …]. */
  const perBlock = ofBlocks.map(({ outside }): StandIn => {
    const [, ...shape] = outside.shape;
    return {
      inside: standIn({ shape: [size, ...shape], dtype: outside.dtype }),
      outside: reshape(outside, [blocks, size, ...shape]),
    };
  });
  const block = buildLoop(
    {
      ...draft,
      steps: size,
      carries: draft.carries.map((carry, at) => ({ ...carry, outside: carries[at].inside })),
      sequences: ofBlocks.map(({ inside }, at) => ({ inside, outside: perBlock[at].inside })),
    },
    makeScan,
  );
  const allBlocks = buildLoop(
    {
      ...draft,
      steps: blocks,
      recompute: true,
      firstNode,
      carries: carries.map((carry, at) => ({ ...carry, next: block.carries[at] })),
      sequences: perBlock,
      outputs: block.outputs,
    },
    makeScan,
  );
  const last = buildLoop(
    {
      ...draft,
      steps: rest,
      carries: draft.carries.map((carry, at) => ({ ...carry, outside: allBlocks.carries[at] })),
      sequences: ofRest,
    },
    makeScan,
  );
  const joined = (output: Tensor, at: number): Tensor => {
    const first = reshape(output, [inBlocks, ...output.shape.slice(2)]);
    if (rest === 0) return first;
    return concat(reverse ? [last.outputs[at], first] : [first, last.outputs[at]], 0);
  };
  return { carries: last.carries, outputs: allBlocks.outputs.map(joined), sums: [] };
}
