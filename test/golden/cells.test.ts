/** Cells written by hand with `scan`: the values and gradients that PyTorch gives for its RNN, LSTM and GRU. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  add,
  expandDims,
  grad,
  matmul,
  multiply,
  scan,
  setDevice,
  sigmoid,
  split,
  subtract,
  type Tensor,
  tanh,
  transpose,
  zeros,
} from '../../src/index.ts';
import { errorOf } from '../support/devices.ts';
import { loadGolden } from './files.ts';
import { floats } from './vectors.ts';

/** x · Wᵀ + b, in PyTorch's layout of weights. */
function project(x: Tensor, weight: Tensor, bias: Tensor): Tensor {
  return add(matmul(x, transpose(weight)), bias);
}

type Weights = Readonly<Record<'input' | 'hidden' | 'inputBias' | 'hiddenBias', Tensor>>;

/** Output of all steps, then the final states. */
type Cell = (x: Tensor, start: Tensor, weights: Weights) => { y: Tensor; h_n: Tensor; c_n?: Tensor };

const rnn: Cell = (x, start, { input, hidden, inputBias, hiddenBias }) => {
  const { carry, outputs } = scan(
    (h, xt) => {
      const next = tanh(add(project(xt, input, inputBias), project(h, hidden, hiddenBias)));
      return { carry: next, output: next };
    },
    { initial: start, inputs: x },
  );
  return { y: outputs, h_n: carry };
};

const lstm: Cell = (x, start, { input, hidden, inputBias, hiddenBias }) => {
  const { carry, outputs } = scan(
    ({ h, c }, xt) => {
      const gates = add(project(xt, input, inputBias), project(h, hidden, hiddenBias));
      const [i, f, g, o] = split(gates, 4, 1);
      const cell = add(multiply(sigmoid(f), c), multiply(sigmoid(i), tanh(g)));
      const next = multiply(sigmoid(o), tanh(cell));
      return { carry: { h: next, c: cell }, output: next };
    },
    { initial: { h: start, c: start }, inputs: x },
  );
  return { y: outputs, h_n: carry.h, c_n: carry.c };
};

const gru: Cell = (x, start, { input, hidden, inputBias, hiddenBias }) => {
  const { carry, outputs } = scan(
    (h, xt) => {
      const [xr, xz, xn] = split(project(xt, input, inputBias), 3, 1);
      const [hr, hz, hn] = split(project(h, hidden, hiddenBias), 3, 1);
      const [r, z] = [sigmoid(add(xr, hr)), sigmoid(add(xz, hz))];
      const candidate = tanh(add(xn, multiply(r, hn)));
      const next = add(multiply(subtract(1, z), candidate), multiply(z, h));
      return { carry: next, output: next };
    },
    { initial: start, inputs: x },
  );
  return { y: outputs, h_n: carry };
};

afterAll(() => setDevice('wasm'));

describe.each(['wasm', 'cpu'] as const)('on %s', (device) => {
  beforeAll(() => {
    setDevice(device);
  });

  it.each([
    ['rnn_tanh', rnn],
    ['lstm_basic', lstm],
    ['lstm_single_step', lstm],
    ['gru_basic', gru],
  ] as const)('%s', async (name, cell) => {
    const golden = loadGolden(name);
    const inputs = Object.fromEntries(
      Object.entries(golden.inputs).map(([key, each]) => [key, floats(each)]),
    );
    const { x, cotangent } = inputs;
    const weights = {
      input: inputs['weight_ih_l0'],
      hidden: inputs['weight_hh_l0'],
      inputBias: inputs['bias_ih_l0'],
      hiddenBias: inputs['bias_hh_l0'],
    };
    const { y, h_n, c_n } = cell(x, zeros([x.shape[0], weights.hidden.shape[1]]), weights);
    const found: Record<string, Tensor | undefined> = {
      y,
      h_n: expandDims(h_n, 0),
      c_n: c_n && expandDims(c_n, 0),
    };
    for (const [key, expected] of Object.entries(golden.outputs)) {
      expect(errorOf(await found[key]!.data(), await floats(expected).data()), key).toBeLessThan(1e-5);
    }
    const names = Object.keys(golden.grads);
    const gradients = grad(
      y,
      names.map((key) => inputs[key]),
      cotangent,
    );
    for (const [k, key] of names.entries()) {
      const expected = await floats(golden.grads[key]).data();
      expect(errorOf(await gradients[k].data(), expected), `gradient of ${key}`).toBeLessThan(1e-5);
    }
  });
});
