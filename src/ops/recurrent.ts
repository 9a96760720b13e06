/**
 * The LSTM and GRU over a whole sequence as fused primitives, because step by step they are hundreds of small kernels.
 * Their composed forms, in recurrent-composed.ts, are the oracle and the route to second derivatives.
 */
import {
  type GruAttributes,
  type GruGradientAttributes,
  gru as gruContract,
  gruGradient as gruGradientContract,
} from '../../kernels/gru/index.ts';
import {
  type LstmAttributes,
  type LstmGradientAttributes,
  lstm as lstmContract,
  lstmGradient as lstmGradientContract,
} from '../../kernels/lstm/index.ts';
import type { TensorSpec } from '../tensor/dtype.ts';
import type { Primitive } from '../tensor/primitive.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { applyAll } from './apply.ts';
import { reshape, sum } from './broadcast.ts';
import { cast, where } from './elementwise.ts';
import { matmul } from './matmul.ts';
import { expandDims, transpose } from './movement.ts';
import {
  gruGradientSteps,
  gruSteps,
  lstmGradientSteps,
  lstmSteps,
  previousStates,
} from './recurrent-composed.ts';

function float32(...shape: number[]): TensorSpec {
  return { shape, dtype: 'float32' };
}

/** Batch, steps and hidden size, from a sequence [N, T, …] and the recurrent weight [H, …]. */
function sizes(sequence: TensorSpec, weight: TensorSpec): [number, number, number] {
  return [sequence.shape[0], sequence.shape[1], weight.shape[0]];
}

/** Σ over batch and steps of previousᵀ · d: [N, T, H] and [N, T, G] → [H, G], as one large matmul. */
function recurrentWeightGradient(previous: Tensor, d: Tensor): Tensor {
  const rows = reshape(previous, [-1, previous.shape[2]]);
  return matmul(transpose(rows), reshape(d, [-1, d.shape[2]]));
}

/**
 * Inputs: z [N, T, 4H] (input projection plus biases), recurrentWeight [H, 4H], h0 [N, H], c0 [N, H], and a mask
 * [N, T] (bool) where steps may be padding. Outputs: h, c [N, T, H] and the activated gates i, f, g, o [N, T, 4H].
 */
export const lstmPrimitive: Primitive<LstmAttributes> = {
  name: 'lstm',
  kind: 'kernel',
  outputs: ([z, weight]) => {
    const [n, t, h] = sizes(z, weight);
    return [float32(n, t, h), float32(n, t, h), float32(n, t, 4 * h)];
  },
  gradient: ({ cotangents, inputs, outputs, attributes }) => {
    const [, weight, h0, c0, ...mask] = inputs as [Tensor, Tensor, Tensor, Tensor, ...Tensor[]];
    const [h, c, gates] = outputs as [Tensor, Tensor, Tensor];
    const [dH, dC, dGates] = cotangents;
    const present = [dH, dC, dGates].filter((each) => each !== undefined);
    const [dZ, dH0, dC0] = applyAll(lstmGradientPrimitive, [weight, c0, c, gates, ...mask, ...present], {
      ...attributes,
      hasDH: dH !== undefined,
      hasDC: dC !== undefined,
      hasDGates: dGates !== undefined,
    });
    const dWeight = recurrentWeightGradient(previousStates(h, h0, attributes.reverse), dZ);
    return [dZ, dWeight, dH0, dC0, undefined];
  },
  composed: (inputs, attributes) => lstmSteps(inputs, attributes),
  contract: lstmContract,
};

/**
 * Inputs: recurrentWeight, c0, c, gates, the mask if there is one, then those of dH, dC, dGates that are present.
 * Outputs: dZ [N, T, 4H] and the gradients of h0 and c0.
 */
export const lstmGradientPrimitive: Primitive<LstmGradientAttributes> = {
  name: 'lstmGradient',
  kind: 'kernel',
  outputs: ([weight, , c]) => {
    const [n, t, h] = sizes(c, weight);
    return [float32(n, t, 4 * h), float32(n, h), float32(n, h)];
  },
  composed: (inputs, attributes) => lstmGradientSteps(inputs, attributes),
  contract: lstmGradientContract,
};

/**
 * Inputs: z [N, T, 3H] (input projection plus input biases), recurrentWeight [H, 3H], recurrentBias [3H], h0 [N, H],
 * and a mask. Outputs: h [N, T, H] and r, u, n, q [N, T, 4H], where q is the recurrent part of the candidate n.
 */
export const gruPrimitive: Primitive<GruAttributes> = {
  name: 'gru',
  kind: 'kernel',
  outputs: ([z, weight]) => {
    const [n, t, h] = sizes(z, weight);
    return [float32(n, t, h), float32(n, t, 4 * h)];
  },
  gradient: ({ cotangents, inputs, outputs, attributes }) => {
    const [, weight, , h0, ...mask] = inputs as [Tensor, Tensor, Tensor, Tensor, ...Tensor[]];
    const [h, gates] = outputs as [Tensor, Tensor];
    const [dH, dGates] = cotangents;
    const present = [dH, dGates].filter((each) => each !== undefined);
    const [dZ, dS, dH0] = applyAll(gruGradientPrimitive, [weight, h0, h, gates, ...mask, ...present], {
      ...attributes,
      hasDH: dH !== undefined,
      hasDGates: dGates !== undefined,
    });
    const dWeight = recurrentWeightGradient(previousStates(h, h0, attributes.reverse), dS);
    return [dZ, dWeight, sum(dS, [0, 1]), dH0, undefined];
  },
  composed: (inputs, attributes) => gruSteps(inputs, attributes),
  contract: gruContract,
};

/**
 * Inputs: recurrentWeight, h0, h, gates, the mask if there is one, then those of dH, dGates that are present.
 * Outputs: dZ [N, T, 3H], dS [N, T, 3H] (gradient of the recurrent pre-activations), and the gradient of h0.
 */
export const gruGradientPrimitive: Primitive<GruGradientAttributes> = {
  name: 'gruGradient',
  kind: 'kernel',
  outputs: ([weight, , h]) => {
    const [n, t, hidden] = sizes(h, weight);
    return [float32(n, t, 3 * hidden), float32(n, t, 3 * hidden), float32(n, hidden)];
  },
  composed: (inputs, attributes) => gruGradientSteps(inputs, attributes),
  contract: gruGradientContract,
};

/** Zero where the mask [N, T] says padding; x is [N, T, F]. */
export function maskSteps(x: Tensor, mask: Tensor): Tensor {
  return where(cast(expandDims(mask, -1), 'bool'), x, 0);
}
