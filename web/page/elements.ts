/** Finding and making elements, with their types checked. */

/** The element with an id, which has to be of the given class. */
export function byId<Kind extends Element>(id: string, kind: new () => Kind): Kind {
  const element = document.getElementById(id);
  if (element instanceof kind) return element;
  throw new Error(`The page has no ${kind.name} with the id ${id}.`);
}

/** The first such element inside another. */
export function within<Kind extends Element>(parent: Element, selector: string, kind: new () => Kind): Kind {
  const element = parent.querySelector(selector);
  if (element instanceof kind) return element;
  throw new Error(`There is no ${selector} in #${parent.id}.`);
}

/** A new element of a tag, with text. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className = '',
  text = '',
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  if (className !== '') element.className = className;
  element.textContent = text;
  return element;
}

/** Sets a text if it is another one: screen readers announce every change. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Paints pixels in [0, 1] on a canvas of their size: gray ones (1 channel), or red, green and blue (3). */
export function paint(canvas: HTMLCanvasElement, pixels: Float32Array, channels: number): void {
  const context = canvas.getContext('2d');
  const image = context?.createImageData(canvas.width, canvas.height);
  if (!context || !image) return;
  const colors = channels >= 3 ? [0, 1, 2] : [0, 0, 0];
  for (let pixel = 0; pixel < canvas.width * canvas.height; pixel++) {
    for (const [color, from] of colors.entries()) {
      image.data[4 * pixel + color] = Math.round(pixels[pixel * channels + from] * 255);
    }
    image.data[4 * pixel + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

/** A new canvas with such pixels on it. */
export function picture(
  pixels: Float32Array,
  [height, width, channels]: readonly number[],
): HTMLCanvasElement {
  const canvas = make('canvas');
  canvas.width = width;
  canvas.height = height;
  paint(canvas, pixels, channels);
  return canvas;
}

const percentage = new Intl.NumberFormat('en', {
  style: 'percent',
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});

/** `98.3%` */
export function percent(part: number): string {
  return percentage.format(part);
}
