/** How planning grows with depth, computed from the rows. */
import {
  type GrowthFamily,
  type GrowthPart,
  growthFamilies,
  growthName,
  growthParts,
} from './cases/growth.ts';
import type { Results } from './rows.ts';

/** The steepest growth of any part; undefined if there is none. */
export function steepestGrowth(results: Results): number | undefined {
  const all = growthFamilies.flatMap((family) =>
    growthParts.flatMap((part) => growthOf(results, family, part) ?? []),
  );
  return all.length === 0 ? undefined : Math.max(...all);
}

/** The exponent with which the time of a part grows with the depth; undefined for fewer than two depths. */
export function growthOf(results: Results, family: GrowthFamily, part: GrowthPart): number | undefined {
  const points = pointsOf(results, family, part);
  if (points.length < 2) return undefined;
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b) / values.length;
  const middleDepth = mean(points.map(({ depth }) => depth));
  const middleTime = mean(points.map(({ time }) => time));
  const along = points.reduce((sum, { depth }) => sum + (depth - middleDepth) ** 2, 0);
  const together = points.reduce(
    (sum, { depth, time }) => sum + (depth - middleDepth) * (time - middleTime),
    0,
  );
  return together / along;
}

/** Logarithms of depth and time, of the depths that were measured. */
function pointsOf(
  results: Results,
  family: GrowthFamily,
  part: GrowthPart,
): { readonly depth: number; readonly time: number }[] {
  return family.depths.flatMap((depth) => {
    const ms = timeOf(results, family, depth, part);
    return ms === undefined ? [] : [{ depth: Math.log(depth), time: Math.log(ms) }];
  });
}

/** The least milliseconds of a part at a depth, if they were measured: what else the machine does makes times longer. */
export function timeOf(
  { rows }: Results,
  family: GrowthFamily,
  depth: number,
  part: GrowthPart,
): number | undefined {
  const name = growthName(family, depth, part);
  return rows.find((row) => row.name === name)?.minMs;
}
