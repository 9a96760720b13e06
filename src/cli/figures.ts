/** How figures are written that say how models differ: differences of accuracies, and p-values. */

/** A difference of accuracies in points of 100: `1.3`, or of many images `0.14`. */
export function points(difference: number, images: number): string {
  const text = (100 * Math.abs(difference)).toFixed(digitsFor(images));
  return difference < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/** The same with its noun: `1.3 points`, `1.0 point`. */
export function pointsOf(difference: number, images: number): string {
  const text = points(difference, images);
  return `${text} ${Number(text) === 1 ? 'point' : 'points'}`;
}

/** Digits of a percent that the number of images allows to be told apart. */
export function digitsFor(images: number): number {
  return images > 2000 ? 2 : 1;
}

/** A p-value: `0.004`, `< 0.001`. */
export function pText(p: number): string {
  return p < 0.001 ? '< 0.001' : p.toFixed(p < 0.1 ? 3 : 2);
}
