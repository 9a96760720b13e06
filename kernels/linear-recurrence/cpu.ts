/** The linear recurrence in plain loops: all features of a sequence from step to step, the oracle for the other devices. */
import type { CpuKernel, NumericArray } from '../support/contract.ts';
import { type LinearRecurrenceAttributes, linearRecurrenceSizes } from './index.ts';

/** The parts of an array. */
type InParts<Values> = readonly Values[];

function multiplyReal([s]: InParts<Float64Array>, k: number, [a]: InParts<NumericArray>, at: number): void {
  s[k] *= a[at];
}

function multiplyComplex(
  [re, im]: InParts<Float64Array>,
  k: number,
  [a, aIm]: InParts<NumericArray>,
  at: number,
): void {
  const [x, y] = [re[k], im[k]];
  re[k] = a[at] * x - aIm[at] * y;
  im[k] = a[at] * y + aIm[at] * x;
}

export const linearRecurrenceCpu: CpuKernel<LinearRecurrenceAttributes> = (call) => {
  const { batch, time, features, parts, strides } = linearRecurrenceSizes(call);
  const { reverse, complex, addFirst } = call.attributes;
  const [ofBatch, ofTime, ofFeatures] = strides;
  const multiply = complex ? multiplyComplex : multiplyReal;
  const s = Array.from({ length: parts }, () => new Float64Array(features));

  return (inputs, h) => {
    const [a, b, initial] = [0, 1, 2].map((operand) => inputs.slice(operand * parts, (operand + 1) * parts));
    for (let n = 0; n < batch; n++) {
      s.forEach((values, part) => {
        values.set(initial[part].subarray(n * features, (n + 1) * features));
      });
      for (let order = 0; order < time; order++) {
        const t = reverse ? time - 1 - order : order;
        const row = (n * time + t) * features;
        for (let k = 0; k < features; k++) {
          const at = n * ofBatch + t * ofTime + k * ofFeatures;
          if (!addFirst) multiply(s, k, a, at);
          for (let part = 0; part < parts; part++) {
            s[part][k] += b[part][row + k];
            h[part][row + k] = s[part][k];
          }
          if (addFirst) multiply(s, k, a, at);
        }
      }
    }
  };
};
