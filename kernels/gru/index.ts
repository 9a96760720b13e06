/**
 * The GRU over a whole sequence and its gradient, in PyTorch's form: the contracts. Gate order r, z, n.
 *
 * The versions walk through time as those of the LSTM do (see there). What differs is n, into which the product goes
 * multiplied by r: so the third part of h · recurrentWeight + recurrentBias is kept apart from z, as q. On `wasm` and
 * `cpu` it waits in its sum until r is known; on `gpu` the first pass of a step gives r, u and q, the second n and h.
 */

import type { KernelContract } from '../support/contract.ts';
import type { RecurrentAttributes } from '../support/recurrent-calls.ts';

export type GruAttributes = RecurrentAttributes;

export interface GruGradientAttributes extends RecurrentAttributes {
  /** dH [N,T,H] is given. */
  readonly hasDH: boolean;
  /** dGates [N,T,4H] is given. */
  readonly hasDGates: boolean;
}

/**
 * Inputs: z [N,T,3H] (input projection and its biases), recurrentWeight [H,3H], recurrentBias [3H], h0 [N,H], then mask
 * [N,T] bool if masked. Outputs: h [N,T,H], gates [N,T,4H] = (r, u, n, q).
 *
 *     (sr, su, q) = h_{t-1} · recurrentWeight + recurrentBias
 *     r = σ(zr + sr),  u = σ(zu + su),  n = tanh(zn + r · q)
 *     h_t = (1 - u) · n + u · h_{t-1}
 *
 * The update gate is called u here, since z is the input projection. At a masked-out step h_t = h_{t-1} and gates = 0.
 */
export const gru: KernelContract<GruAttributes> = {
  name: 'gru',
  flops({ outputs: [h] }) {
    const [batch, time, hidden] = h.shape;
    // A unit: 3 biases, 2 additions of z, 2 operations to reach n, 3 activations, 4 operations on the state.
    return batch * time * hidden * (2 * 3 * hidden + 14);
  },
};

/**
 * Inputs in order: recurrentWeight [H,3H], h0 [N,H], h [N,T,H], gates [N,T,4H], then those of mask [N,T] bool,
 * dH [N,T,H], dGates [N,T,4H] that the attributes announce. Outputs: dZ [N,T,3H] (gradient of the input
 * pre-activations), dS [N,T,3H] (gradient of h·recurrentWeight + recurrentBias), dH0 [N,H]; dZ and dS are 0 at
 * masked-out steps. dGates is a cotangent of r, u, n and q; that of q goes to the third part of dS as it is.
 *
 * The gradients of recurrentWeight and recurrentBias follow from h and dS, and are not part of this kernel.
 */
export const gruGradient: KernelContract<GruGradientAttributes> = {
  name: 'gruGradient',
  flops({ outputs: [dZ] }) {
    const [batch, time, gates] = dZ.shape;
    const hidden = gates / 3;
    // Per unit: 4 operations to n and u, 3 per activation of the three, 2 to r and q, 2 to the state before.
    return batch * time * hidden * (2 * 3 * hidden + 17);
  },
};
