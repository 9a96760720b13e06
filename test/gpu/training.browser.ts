/** Training on the GPU: the same losses as on cpu, no traffic but inputs and losses, nothing that grows. */
import { beforeAll, expect, test } from 'vitest';
import { GpuDevice } from '../../src/devices/gpu/device.ts';
import type { GpuExecutable } from '../../src/devices/gpu/executable.ts';
import {
  Dense,
  DeviceLostError,
  deviceInfo,
  gpuCounters,
  memory,
  SGD,
  setDevice,
  tensor,
} from '../../src/index.ts';
import { planTensors } from '../support/devices.ts';
import { gpuObjects, listen, listenToGpuObjects } from './objects.ts';
import { expectSameLosses, makeStep } from './step.ts';
import { backend } from './support.ts';

beforeAll(() => listenToGpuObjects());

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
  expectSameLosses(actual, expected);
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

test('what was built before a step means what it meant', async () => {
  await setDevice('gpu', { backend });
  const [model, x] = [new Dense(3, 2), tensor([[1, 2, 3]])];
  const before = await model.call(x).array();
  const early = model.call(x);
  const scores = model.call(x);
  scores.square().sum().backward();
  await new SGD(model.parameters(), { learningRate: 0.1 }).step();
  await model.parameters()[0].set(new Float32Array(6));
  expect(await scores.array()).toEqual(before);
  expect(await early.array()).toEqual(before);
  expect(await model.call(x).array()).not.toEqual(before);
});

test('when the GPU is lost, training goes on from the last completed step', async () => {
  // What is trained where, and where the GPU goes: losses are those of an undisturbed run.
  setDevice('cpu');
  const undisturbed = await makeStep(8, false);
  const expected: number[] = [];
  for (let index = 0; index < 8; index++) expected.push(await undisturbed.run(index));

  await setDevice('gpu', { backend });
  // Without dropout, whose numbers a failed step has claimed.
  const { model, run } = await makeStep(8, false);
  const actual: number[] = [];
  for (let index = 0; index < 4; index++) actual.push(await run(index));
  // Values of step 3 are nowhere but on the GPU; the journal leads to them.
  await loseGpu();
  await expect(run(4)).rejects.toThrow(DeviceLostError);
  setDevice('wasm');
  // Parameters, both moments and the number of steps: any other value would show in the losses.
  actual.push(await run(4), await run(5));
  await setDevice('gpu', { backend });
  actual.push(await run(6));

  // In the middle of a step.
  const running = run(7);
  lose();
  await running.catch((error: unknown) => expect(error).toBeInstanceOf(DeviceLostError));
  await untilToldOfLoss();
  await expect(run(7)).rejects.toThrow(DeviceLostError);
  expectSameLosses(actual, expected.slice(0, 7));
  setDevice('wasm');
  for (const parameter of model.parameters()) {
    for (const value of await parameter.data()) expect(Number.isFinite(value)).toBe(true);
  }
});

test('when the GPU reports that its memory is exhausted, no step takes its results', async () => {
  setDevice('cpu');
  const undisturbed = await makeStep(8, false);
  const expected = [await undisturbed.run(0), await undisturbed.run(1), await undisturbed.run(2)];

  await setDevice('gpu', { backend });
  const { run } = await makeStep(8, false);
  const actual = [await run(0), await run(1)];
  exhaust();
  await expect(run(2)).rejects.toThrow(/memory/);
  await expect(run(2)).rejects.toThrow(DeviceLostError);
  await setDevice('gpu', { backend });
  actual.push(await run(2));
  expectSameLosses(actual, expected);
});

test('what nobody uses any more is let go', async () => {
  const device = await GpuDevice.open({ backend });
  const before = gpuObjects();
  const memoryBefore = device.memory().arenaBytes;
  const executables: GpuExecutable[] = [];
  for (let n = 0; n < 700; n++) {
    // Of different sizes, so that every function is compiled for itself.
    const { plan, inputs } = planTensors([tensor(new Float32Array(n + 1)).add(1)]);
    const executable = device.prepare(plan);
    await executable.run({ inputs, variables: [] });
    await executable.run({ inputs, variables: [] });
    executables.push(executable);
    executable.release();
  }
  expect(device.memory().arenaBytes).toBe(memoryBefore);
  // Functions wait for somebody who needs the same, 512 of them; an upload and a pass have some four objects each.
  expect(gpuObjects() - before).toBeLessThan(512 * 4);
});

/** Takes the GPU away, as a driver does that crashed. */
async function loseGpu(): Promise<void> {
  lose();
  await untilToldOfLoss();
}

/** A loss is told in a task of its own. */
function untilToldOfLoss(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 100));
}

let lose: () => void = () => undefined;
/** Reports what a GPU reports that has no memory left. */
let exhaust: () => void = () => undefined;

beforeAll(() => {
  listen('GPUAdapter', 'requestDevice', (promise) => {
    void (promise as Promise<EventTarget & { destroy(): void }>).then((device) => {
      lose = () => device.destroy();
      exhaust = () => {
        const error = { message: 'no memory left' };
        device.dispatchEvent(Object.assign(new Event('uncapturederror'), { error }));
      };
    });
  });
  for (const canvas of ['HTMLCanvasElement', 'OffscreenCanvas']) {
    listen(canvas, 'getContext', (context) => {
      if (backend !== 'webgl2' || !(context instanceof WebGL2RenderingContext)) return;
      lose = () => context.getExtension('WEBGL_lose_context')!.loseContext();
      exhaust = () => {
        context.getError = () => context.OUT_OF_MEMORY;
      };
    });
  }
});
