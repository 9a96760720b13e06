/** Training on the GPU: the same losses as on cpu, no traffic but inputs and losses, nothing that grows. */
import { beforeAll, expect, test } from 'vitest';
import {
  Adam,
  compile,
  createModel,
  DeviceLostError,
  deviceInfo,
  gpuCounters,
  memory,
  seed,
  setDevice,
  softmaxCrossEntropy,
  type Tensor,
  tensor,
} from '../../src/index.ts';
import { loadDigitCells } from './digits.ts';
import { gpuObjects, listen, listenToGpuObjects } from './objects.ts';
import { backend } from './support.ts';

beforeAll(() => listenToGpuObjects());

/** A training step of conv + LSTM on digits, and the batches it is given. */
async function makeStep(batch: number) {
  const { images, labels } = await loadDigitCells(10 * batch);
  seed(3);
  const model = createModel('conv-lstm', { inputShape: [20, 20, 1], classes: 10 });
  const optimizer = new Adam(model.parameters(), { learningRate: 3e-3, clipNorm: 1 });
  const step = compile(
    (x: Tensor, y: Tensor) => {
      const loss = softmaxCrossEntropy(model.call(x), y);
      loss.backward();
      void optimizer.step();
      return loss;
    },
    { requireFinite: true },
  );
  const run = async (index: number): Promise<number> => {
    // Every tenth cell from another place: batches of all classes.
    const picks = Array.from({ length: batch }, (_, n) => (n * 10 + index) % (10 * batch));
    const x = tensor(Float32Array.from(picks.flatMap((n) => [...images.subarray(n * 400, (n + 1) * 400)])), {
      shape: [batch, 20, 20, 1],
    });
    const y = tensor(
      Int32Array.from(picks, (n) => labels[n]),
      { dtype: 'int32' },
    );
    return (await step(x, y)).item();
  };
  return { model, run };
}

async function lossesOn(device: 'cpu' | 'gpu', steps: number): Promise<number[]> {
  if (device === 'gpu') await setDevice('gpu', { backend });
  else setDevice('cpu');
  const { run } = await makeStep(32);
  const losses: number[] = [];
  for (let index = 0; index < steps; index++) losses.push(await run(index));
  return losses;
}

test('twenty steps of conv + LSTM on digits give the losses of cpu', async () => {
  const expected = await lossesOn('cpu', 20);
  const actual = await lossesOn('gpu', 20);
  expect(deviceInfo()).toMatchObject({ name: 'gpu', backend });
  expected.forEach((loss, step) => {
    expect(Math.abs(actual[step] - loss) / loss, `step ${step}`).toBeLessThan(1e-3);
  });
  expect(expected[19]).toBeLessThan(expected[0] - 0.1);
});

test('a step uploads its inputs and downloads its loss, and 200 of them make nothing grow', async () => {
  await setDevice('gpu', { backend });
  const { run } = await makeStep(8);
  await run(0);
  await run(1);
  const [objects, bytes] = [gpuObjects(), memory()];
  expect(objects).toBeGreaterThan(0);
  for (let index = 2; index < 200; index++) {
    const before = gpuCounters()!;
    await run(index);
    const after = gpuCounters()!;
    // Images and labels, and two numbers of Adam that change from step to step.
    expect(after.uploads - before.uploads, `uploads of step ${index}`).toBe(4);
    expect(after.downloads - before.downloads, `downloads of step ${index}`).toBe(1);
    expect(after.downloadedBytes - before.downloadedBytes).toBe(4);
    expect(after.compiled, `compilations in step ${index}`).toBe(before.compiled);
    expect(gpuObjects(), `buffers and textures after step ${index}`).toBe(objects);
  }
  expect(memory()).toEqual(bytes);
});

test('when the GPU is lost, parameters are as the last completed step left them', async () => {
  await setDevice('gpu', { backend });
  const { model, run } = await makeStep(8);
  for (let index = 0; index < 3; index++) await run(index);
  const parameters = model.parameters();
  const expected = await Promise.all(parameters.map((parameter) => parameter.data()));
  await run(3);
  // The value after step 3 is nowhere but on the GPU; the journal leads to it.
  const afterwards = await Promise.all(parameters.map((parameter) => parameter.data()));
  expect(afterwards[0]).not.toEqual(expected[0]);
  await loseGpu();
  await expect(run(4)).rejects.toThrow(DeviceLostError);
  setDevice('wasm');
  for (const [index, parameter] of parameters.entries()) {
    const recovered = await parameter.data();
    recovered.forEach((value, at) => {
      expect(Math.abs(value - afterwards[index][at])).toBeLessThan(1e-5);
    });
  }
  // Training goes on, also on a new GPU.
  const onWasm = await run(4);
  expect(onWasm).toBeLessThan(3);
  await setDevice('gpu', { backend });
  expect(await run(5)).toBeLessThan(3);
});

/** Takes the GPU away, as a driver does that crashed. */
async function loseGpu(): Promise<void> {
  lose();
  // The loss is told in a task of its own.
  await new Promise((resolve) => setTimeout(resolve, 100));
}

let lose: () => void = () => undefined;

beforeAll(() => {
  listen('GPUAdapter', 'requestDevice', (promise) => {
    void (promise as Promise<{ destroy(): void }>).then((device) => {
      lose = () => device.destroy();
    });
  });
  for (const canvas of ['HTMLCanvasElement', 'OffscreenCanvas']) {
    listen(canvas, 'getContext', (context) => {
      if (backend !== 'webgl2' || !(context instanceof WebGL2RenderingContext)) return;
      lose = () => context.getExtension('WEBGL_lose_context')!.loseContext();
    });
  }
});
