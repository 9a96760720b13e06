/** The drawing grid: strokes by mouse, touch or pen, and a brush that the keyboard moves. */
import { byId, paint, setText, within } from './elements.ts';

/** Width and height of the grid. */
const side = 20;
/** Half the width of a stroke, in cells, where it is fully bright; from there it fades over one cell. */
const strokeRadius = 0.65;

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
  #pixels = new Float32Array(side * side);
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

  /** A copy, in [0, 1]. */
  get pixels(): Float32Array {
    return this.#pixels.slice();
  }

  /** Whether it was drawn by hand, at least in part. */
  get drawn(): boolean {
    return this.#drawn;
  }

  get empty(): boolean {
    return this.#pixels.every((value) => value === 0);
  }

  /** Shows a picture that was not drawn. */
  put(pixels: Float32Array): void {
    this.#pixels = pixels.slice();
    this.#drawn = false;
    this.#show();
  }

  clear(): void {
    this.#pixels.fill(0);
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
    return { x: ((clientX - left) / width) * side - 0.5, y: ((clientY - top) / height) * side - 0.5 };
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
    const inside = (place: number): number => Math.min(Math.max(place, 0), side - 1);
    const from = this.#brush;
    this.#brush = { x: inside(from.x + x), y: inside(from.y + y) };
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
    const reach = strokeRadius + 1;
    const cells = (first: number, last: number): [number, number] => [
      Math.max(Math.ceil(Math.min(first, last) - reach), 0),
      Math.min(Math.floor(Math.max(first, last) + reach), side - 1),
    ];
    const [left, right] = cells(from.x, to.x);
    const [top, bottom] = cells(from.y, to.y);
    for (let y = top; y <= bottom; y++) {
      for (let x = left; x <= right; x++) {
        const ink = Math.min(Math.max(reach - distance({ x, y }, from, to), 0), 1);
        this.#pixels[y * side + x] = Math.max(this.#pixels[y * side + x], ink);
      }
    }
    this.#drawn = true;
    this.#show();
    this.#changed();
  }

  #show(): void {
    paint(this.#canvas, this.#pixels);
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
