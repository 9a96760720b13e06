/** The cases that run in a page as well: all but those that start processes. */
import type { Case } from './case.ts';
import { endToEndCases } from './end-to-end.ts';
import { kernelCases } from './kernels.ts';
import { layerCases } from './layers.ts';
import { loopCases } from './loops.ts';
import { trainingCases } from './training.ts';

export const casesEverywhere: readonly Case[] = [
  ...kernelCases,
  ...layerCases,
  ...loopCases,
  ...trainingCases,
  ...endToEndCases,
];
