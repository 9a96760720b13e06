/** The pad kernel in plain loops: fill the output, then copy the input into it, run by run. */
import { type CpuKernel, sizeOf } from '../support/contract.ts';
import { copyElements } from '../support/cpu/copy.ts';
import { denseStrides } from '../support/view.ts';
import type { PadAttributes } from './index.ts';

export const padCpu: CpuKernel<PadAttributes> = ({ inputs, outputs, attributes }) => {
  const { low, high, interior, value } = attributes;
  const { shape } = inputs[0];
  const outStrides = denseStrides(outputs[0].shape);
  // Axes after the last padded one move together: [N, H, W, C] padded in H and W is rows of runs of C elements.
  let last = shape.length - 1;
  while (last > 0 && low[last] === 0 && high[last] === 0 && interior[last] === 0) last--;
  const size = sizeOf(shape);
  const run = sizeOf(shape.slice(last + 1));
  const length = last < 0 ? 1 : shape[last];
  const runStep = last < 0 ? 1 : (interior[last] + 1) * outStrides[last];
  const steps = shape.map((_, axis) => (interior[axis] + 1) * outStrides[axis]);
  const origin = low.reduce((at, count, axis) => at + count * outStrides[axis], 0);

  return ([input], [output]) => {
    output.fill(value);
    const index = new Array<number>(shape.length).fill(0);
    for (let at = 0, rowAt = origin; at < size; ) {
      if (runStep === run) copyElements(input, at, output, rowAt, length * run);
      else if (run === 1) for (let i = 0; i < length; i++) output[rowAt + i * runStep] = input[at + i];
      else
        for (let i = 0; i < length; i++) copyElements(input, at + i * run, output, rowAt + i * runStep, run);
      at += length * run;
      // The next index on the axes before `last`, innermost first.
      for (let axis = last - 1; axis >= 0; axis--) {
        rowAt += steps[axis];
        if (++index[axis] < shape[axis]) break;
        rowAt -= shape[axis] * steps[axis];
        index[axis] = 0;
      }
    }
  };
};
