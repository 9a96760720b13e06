/**
 * The LSTM over a whole sequence and its gradient: the contracts. Gate order i, f, g, o.
 *
 * Steps depend on each other, the rows of the batch do not; the versions differ in what they do with that. `cpu`
 * makes one product h · recurrentWeight of the whole batch in each step, with a weight that is packed once. On `wasm`
 * the rows are the items: a thread takes 12 of them through all steps without waiting for anybody, and a tile holds
 * the four gates of the same units, so that they become states while they are in registers. On `gpu` a step is two
 * passes, gates and states, with one text for all steps, and what the steps wrote is joined at the end.
 */

import type { KernelContract } from '../support/contract.ts';
import type { RecurrentAttributes } from '../support/recurrent-calls.ts';

export type LstmAttributes = RecurrentAttributes;

export interface LstmGradientAttributes extends RecurrentAttributes {
  /** dH [N,T,H] is given. */
  readonly hasDH: boolean;
  /** dC [N,T,H] is given. */
  readonly hasDC: boolean;
  /** dGates [N,T,4H] is given. */
  readonly hasDGates: boolean;
}

/**
 * Inputs: z [N,T,4H] (input projection and all biases), recurrentWeight [H,4H], h0 [N,H], c0 [N,H], then mask [N,T] bool
 * if masked. Outputs: h [N,T,H], c [N,T,H], gates [N,T,4H] (activated).
 *
 *     (i, f, g, o) = (σ, σ, tanh, σ)(z_t + h_{t-1} · recurrentWeight)
 *     c_t = f · c_{t-1} + i · g
 *     h_t = o · tanh(c_t)
 *
 * At a masked-out step h_t = h_{t-1}, c_t = c_{t-1} and gates = 0.
 */
export const lstm: KernelContract<LstmAttributes> = {
  name: 'lstm',
  flops({ outputs: [h] }) {
    const [batch, time, hidden] = h.shape;
    // A unit: 4 additions of z, 5 activations, 4 operations on the state.
    return batch * time * hidden * (2 * 4 * hidden + 13);
  },
};

/**
 * Inputs in order: recurrentWeight [H,4H], c0 [N,H], c [N,T,H], gates [N,T,4H], then those of mask [N,T] bool,
 * dH [N,T,H], dC [N,T,H], dGates [N,T,4H] that the attributes announce. Outputs: dZ [N,T,4H] (gradient of the
 * pre-activations; 0 at masked-out steps), dH0 [N,H], dC0 [N,H]. dGates is a cotangent of the activated gates.
 *
 * Each step back, with dh and dc what reaches h_t and c_t, from dH and dC and from step t + 1, and τ = tanh(c_t):
 *
 *     dc += dh · o · (1 - τ²)
 *     di = dc · g,  df = dc · c_{t-1},  dg = dc · i,  do = dh · τ          each + its dGates
 *     dZ_t = di · i · (1 - i),  df · f · (1 - f),  dg · (1 - g²),  do · o · (1 - o)
 *     to c_{t-1}: dc · f        to h_{t-1}: dZ_t · recurrentWeightᵀ
 *
 * The gradient of recurrentWeight is a product of h and dZ, and not part of this kernel.
 */
export const lstmGradient: KernelContract<LstmGradientAttributes> = {
  name: 'lstmGradient',
  flops({ outputs: [dZ] }) {
    const [batch, time, gates] = dZ.shape;
    const hidden = gates / 4;
    // Per unit: tanh(c), 7 operations to reach c, 5 products to the gates and the state, 3 per activation of the four.
    return batch * time * hidden * (2 * 4 * hidden + 25);
  },
};
