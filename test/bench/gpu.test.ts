/** The benchmarks on the gpu device: who takes part, what their parts are, and how they are told. Needs no GPU. */
import { describe, expect, it } from 'vitest';
import { digitsAsBytes, digitsFromBytes } from '../../bench/cases/digits.ts';
import { casesEverywhere } from '../../bench/cases/everywhere.ts';
import { collect } from '../../bench/collect.ts';
import { GpuMeter, nameOfGpu, partsBetween } from '../../bench/gpu-meter.ts';
import { measure } from '../../bench/measure.ts';
import { joined, type Timed } from '../../bench/protocol.ts';
import { renderMarkdown } from '../../bench/report/markdown.ts';
import { renderPage } from '../../bench/report/page.ts';
import { describeGpus, gpuParts } from '../../bench/report/tables.ts';
import { usualChoice, weftCommands } from '../../bench/runners.ts';
import { Stopwatch } from '../../bench/timing.ts';
import { loadDigits, setDevice } from '../../src/index.ts';
import { resultsOf, row } from './results.ts';

/** A run of which everything but the upload takes longer each time. */
const timed = (milliseconds: number, compileMs = 40): Timed => ({
  times: [milliseconds],
  gpu: { compileMs, parts: [{ uploadMs: 1, kernelMs: milliseconds / 10, downloadMs: milliseconds / 2 }] },
});

describe('who takes part', () => {
  const rolesOf = (...devices: string[]) =>
    weftCommands({ devices, threads: [1, 2] }).map(({ arguments: [, ...role] }) => role.join(' '));

  it('is no GPU unless it is asked for', () => {
    expect(usualChoice().devices).toEqual(['wasm', 'cpu']);
    expect(rolesOf('wasm', 'cpu')).toEqual(['worker wasm 1', 'worker wasm 2', 'worker cpu 1']);
  });

  it('is a page for each way to the GPU, or for the one that is named', () => {
    expect(rolesOf('gpu')).toEqual(['gpu-page webgpu', 'gpu-page webgl2']);
    expect(rolesOf('webgl2')).toEqual(['gpu-page webgl2']);
    expect(rolesOf('headlessgl')).toEqual(['worker headlessgl 1']);
  });

  it('is named so that software shows', () => {
    expect(nameOfGpu({ backend: 'webgpu', adapter: 'nvidia ampere' })).toBe('gpu (webgpu)');
    for (const adapter of ['google swiftshader', 'llvmpipe (LLVM 15.0.6)', 'Microsoft Basic Render Driver'])
      expect(nameOfGpu({ backend: 'webgl2', adapter })).toBe('gpu (webgl2, in software)');
  });
});

describe('the parts of a run', () => {
  it('are differences of the counters', () => {
    const before = { compile: 5, upload: 1, kernel: 2, download: 3 };
    const after = { compile: 5, upload: 1.5, kernel: 4, download: 10 };
    expect(partsBetween(before, after)).toEqual({ uploadMs: 0.5, kernelMs: 2, downloadMs: 7 });
  });

  it('are joined like the times, compiling being a total', () => {
    expect(joined(timed(10, 40), timed(20, 41))).toEqual({
      times: [10, 20],
      gpu: {
        compileMs: 41,
        parts: [
          { uploadMs: 1, kernelMs: 1, downloadMs: 5 },
          { uploadMs: 1, kernelMs: 2, downloadMs: 10 },
        ],
      },
    });
    expect(joined({ times: [1] }, { times: [2, 3] })).toEqual({ times: [1, 2, 3] });
  });

  it('become medians in the rows, which have no share of what the processor can do', async () => {
    const answers = [10, 30, 20].map((each) => timed(each));
    const gpu = { backend: 'webgpu', adapter: 'nvidia ampere', emptyReadMs: 0.2 };
    const runner = {
      title: 'gpu',
      about: { library: 'weft', version: '1.0', device: 'gpu (webgpu)', threads: 1, gpu },
      run: async () => answers.shift()!,
    };
    const work = { name: 'work', suite: 'kernels' as const, flops: 2e9, make: () => async () => {} };
    const probes = { measure: () => undefined, peakGflops: 60, copyGigabytes: 100 };
    const { rows } = await collect(
      [work],
      { weft: [runner], peers: [] },
      probes,
      { rounds: 3, roundMilliseconds: 100 },
      () => undefined,
    );
    expect(rows).toMatchObject([
      {
        device: 'gpu (webgpu)',
        medianMs: 20,
        gflops: 100,
        peakShare: null,
        parts: { compileMs: 40, uploadMs: 1, kernelMs: 2, downloadMs: 10 },
      },
    ]);
  });

  it('are not told of what has none', async () => {
    const runner = { title: 'wasm', run: async () => ({ times: [1] }) };
    const [{ outcome }] = await measure('work', [runner], { rounds: 2, roundMilliseconds: 1 });
    expect(outcome).toEqual({ times: [1, 1] });
  });
});

