/** The worked convolution of kernels/README.md: the numbers of its text, computed by the kernels. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { conv2dCpu, conv2dInputGradientCpu, conv2dWeightGradientCpu } from '../../kernels/conv2d/cpu.ts';
import { geometryOf } from '../../kernels/conv2d/geometry.ts';
import {
  conv2d,
  conv2dInputGradient,
  conv2dWeightGradient,
  convolvedLength,
} from '../../kernels/conv2d/index.ts';
import { forwardAxis, inputGradientAxis } from '../../kernels/conv2d/wasm/correlation-axis.ts';
import { weightGradientPlan } from '../../kernels/conv2d/wasm/weight-gradient-plan.ts';
import { conv2dInputGradientWasm, conv2dWasm, conv2dWeightGradientWasm } from '../../kernels/conv2d/wasm.ts';
import { ModuleBuilder } from '../../kernels/support/wasm/assembler/index.ts';
import type { WindowAxis } from '../../kernels/support/window-axis.ts';
import { addStage } from '../../src/devices/wasm/stages.ts';
import { WebAssembly } from '../../src/devices/wasm/webassembly.ts';
import { runKernel, specOf } from './support/run.ts';
import { runWasmKernel } from './support/wasm.ts';

const page = readFileSync(new URL('../../kernels/README.md', import.meta.url), 'utf8');

const attributes = {
  stride: [1, 2],
  padding: [0, 0, 1, 1],
  dilation: [1, 1],
  groups: 1,
} as const;
const [x, weight, y] = [specOf([1, 1, 5, 1]), specOf([1, 3, 1, 2]), specOf([1, 1, 3, 2])];
const pixels = Float32Array.of(1, 2, 3, 4, 5);
const weights = Float32Array.of(1, 1, 10, 0, 100, -1);
const gradient = Float32Array.of(1, 2, 3, 4, 5, 6);
const axis: WindowAxis = { pixels: 5, windows: 3, taps: 3, stride: 2, dilation: 1, padding: 1 };
const geometry = geometryOf({ x: x.shape, weight: weight.shape, y: y.shape }, attributes);

/** Numbers as a line of the page shows them. */
function line(numbers: Iterable<number>): string {
  return [...numbers].join('  ');
}

/** Numbers in columns, the first of three characters, the others of two. */
function cells([first, ...others]: readonly number[]): string {
  return [String(first).padStart(3), ...others.map((each) => String(each).padStart(2))].join(' ');
}

/** The memory of `conv2dWasm` after its stages. */
function memoryOfForward() {
  const at = { x: 1024, weight: 1088, y: 1152, scratch: 1216, threadScratch: 1280, fault: 2048 };
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const floats = new Float32Array(memory.buffer as ArrayBuffer).fill(Number.NaN);
  floats.set(pixels, at.x / 4);
  floats.set(weights, at.weight / 4);
  const { stages } = conv2dWasm({ inputs: [x, weight], outputs: [y], attributes }, { relaxedSimd: false });
  const module = new ModuleBuilder({ shared: false, initialPages: 1, maximumPages: 1 });
  for (const [index, stage] of stages.entries()) addStage(module, stage, 2, 1, `stage${index}`);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { weft: { memory } });
  const functions = instance.exports as Record<string, (...values: number[]) => void>;
  for (const [index, { items }] of stages.entries())
    functions[`stage${index}`](...Object.values(at), 0, items);
  const slice = (start: number, count: number): number[] => [
    ...floats.subarray(start / 4, start / 4 + count),
  ];
  const list = [...new Int32Array(memory.buffer as ArrayBuffer, at.threadScratch + 64, 12)];
  return {
    panel: slice(at.scratch, 12),
    copy: slice(at.threadScratch, 7),
    windows: list.filter((_, index) => index % 2 === 0).map((address) => address - at.threadScratch),
    results: list.filter((_, index) => index % 2 === 1).map((address) => address - at.y),
    y: slice(at.y, 6),
  };
}

