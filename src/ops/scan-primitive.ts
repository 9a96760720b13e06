/** The row of a loop over time: its shape rule and its gradient, which is a loop in the other direction. */

import { fill } from '../tensor/leaves.ts';
import { Node } from '../tensor/node.ts';
import type { GradientCall, Primitive } from '../tensor/primitive.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { reshape } from './broadcast.ts';
import { type LoopBody, standIn, TensorMap } from './loop-body.ts';
import { buildLoop, type LoopMaker } from './loop-motion.ts';
import { narrow, stack } from './movement.ts';

/** A loop: its body, and how often and in which order it is run. */
export interface ScanAttributes {
  readonly body: LoopBody;
  /** T: how many steps there are, at least one. */
  readonly steps: number;
  /** Whether the steps run from the last to the first. */
  readonly reverse: boolean;
  /** Whether the way back computes a step once more from its carry, instead of reading what the loop stacked. */
  readonly recompute: boolean;
}

/**
 * Inputs: the carries before the first step; sequences [T, …], of which each step sees a slice; what is the same at
 * every step. Outputs: the carries after the last step; then the body's other results, each stacked [T, …], at the place of
 * the step. Only those that somebody uses are computed.
 */
export const scanPrimitive: Primitive<ScanAttributes> = {
  name: 'scan',
  kind: 'loop',
  outputs: (_, { body, steps }) =>
    body.results.map(({ shape, dtype }, result) => ({
      shape: result < body.carries ? shape : [steps, ...shape],
      dtype,
    })),
  gradient: (call) => scanGradient(call),
  composed: (inputs, attributes) => unrolled(inputs, attributes),
};

/** Makes the node of a loop. */
export const makeScan: LoopMaker = (body, inputs, { steps, reverse, recompute }) => {
  const attributes: ScanAttributes = { body, steps, reverse, recompute };
  // Stacks that nobody asks for take no memory, so their size is nobody's concern.
  const outputs = scanPrimitive.outputs([], attributes);
  return new Node(scanPrimitive, inputs, { attributes, outputs });
};

/**
 * Back through time: the loop in the other direction, whose carries are the cotangents of the carries. It reads what the
 * loop stacked, adds up the cotangents of what is the same at every step, and stacks those of the sequences.
 */
function scanGradient({
  cotangents,
  inputs,
  outputs,
  attributes,
  backpropagate,
}: GradientCall<ScanAttributes>): readonly (Tensor | undefined)[] {
  const { body, steps, reverse, recompute } = attributes;
  const { carries, sequences, results } = body;
  const isFloat = ({ dtype }: Tensor): boolean => dtype === 'float32';
  const carryOf = body.inputs.map((input, place) => place < carries && isFloat(input));
  const seeds = results.map((result, place) => {
    const wanted = place < carries ? carryOf[place] : cotangents[place] !== undefined;
    return wanted ? standIn(result) : undefined;
  });
  const places = body.inputs.flatMap((input, place) => (isFloat(input) ? [place] : []));
  const found = backpropagate(
    results,
    seeds,
    places.map((place) => body.inputs[place]),
  );
  const derivatives = new Map(places.map((place, at) => [place, found[at]]));
  const within = (first: number, end: number): number[] =>
    places.filter((place) => place >= first && place < end && derivatives.get(place) !== undefined);
  const ofSequences = within(carries, carries + sequences);
  const ofConstants = within(carries + sequences, body.inputs.length);
  const derivativeOf = (place: number): Tensor => derivatives.get(place)!;

  /** What the loop stacked: all that the body computes, or, where that is computed again, the carries as each step found them. */
  const stacks = new TensorMap<Tensor>();
  for (let place = carries; place < results.length; place++) {
    const isCarry = body.inputs.slice(0, carries).some(({ node }) => node === results[place].node);
    if ((!recompute || isCarry) && !stacks.has(results[place])) stacks.set(results[place], outputs[place]);
  }
  const back = buildLoop(
    {
      steps,
      reverse: !reverse,
      recompute,
      firstNode: Math.min(...body.inputs.map(({ node }) => node.id)),
      carries: places
        .filter((place) => place < carries)
        .map((place) => ({
          inside: seeds[place]!,
          outside: cotangents[place] ?? fill(0, body.inputs[place].shape),
          next: derivatives.get(place) ?? fill(0, body.inputs[place].shape),
        })),
      sequences: [
        ...seeds.flatMap((inside, place) =>
          inside && place >= carries ? [{ inside, outside: cotangents[place]! }] : [],
        ),
        ...body.inputs
          .slice(carries, carries + sequences)
          .map((inside, at) => ({ inside, outside: inputs[carries + at] })),
      ],
      constants: body.inputs
        .slice(carries + sequences)
        .map((inside, at) => ({ inside, outside: inputs[carries + sequences + at] })),
      saved: (tensor) => stacks.get(tensor),
      outputs: ofSequences.map(derivativeOf),
      sums: ofConstants.map(derivativeOf),
    },
    makeScan,
  );
  const ofCarries = places.filter((place) => place < carries);
  const gradients = new Map([
    ...ofCarries.map((place, at) => [place, back.carries[at]] as const),
    ...ofSequences.map((place, at) => [place, back.outputs[at]] as const),
    ...ofConstants.map((place, at) => [place, back.sums[at]] as const),
  ]);
  return body.inputs.map((_, place) => gradients.get(place));
}

/** Step after step from plain operations: what a loop means. */
function unrolled(inputs: readonly Tensor[], { body, steps, reverse }: ScanAttributes): Tensor[] {
  const { carries, sequences, results } = body;
  let state = inputs.slice(0, carries);
  const stacked: Tensor[][] = results.slice(carries).map(() => []);
  for (let position = 0; position < steps; position++) {
    const t = reverse ? steps - 1 - position : position;
    const slices = inputs
      .slice(carries, carries + sequences)
      .map((whole) => reshape(narrow(whole, 0, t, t + 1), whole.shape.slice(1)));
    const found = body.with([...state, ...slices, ...inputs.slice(carries + sequences)]);
    state = found.slice(0, carries);
    found.slice(carries).forEach((each, at) => {
      stacked[at][t] = each;
    });
  }
  return [...state, ...stacked.map((each) => stack(each, 0))];
}