describe('the reports', () => {
  const parts = { compileMs: 40, uploadMs: 0.5, kernelMs: 2, downloadMs: 10 };
  const device = 'gpu (webgl2, in software)';
  const gpu = { device, backend: 'webgl2', adapter: 'ANGLE (SwiftShader)', emptyReadMs: 0.3 };
  const results = { ...resultsOf(row('matmul-64', 13, { device, parts }), row('matmul-64', 1)), gpus: [gpu] };

  it('tell the parts of rows that have them', () => {
    expect(gpuParts(results).rows).toEqual([
      ['matmul-64', device, '40 ms', '500 µs', '2 ms', '10 ms', '13 ms'],
    ]);
    expect(renderMarkdown(results)).toContain('## On the GPU');
    expect(renderPage(results, '')).toContain('<h2>On the GPU</h2>');
  });

  it('name the adapter and say that it is the processor', () => {
    expect(describeGpus(results)).toEqual([
      `${device}: ANGLE (SwiftShader), which is the processor and says nothing of a GPU; reading one number takes 300 µs`,
    ]);
    expect(renderMarkdown(results)).toContain('ANGLE (SwiftShader)');
  });

  it('say nothing of a GPU that took no part', () => {
    const without = resultsOf(row('matmul-64', 1));
    expect(renderMarkdown(without)).not.toContain('GPU');
    expect(renderPage(without, '')).not.toContain('GPU');
  });
});

describe('what runs in a page', () => {
  it('is everything but starting processes', () => {
    expect([...new Set(casesEverywhere.map(({ suite }) => suite))]).toEqual([
      'kernels',
      'layers',
      'training',
      'end to end',
    ]);
  });

  it('gets the same digits', () => {
    const { images, ...others } = digitsFromBytes(digitsAsBytes());
    const { images: pixels, ...expected } = loadDigits().train;
    expect(others).toEqual(expected);
    // Over a million of them, which is too many for a comparison that could explain itself.
    expect(Buffer.compare(images as Uint8Array, pixels as Uint8Array)).toBe(0);
  });

  it('is timed without parts where no GPU computes, and refused where it is unknown', async () => {
    setDevice('cpu');
    expect(GpuMeter.ofDevice()).toBeUndefined();
    const stopwatch = new Stopwatch(casesEverywhere);
    const { times, gpu } = await stopwatch.run('tiny-mlp-train-b4', 3);
    expect(times).toHaveLength(3);
    expect(gpu).toBeUndefined();
    await expect(stopwatch.run('import', 1)).rejects.toThrow('not offered');
  });

  it.each(['matmul-64', 'layer-dense-b128-512-512'])('%s says where its result stays', async (name) => {
    const step = await casesEverywhere.find((each) => each.name === name)!.make();
    await step();
    expect(await step.kept!.data()).toContainEqual(expect.any(Number));
  });
});