describe('the worked convolution', () => {
  it('has three windows, whose axis the formula gives', () => {
    expect(convolvedLength(5, 3, 2, 1, 1, 1)).toBe(3);
    expect(geometry.columns).toEqual(axis);
    const forward = forwardAxis(axis);
    expect(forward).toMatchObject({ sourceStep: 2, tapStep: 1, zerosBefore: 1, zerosBehind: 1 });
    expect(forward.start(forward.residues[0], 0)).toEqual({ output: 0, source: -1, tap: 0 });
  });

  it('packs, copies, lists and multiplies as written', () => {
    const memory = memoryOfForward();
    for (let tap = 0; tap < 3; tap++) {
      const depth = cells(memory.panel.slice(tap * 4, tap * 4 + 4));
      expect(page).toContain(`\n    depth ${tap} (tap ${tap})    ${depth}\n`);
    }
    expect(page).toContain(`\n    ${line(memory.copy)}\n`);
    expect(page).toContain(`window    ${line(memory.windows)}\n    result    ${line(memory.results)}\n`);
    expect(page).toContain(`\n    ${line(memory.y)}\n`);
    for (const [row, label] of ['(w = 0)', '(w = 1)', '(w = 2)', '(again)'].entries()) {
      const sums = [0, 0];
      const steps = [0, 1, 2].map((tap) => {
        const left = memory.copy[memory.windows[row] / 4 + tap];
        for (const column of [0, 1]) sums[column] += left * memory.panel[tap * 4 + column];
        return `${left} → ${cells(sums)}`;
      });
      expect(page).toContain(`\n    row ${row} ${label}   ${steps.join('            ')}\n`);
      if (row < 3) expect(sums).toEqual(memory.y.slice(row * 2, row * 2 + 2));
    }
  });

  it('has two residues in the gradient of x, which meet the windows and taps of the table', () => {
    const { residues, start, sourceStep, tapStep, tapChange, outputStep, ...ends } = inputGradientAxis(axis);
    expect(ends).toMatchObject({ zerosBefore: 0, zerosBehind: 0, complete: true });
    const rows = residues.map((each) => {
      const first = start(each, each.first);
      const numberOf = (value: unknown): number =>
        typeof value === 'number' ? value : (value as { constant: number }).constant;
      const outputs: number[] = [];
      for (let p = numberOf(first.output); p < 5; p += outputStep) outputs.push(p);
      const taps = Array.from({ length: each.taps }, (_, t) => numberOf(first.tap) + t * tapChange);
      expect([numberOf(first.source), sourceStep, tapStep]).toEqual([0, 1, 1]);
      return [each.first, outputs.join(' '), taps.join(' '), each.taps * 2];
    });
    expect(rows).toEqual([
      [0, '1 3', '2 0', 4],
      [1, '0 2 4', '1', 2],
    ]);
    for (const [least, outputs, taps, depth] of rows) {
      expect(page).toMatch(new RegExp(`\n {4}${least} +${outputs} +m.* +${taps} +${depth}\n`));
    }
  });

  it('has one block and one part in the gradient of the weight', () => {
    expect(weightGradientPlan(geometry, false)).toMatchObject({
      block: { images: 1, rows: 1 },
      blocks: 1,
      parts: 1,
      packs: false,
      sumBytes: 4,
    });
  });

  it('gives the results of the page on cpu and wasm', () => {
    const results = [
      [conv2d, conv2dCpu, conv2dWasm, x, weight, y, pixels, weights],
      [conv2dInputGradient, conv2dInputGradientCpu, conv2dInputGradientWasm, y, weight, x, gradient, weights],
      [
        conv2dWeightGradient,
        conv2dWeightGradientCpu,
        conv2dWeightGradientWasm,
        x,
        y,
        weight,
        pixels,
        gradient,
      ],
    ] as const;
    for (const [contract, cpu, wasm, left, right, out, ...inputs] of results) {
      const call = { inputs: [left, right], outputs: [out], attributes };
      const [expected] = runKernel(contract, cpu, call, inputs);
      expect(runWasmKernel(wasm, call, inputs)[0]).toEqual(expected);
      expect(page).toContain(`\n    ${line(expected as Float32Array)}\n`);
    }
  });

  it('adds up right wherever the page writes a sum', () => {
    const sums = [...page.matchAll(/((?:\d+·-?\d+ \+ )+\d+·-?\d+) += +(-?\d+)/g)];
    expect(sums).toHaveLength(17);
    for (const [, terms, total] of sums) {
      const products = terms.split(' + ').map((term) => term.split('·').map(Number));
      expect(
        products.reduce((sum, [a, b]) => sum + a * b, 0),
        terms,
      ).toBe(Number(total));
    }
  });
});
