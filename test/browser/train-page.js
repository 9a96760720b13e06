/** What the test page runs: trains a small network on the wasm device and promises what it saw as `window.result`. */
import {
  Adam,
  compile,
  createModel,
  deviceInfo,
  memory,
  seed,
  setDevice,
  softmaxCrossEntropy,
  tensor,
} from '/dist/src/index.js';

const warnings = [];
const warn = console.warn;
console.warn = (...words) => {
  warnings.push(words.join(' '));
  warn(...words);
};

/** The longest stretch in which this thread answered nobody, in milliseconds. */
let longestTask = 0;
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) longestTask = Math.max(longestTask, duration);
}).observe({ type: 'longtask' });

async function train() {
  const threads = Number(new URLSearchParams(location.search).get('threads'));
  setDevice('wasm', { threads });
  seed(0);
  const [images, side] = [64, 16];
  const labels = Int32Array.from({ length: images }, (_, n) => n % 2);
  // Bars: class 0 horizontal, class 1 vertical.
  const pixels = Float32Array.from({ length: images * side * side }, (_, at) => {
    const n = Math.floor(at / (side * side));
    const [y, x] = [Math.floor(at / side) % side, at % side];
    return (labels[n] === 0 ? y : x) === (n * 7) % side ? 1 : 0;
  });
  const x = tensor(pixels, { shape: [images, side, side, 1] });
  const y = tensor(labels, { dtype: 'int32' });
  const model = createModel('conv-lstm', { inputShape: [side, side, 1], classes: 2 });
  const optimizer = new Adam(model.parameters(), { learningRate: 0.01 });
  const step = compile((xs, ys) => {
    const loss = softmaxCrossEntropy(model.call(xs), ys);
    loss.backward();
    void optimizer.step();
    return loss;
  });
  const losses = [];
  for (let index = 0; index < 40; index++) losses.push(await (await step(x, y)).item());
  return {
    losses,
    info: deviceInfo(),
    memory: memory(),
    warnings,
    longestTask,
    isolated: crossOriginIsolated,
  };
}

window.result = train().catch((error) => ({ error: String(error?.stack ?? error) }));
