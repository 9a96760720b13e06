/** What happened at which point of the training, in as few points as can be told apart. */
import type { Progress, Tested } from '../protocol.ts';
import type { History, Point } from './state.ts';

/** More points than this cannot be told apart, and take time to draw. */
const mostPoints = 240;

/** The history with one more moment. */
export function extended({ loss, accuracy }: History, moment: Progress | Tested): History {
  const { epoch } = moment;
  return {
    loss: thinned([...loss, { epoch, value: moment.loss }]),
    accuracy: thinned([...accuracy, { epoch, value: moment.accuracy }]),
  };
}

/** Means of neighbors where there are too many. The last point stays as it is: it is the figure beside the curve. */
function thinned(points: readonly Point[]): readonly Point[] {
  if (points.length <= mostPoints) return points;
  const last = points.length - 1;
  const halved: Point[] = [];
  for (let index = 0; index < last - 1; index += 2) {
    const [before, after] = [points[index], points[index + 1]];
    halved.push({ epoch: (before.epoch + after.epoch) / 2, value: (before.value + after.value) / 2 });
  }
  if (last % 2 === 1) halved.push(points[last - 1]);
  return [...halved, points[last]];
}
