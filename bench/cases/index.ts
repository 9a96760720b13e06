/** All cases, suite by suite. */
import type { Case } from './case.ts';
import { coldStartCases } from './cold-start.ts';
import { casesEverywhere } from './everywhere.ts';
import { fitOverheadCases } from './fit-overhead.ts';
import { growthCases } from './growth.ts';

export const cases: readonly Case[] = [
  ...casesEverywhere,
  ...fitOverheadCases,
  ...coldStartCases,
  ...growthCases,
];
