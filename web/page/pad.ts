/** The drawing grid, of the size that the model reads: strokes by mouse, touch or pen, and a brush that the keyboard moves. */
import { byId, paint, setText, within } from './elements.ts';

/** Half the width of a stroke, as a part of the shorter side, where it is full; from there it fades over as much. */
const strokeRadius = 0.65 / 20;
const strokeFade = 1 / 20;
/** How far the brush of the keyboard goes at once, as a part of the shorter side. */
const brushStep = 1 / 20;

/** `[H, W, C]` */
export type PadShape = readonly [height: number, width: number, channels: number];

interface Point {
  readonly x: number;
  readonly y: number;
}

const arrows: Readonly<Record<string, Point>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

export class Pad {
  readonly #frame = byId('pad', HTMLDivElement);
  readonly #canvas = within(this.#frame, 'canvas', HTMLCanvasElement);
  readonly #brushMark = byId('brush', HTMLSpanElement);
  readonly #position = byId('pad-position', HTMLParagraphElement);
  readonly #changed: () => void;
  #shape: PadShape = [20, 20, 1];
  /** Brightness of what is drawn on. */
  #paper: 0 | 1 = 0;
  #pixels = new Float32Array(20 * 20);
  #drawn = true;
  /** Where a pointer was last, while it is down. */
  #pointer: Point | undefined;
  #brush: Point = { x: 9, y: 3 };
  #spaceHeld = false;
  #penDown = false;

  /** @param changed called after every change of the picture by hand */
  constructor(changed: () => void) {
    this.#changed = changed;
    this.#followPointer();
    this.#followKeys();
    this.#show();
  }

  get shape(): PadShape {
    return this.#shape;
  }

  /** An empty grid of another size, unless it has this one. */
  prepare(shape: PadShape, paper: 0 | 1): void {
    if (shape.every((length, axis) => length === this.#shape[axis]) && paper === this.#paper) return;
    const [height, width, channels] = shape;
    this.#shape = shape;
    this.#paper = paper;
    this.#canvas.width = width;
    this.#canvas.height = height;
    this.#frame.style.setProperty('--rows', `${height}`);
    this.#frame.style.setProperty('--columns', `${width}`);
    this.#brush = { x: Math.floor(width / 2) - 1, y: Math.floor(0.15 * height) };
    this.#pixels = new Float32Array(height * width * channels);
    this.clear();
  }

  /** A copy, `[H, W, C]`, in [0, 1]. */
  get pixels(): Float32Array {
    return this.#pixels.slice();
  }

  /** Whether it was drawn by hand, at least in part. */
  get drawn(): boolean {
    return this.#drawn;
  }

  get empty(): boolean {
    return this.#pixels.every((value) => value === this.#paper);
  }

  /** Shows a picture that was not drawn. */
  put(pixels: Float32Array): void {
    this.#pixels = pixels.slice();
    this.#drawn = false;
    this.#show();
  }

  clear(): void {
    this.#pixels.fill(this.#paper);
    this.#drawn = true;
    this.#show();
    this.#changed();
  }

  #followPointer(): void {
    const frame = this.#frame;
    frame.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      frame.setPointerCapture(event.pointerId);
      this.#pointer = this.#pointOf(event);
      this.#stroke(this.#pointer, this.#pointer);
    });
    frame.addEventListener('pointermove', (event) => {
      if (this.#pointer === undefined) return;
      const passed = event.getCoalescedEvents();
      for (const each of passed.length > 0 ? passed : [event]) {
        const point = this.#pointOf(each);
        this.#stroke(this.#pointer, point);
        this.#pointer = point;
      }
    });
    for (const end of ['pointerup', 'pointercancel', 'lostpointercapture'] as const) {
      frame.addEventListener(end, () => {
        this.#pointer = undefined;
      });
    }
  }

