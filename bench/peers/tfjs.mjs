/** TensorFlow.js on its `cpu` or `wasm` backend (`--device`), without native parts. */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { labels, normal, option, serve } from './protocol.mjs';

// As CommonJS: the ES modules of TensorFlow.js import without file extensions, which Node refuses.
const require = createRequire(import.meta.url);
const tf = require('@tensorflow/tfjs');

const device = option('device', 'wasm');
let threads = 1;
if (device === 'wasm') {
  const wasm = require('@tensorflow/tfjs-backend-wasm');
  wasm.setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
  await tf.setBackend('wasm');
  // Its threads are switched off in Node: https://github.com/tensorflow/tfjs/issues/3830.
  if (await tf.env().getAsync('WASM_HAS_MULTITHREAD_SUPPORT')) threads = wasm.getThreadsCount();
} else {
  await tf.setBackend('cpu');
}
await tf.ready();
if (tf.getBackend() !== device) throw new Error(`asked for ${device}, got ${tf.getBackend()}`);

const images = () => tf.tensor(normal(64 * 28 * 28), [64, 28, 28, 1]);
const sequences = () => tf.tensor(normal(128 * 28 * 28), [128, 28, 28]);

/** [N, classes], one 1 a row. */
const classes = (count, among) => tf.oneHot(tf.tensor1d(labels(count, among), 'int32'), among);

function rowLstm() {
  return tf.sequential({
    layers: [
      tf.layers.lstm({
        units: 128,
        inputShape: [28, 28],
        recurrentActivation: 'sigmoid',
        recurrentInitializer: 'glorotUniform',
      }),
      tf.layers.dense({ units: 10 }),
    ],
  });
}

const convolution = (filters, more = {}) =>
  tf.layers.conv2d({ filters, kernelSize: 3, padding: 'same', activation: 'relu', ...more });
const pooling = () => tf.layers.maxPooling2d({ poolSize: 2 });

function cnn() {
  return tf.sequential({
    layers: [
      convolution(32, { inputShape: [28, 28, 1] }),
      pooling(),
      convolution(64),
      pooling(),
      tf.layers.flatten(),
      tf.layers.dense({ units: 128, activation: 'relu' }),
      tf.layers.dense({ units: 10 }),
    ],
  });
}

function convLstm() {
  return tf.sequential({
    layers: [
      convolution(16, { inputShape: [28, 28, 1] }),
      pooling(),
      convolution(32),
      pooling(),
      tf.layers.reshape({ targetShape: [7, 7 * 32] }),
      tf.layers.lstm({ units: 128, recurrentActivation: 'sigmoid', recurrentInitializer: 'glorotUniform' }),
      tf.layers.dense({ units: 10 }),
    ],
  });
}

function tinyMlp() {
  return tf.sequential({
    layers: [
      tf.layers.dense({ units: 8, activation: 'tanh', inputShape: [2] }),
      tf.layers.dense({ units: 2 }),
    ],
  });
}

/** A training step as a user of the layers writes it. The loss takes logits. */
function training(model, x, y) {
  const loss = (truth, logits) => tf.losses.softmaxCrossEntropy(truth, logits);
  model.compile({ optimizer: tf.train.adam(1e-3), loss });
  return () => model.trainOnBatch(x, y);
}

function prediction(model, x) {
  return () => {
    const scores = model.predictOnBatch(x);
    scores.dataSync();
    scores.dispose();
  };
}

/** Runs one operation and lets its result go. */
function operation(compute) {
  return () => compute().dispose();
}

await serve(
  { library: 'tfjs', version: tf.version.tfjs, device, threads },
  {
    'matmul-512': () => {
      const [a, b] = [1, 2].map((seed) => tf.tensor(normal(512 * 512, seed), [512, 512]));
      return operation(() => tf.matMul(a, b));
    },
    'sigmoid-1M': () => {
      const v = tf.tensor(normal(1_000_000));
      return operation(() => tf.sigmoid(v));
    },
    'lstm-train-b128-t28-h128': () => training(rowLstm(), sequences(), classes(128, 10)),
    'lstm-predict-b128-t28-h128': () => prediction(rowLstm(), sequences()),
    'cnn-train-b64': () => training(cnn(), images(), classes(64, 10)),
    'cnn-predict-b64': () => prediction(cnn(), images()),
    'conv-lstm-train-b64': () => training(convLstm(), images(), classes(64, 10)),
    'tiny-mlp-train-b4': () => training(tinyMlp(), tf.tensor(normal(8), [4, 2]), classes(4, 2)),
  },
);
