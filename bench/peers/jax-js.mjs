/** jax-js on its `wasm` backend. It has no recurrent layers; models are written with its functions, as in JAX. */
import { readFileSync } from 'node:fs';
import { defaultDevice, init, jit, nn, numpy as np, valueAndGrad } from '@jax-js/jax';
import { normal, serve } from './protocol.mjs';

const manifest = new URL('./node_modules/@jax-js/jax/package.json', import.meta.url);
const { version } = JSON.parse(readFileSync(manifest, 'utf8'));
await init('wasm');
defaultDevice('wasm');

const array = (shape, seed) =>
  np
    .array(
      normal(
        shape.reduce((a, b) => a * b, 1),
        seed,
      ),
    )
    .reshape(shape);

/** Runs a function of arrays that stay ours, waits, and lets its result go. */
function operation(compute) {
  return async () => {
    const result = compute();
    await result.blockUntilReady();
    result.dispose();
  };
}

/** One step of Adam for every array of `parameters`, all in one compiled function. */
function adamStep(loss) {
  return jit((parameters, first, second, correction1, correction2, x, y) => {
    const [value, gradients] = valueAndGrad(loss)(
      parameters.map(({ ref }) => ref),
      x,
      y,
    );
    const next = { parameters: [], first: [], second: [] };
    parameters.forEach((parameter, at) => {
      const gradient = gradients[at];
      const m = first[at].mul(0.9).add(gradient.ref.mul(0.1));
      const v = second[at].mul(0.999).add(np.square(gradient).mul(0.001));
      const change = m.ref
        .div(correction1.ref)
        .div(np.sqrt(v.ref.div(correction2.ref)).add(1e-8))
        .mul(1e-3);
      next.parameters.push(parameter.sub(change));
      next.first.push(m);
      next.second.push(v);
    });
    correction1.dispose();
    correction2.dispose();
    return { value, ...next };
  });
}

function tinyMlp() {
  const x = array([4, 2], 1);
  const y = np.array([
    [1, 0],
    [0, 1],
    [0, 1],
    [1, 0],
  ]);
  const loss = ([w1, b1, w2, b2], input, truth) => {
    const hidden = np.tanh(np.matmul(input, w1).add(b1));
    const logits = np.matmul(hidden, w2).add(b2);
    return nn.logSoftmax(logits, -1).mul(truth).sum().mul(-0.25);
  };
  const shapes = [[2, 8], [8], [8, 2], [2]];
  let state = {
    parameters: shapes.map((shape, at) => array(shape, at + 2)),
    first: shapes.map((shape) => np.zeros(shape)),
    second: shapes.map((shape) => np.zeros(shape)),
  };
  const step = adamStep(loss);
  let count = 0;
  return async () => {
    count++;
    const { value, ...next } = step(
      state.parameters,
      state.first,
      state.second,
      np.array(1 - 0.9 ** count),
      np.array(1 - 0.999 ** count),
      x.ref,
      y.ref,
    );
    state = next;
    await value.blockUntilReady();
    value.dispose();
  };
}

const noRecurrence = 'jax-js has no recurrent layers';
const noStep = 'not written for jax-js here';

await serve(
  { library: 'jax-js', version, device: 'wasm', threads: 1 },
  {
    'matmul-512': () => {
      const [a, b] = [array([512, 512], 1), array([512, 512], 2)];
      return operation(() => np.matmul(a.ref, b.ref));
    },
    'sigmoid-1M': () => {
      const v = array([1_000_000], 1);
      const sigmoid = jit((x) => nn.sigmoid(x));
      return operation(() => sigmoid(v.ref));
    },
    'lstm-train-b128-t28-h128': noRecurrence,
    'lstm-predict-b128-t28-h128': noRecurrence,
    'cnn-train-b64': noStep,
    'cnn-predict-b64': noStep,
    'conv-lstm-train-b64': noRecurrence,
    'tiny-mlp-train-b4': tinyMlp,
  },
);