  /** In cells; whole numbers are their centers. */
  #pointOf({ clientX, clientY }: PointerEvent): Point {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    const [rows, columns] = this.#shape;
    return { x: ((clientX - left) / width) * columns - 0.5, y: ((clientY - top) / height) * rows - 0.5 };
  }

  #followKeys(): void {
    const frame = this.#frame;
    frame.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      if (this.#press(event.key, event.repeat)) event.preventDefault();
    });
    frame.addEventListener('keyup', ({ key }) => {
      if (key === ' ') this.#spaceHeld = false;
    });
    frame.addEventListener('focus', () => this.#markBrush());
    frame.addEventListener('blur', () => {
      this.#spaceHeld = this.#penDown = false;
      this.#brushMark.hidden = true;
    });
  }

  /** Whether the key means something here. */
  #press(key: string, repeated: boolean): boolean {
    if (key in arrows) this.#moveBrush(arrows[key]);
    else if (key === 'Delete' || key === 'Backspace') this.clear();
    else if (key === ' ' || key === 'Enter') {
      if (repeated) return true;
      if (key === ' ') this.#spaceHeld = true;
      else this.#penDown = !this.#penDown;
      if (this.#spaceHeld || this.#penDown) this.#stroke(this.#brush, this.#brush);
    } else return false;
    this.#markBrush();
    return true;
  }

  #moveBrush({ x, y }: Point): void {
    const inside = (place: number, end: number): number => Math.min(Math.max(place, 0), end - 1);
    const [rows, columns] = this.#shape;
    const step = Math.max(1, Math.round(brushStep * Math.min(rows, columns)));
    const from = this.#brush;
    this.#brush = { x: inside(from.x + step * x, columns), y: inside(from.y + step * y, rows) };
    if (this.#spaceHeld || this.#penDown) this.#stroke(from, this.#brush);
  }

  #markBrush(): void {
    const { x, y } = this.#brush;
    this.#brushMark.hidden = !this.#frame.matches(':focus-visible');
    this.#brushMark.classList.toggle('down', this.#penDown);
    this.#brushMark.style.setProperty('--column', `${x}`);
    this.#brushMark.style.setProperty('--row', `${y}`);
    if (this.#brushMark.hidden) return;
    setText(this.#position, `Row ${y + 1}, column ${x + 1}${this.#penDown ? ', brush down' : ''}`);
  }

  /** Draws a line with soft edges. */
  #stroke(from: Point, to: Point): void {
    const [rows, columns, channels] = this.#shape;
    const fade = strokeFade * Math.min(rows, columns);
    const reach = strokeRadius * Math.min(rows, columns) + fade;
    const cells = (first: number, last: number, end: number): [number, number] => [
      Math.max(Math.ceil(Math.min(first, last) - reach), 0),
      Math.min(Math.floor(Math.max(first, last) + reach), end - 1),
    ];
    const [left, right] = cells(from.x, to.x, columns);
    const [top, bottom] = cells(from.y, to.y, rows);
    for (let y = top; y <= bottom; y++) {
      for (let x = left; x <= right; x++) {
        const ink = Math.min(Math.max((reach - distance({ x, y }, from, to)) / fade, 0), 1);
        const first = (y * columns + x) * channels;
        for (let place = first; place < first + channels; place++) this.#ink(place, ink);
      }
    }
    this.#drawn = true;
    this.#show();
    this.#changed();
  }

  #ink(place: number, ink: number): void {
    const before = this.#pixels[place];
    this.#pixels[place] = this.#paper === 0 ? Math.max(before, ink) : Math.min(before, 1 - ink);
  }

  #show(): void {
    paint(this.#canvas, this.#pixels, this.#shape[2]);
  }
}

/** From a point to the line between two others. */
function distance(point: Point, from: Point, to: Point): number {
  const [lineX, lineY] = [to.x - from.x, to.y - from.y];
  const square = lineX ** 2 + lineY ** 2;
  const along = square === 0 ? 0 : ((point.x - from.x) * lineX + (point.y - from.y) * lineY) / square;
  const part = Math.min(Math.max(along, 0), 1);
  return Math.hypot(point.x - from.x - part * lineX, point.y - from.y - part * lineY);
}
