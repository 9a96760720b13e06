/** Test-time augmentation: a classifier is asked about several views of each picture, and answers with the mean. */
import { OptionError, ShapeError } from '../errors.ts';
import { Module } from '../nn/module.ts';
import { clamp, log } from '../ops/elementwise.ts';
import { concat, flip, narrow, tile } from '../ops/movement.ts';
import { mean } from '../ops/reduce.ts';
import { describeValue, requireBoolean, requireKnownOptions, requireNumber } from '../options.ts';
import { formatShape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { probabilitiesOf } from './objective.ts';

/** Which views of a picture there are beside the picture itself. Answers take as many times as long. */
export interface PictureViews {
  /** Its mirror image, left to right: of all views twice as many. Default false. */
  readonly flip?: boolean;
  /** Shifted so many whole pixels to the left, right, up and down, the edge continued: five views in place of one. Default 0. */
  readonly shift?: number;
}

/** Throws OptionError unless there is a view beside the picture itself. */
export function requireViews(where: string, views: PictureViews): void {
  requireKnownOptions(`views of ${where}`, views, ['flip', 'shift']);
  requireBoolean(where, 'flip', views.flip ?? false);
  requireNumber(where, 'shift', views.shift ?? 0, 'a whole number of at least 0');
  if (views.flip || views.shift) return;
  throw new OptionError({
    where,
    got: `views ${describeValue(views)}`,
    expected: 'flip, shift, or both',
    cure: 'Give { flip: true }, or leave views out.',
  });
}

/** Asks a classifier of pictures `[N, H, W, C]` about all views at once; its scores are the logarithms of the mean of the probabilities. */
export class ViewedClassifier extends Module {
  readonly model: Module;
  readonly #views: PictureViews;

  constructor(model: Module, views: PictureViews) {
    super();
    this.model = model;
    this.#views = views;
  }

  forward(pictures: Tensor): Tensor {
    const views = viewsOf(pictures, this.#views);
    const scores = this.model.call(concat(views));
    const [rows, classes] = scores instanceof Tensor ? scores.shape : [];
    if (rows !== views.length * pictures.shape[0] || classes === undefined || scores.rank !== 2) {
      throw new ShapeError({
        where: 'the model on views of pictures',
        got:
          scores instanceof Tensor ? `scores of shape ${formatShape(scores.shape)}` : describeValue(scores),
        expected: `[${views.length * pictures.shape[0]}, classes]`,
        cure: 'Leave views out: answers are averaged where they are probabilities of classes.',
      });
    }
    const all = probabilitiesOf(scores).reshape([views.length, pictures.shape[0], classes]);
    // A probability may be too small for a number; its logarithm has to be one.
    return log(clamp(mean(all, 0), 1e-37, 1));
  }
}

function viewsOf(pictures: Tensor, { flip: mirrored = false, shift = 0 }: PictureViews): Tensor[] {
  if (!(pictures instanceof Tensor) || pictures.rank !== 4) {
    throw new ShapeError({
      where: 'views of pictures',
      got: pictures instanceof Tensor ? formatShape(pictures.shape) : describeValue(pictures),
      expected: '[N, H, W, C]',
      cure: 'Leave views out: only pictures have them.',
    });
  }
  const [, height, width] = pictures.shape;
  if (shift > 0 && shift >= Math.max(height, width)) {
    throw new OptionError({
      where: 'views of pictures',
      got: `shift ${shift} for pictures of ${height}×${width} pixels`,
      expected: 'fewer pixels than the longer side has: else nothing of a picture is left',
      cure: 'Give less: 1 or 2 are usual.',
    });
  }
  const moved =
    shift === 0 ? [] : [1, 2].flatMap((axis) => [-shift, shift].map((by) => shifted(pictures, axis, by)));
  const views = [pictures, ...moved];
  return mirrored ? [...views, ...views.map((view) => flip(view, 2))] : views;
}

/** Moves pictures along an axis; as many pixels as are lost at one edge are repeated at the other. */
function shifted(pictures: Tensor, axis: number, by: number): Tensor {
  const length = pictures.shape[axis];
  const steps = Math.min(Math.abs(by), length - 1);
  if (steps === 0) return pictures;
  const place = by > 0 ? 0 : length - 1;
  const edge = tile(
    narrow(pictures, axis, place, place + 1),
    pictures.shape.map((_, each) => (each === axis ? steps : 1)),
  );
  return by > 0
    ? concat([edge, narrow(pictures, axis, 0, length - steps)], axis)
    : concat([narrow(pictures, axis, steps, length), edge], axis);
}
