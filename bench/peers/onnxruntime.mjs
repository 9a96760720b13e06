/**
 * ONNX Runtime, native (`--package onnxruntime-node`) or as WebAssembly (`--package onnxruntime-web`), with `--threads`. It
 * runs weft's own models, written as ONNX, and has to give what weft gives.
 */
import { readFileSync } from 'node:fs';
import { cnn, examples, rowLstm, seed, setDevice } from '../../dist/bench/peer-models.js';
import { cnnFile, rowLstmFile } from './onnx-model.mjs';
import { option, serve } from './protocol.mjs';

/** The largest difference of a score from weft's. */
const tolerance = 1e-4;

const name = option('package', 'onnxruntime-node');
const threads = Number(option('threads', '1'));
const manifest = new URL(`./node_modules/${name}/package.json`, import.meta.url);
const { version } = JSON.parse(readFileSync(manifest, 'utf8'));
const { env, InferenceSession, Tensor } = await import(name);
const isNative = name === 'onnxruntime-node';
if (!isNative) env.wasm.numThreads = threads;

/** The function that is timed, once its scores are those of weft's model. */
async function prediction(makeModel, writeFile, shape) {
  await setDevice('cpu');
  seed(0);
  const model = makeModel().eval();
  const images = examples(shape);
  const expected = await model.call(images).data();
  const session = await InferenceSession.create(
    writeFile(await model.stateDict(), shape),
    isNative ? { intraOpNumThreads: threads, interOpNumThreads: 1 } : { executionProviders: ['wasm'] },
  );
  const feeds = { x: new Tensor('float32', await images.data(), shape) };
  const { scores } = await session.run(feeds);
  const difference = Math.max(...expected.map((score, at) => Math.abs(score - scores.data[at])));
  if (!(difference <= tolerance)) throw new Error(`its scores differ from those of weft by ${difference}`);
  return () => session.run(feeds);
}

await serve(
  { library: name, version, device: isNative ? 'cpu' : 'wasm', threads },
  {
    'lstm-predict-b128-t28-h128': () => prediction(rowLstm, rowLstmFile, [128, 28, 28]),
    'cnn-predict-b64': () => prediction(cnn, cnnFile, [64, 28, 28, 1]),
  },
);
