/** PyTorch's layouts and weft's: every conversion is an expression, so gradients come back in PyTorch's layout. */
import { permute, type StateDict, type Tensor, transpose } from '../../src/index.ts';
import { floats, type Golden } from './vectors.ts';

/** N,C,H,W → N,H,W,C */
export function channelsLast(x: Tensor): Tensor {
  return permute(x, [0, 2, 3, 1]);
}

/** N,H,W,C → N,C,H,W */
export function channelsFirst(x: Tensor): Tensor {
  return permute(x, [0, 3, 1, 2]);
}

/** O,I/groups,KH,KW → KH,KW,I/groups,O; and I,O,KH,KW (transposed convolution) → KH,KW,O,I. */
export function kernelLast(weight: Tensor): Tensor {
  return permute(weight, [2, 3, 1, 0]);
}

/** The way back from `kernelLast`. */
export function kernelFirst(weight: Tensor): Tensor {
  return permute(weight, [3, 2, 0, 1]);
}

/** N,C,L → N,T,C and back. */
export function swapLast(x: Tensor): Tensor {
  return permute(x, [0, 2, 1]);
}

/** O,I,L → K,I,O */
export function kernelLast1d(weight: Tensor): Tensor {
  return permute(weight, [2, 1, 0]);
}

/** OUT,IN ↔ IN,OUT; also 4H,F ↔ F,4H of recurrent weights. */
export function swapMatrix(weight: Tensor): Tensor {
  return transpose(weight);
}

/** A tensor as an entry of a state dict. */
export async function entryOf(value: Tensor): Promise<StateDict[string]> {
  return { shape: value.shape, dtype: value.dtype, data: await value.data() };
}

/** The state dict of a recurrent layer from PyTorch's parameters `weight_ih_l0`, `weight_hh_l0_reverse` and so on. */
export async function recurrentState({ inputs, config }: Golden): Promise<StateDict> {
  const state: StateDict = {};
  const suffixes = config['bidirectional'] === true ? ['', '_reverse'] : [''];
  let cell = 0;
  for (let layer = 0; layer < Number(config['layers']); layer++) {
    for (const suffix of suffixes) {
      const part = (name: string): Tensor => floats(inputs[`${name}_l${layer}${suffix}`]);
      const path = `cells.${cell++}`;
      state[`${path}.inputWeight`] = await entryOf(swapMatrix(part('weight_ih')));
      state[`${path}.recurrentWeight`] = await entryOf(swapMatrix(part('weight_hh')));
      state[`${path}.inputBias`] = await entryOf(part('bias_ih'));
      state[`${path}.recurrentBias`] = await entryOf(part('bias_hh'));
    }
  }
  return state;
}
