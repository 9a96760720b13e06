/** The linear recurrence in plain loops: all features of a sequence from step to step, the oracle for the other devices. */
import type { CpuKernel } from '../support/contract.ts';
import { type LinearRecurrenceAttributes, linearRecurrenceSizes } from './index.ts';

export const linearRecurrenceCpu: CpuKernel<LinearRecurrenceAttributes> = (call) => {
  const { batch, time, features, parts, strides } = linearRecurrenceSizes(call);
  const { reverse, complex, addFirst } = call.attributes;
  const [ofBatch, ofTime, ofFeatures] = strides;
  const re = new Float64Array(features);
  const im = new Float64Array(complex ? features : 0);

  return (inputs, outputs) => {
    const [a, aIm] = inputs;
    const [b, bIm] = inputs.slice(parts);
    const [initial, initialIm] = inputs.slice(2 * parts);
    const [h, hIm] = outputs;

    for (let n = 0; n < batch; n++) {
      for (let k = 0; k < features; k++) {
        re[k] = initial[n * features + k];
        if (complex) im[k] = initialIm[n * features + k];
      }
      for (let order = 0; order < time; order++) {
        const t = reverse ? time - 1 - order : order;
        const from = n * ofBatch + t * ofTime;
        const row = (n * time + t) * features;
        for (let k = 0; k < features; k++) {
          const factor = a[from + k * ofFeatures];
          const at = row + k;
          if (complex) {
            const factorIm = aIm[from + k * ofFeatures];
            if (addFirst) {
              const [x, y] = [re[k] + b[at], im[k] + bIm[at]];
              [h[at], hIm[at]] = [x, y];
              re[k] = factor * x - factorIm * y;
              im[k] = factor * y + factorIm * x;
            } else {
              const [x, y] = [re[k], im[k]];
              h[at] = re[k] = factor * x - factorIm * y + b[at];
              hIm[at] = im[k] = factor * y + factorIm * x + bIm[at];
            }
          } else if (addFirst) {
            const sum = re[k] + b[at];
            h[at] = sum;
            re[k] = factor * sum;
          } else h[at] = re[k] = factor * re[k] + b[at];
        }
      }
    }
  };
};
