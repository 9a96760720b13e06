/** All cases, suite by suite. */
import type { Case } from './case.ts';
import { coldStartCases } from './cold-start.ts';
import { endToEndCases } from './end-to-end.ts';
import { kernelCases } from './kernels.ts';
import { layerCases } from './layers.ts';
import { trainingCases } from './training.ts';

export const cases: readonly Case[] = [
  ...kernelCases,
  ...layerCases,
  ...trainingCases,
  ...endToEndCases,
  ...coldStartCases,
];
