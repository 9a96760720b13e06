/** Where a command writes: results to standard output, everything said on the way beside them. */
import type { Writable } from 'node:stream';
import { formatInteger } from '../text.ts';

/** A stream that may be a terminal: process.stdout, or whatever a test hands in. */
export type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** The streams of a command. */
export interface Streams {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}

/** What a command runs in. */
export interface CommandContext {
  readonly streams: Streams;
  /** Ends training early. */
  readonly signal: AbortSignal | undefined;
  /** The file that starts `weft`, for the processes of a command that runs several trainings. */
  readonly program: string;
  /** Says how the command ended, where that is not `exitCodes.done`. */
  readonly finish: (exitCode: number) => void;
}

/** What a command writes with. */
export interface Terminal {
  /** The result, with --json the only thing on standard output. */
  readonly result: (text: string) => void;
  /** What happens on the way: on standard output, or with --json on standard error. */
  readonly say: (text: string) => void;
  /** What is to be known besides, of commands whose result stands alone: on standard error. */
  readonly aside: (text: string) => void;
  /** The stream of `say`, for progress bars. */
  readonly progress: OutputStream;
}

/** The terminal of a command that answers in text, or with `json` in JSON. */
export function openTerminal({ stdout, stderr }: Streams, json: boolean): Terminal {
  const progress = json ? stderr : stdout;
  const writeTo = (stream: OutputStream) => (text: string) => {
    stream.write(`${text}\n`);
  };
  return { result: writeTo(stdout), say: writeTo(progress), aside: writeTo(stderr), progress };
}

/** How long a counter stands before it is drawn again, in milliseconds. */
const COUNTER_PERIOD = 100;
const ERASE_LINE = '\r\u001b[K';

/** A line on a terminal that says how far something is, and is gone when anything else is written. Elsewhere it is not shown. */
export class Counter {
  readonly #stream: OutputStream;
  #shown = false;
  #drawn = 0;

  constructor(stream: OutputStream) {
    this.#stream = stream;
  }

  show(text: string): void {
    const now = performance.now();
    if (this.#stream.isTTY !== true || now - this.#drawn < COUNTER_PERIOD) return;
    this.#stream.write(`${ERASE_LINE}${text}`);
    this.#drawn = now;
    this.#shown = true;
  }

  clear(): void {
    if (this.#shown) this.#stream.write(ERASE_LINE);
    this.#shown = false;
  }
}

/** `1 image`, `2 images`, `1,000 images`. */
export function counted(count: number, noun: string): string {
  return `${formatInteger(count)} ${noun}${count === 1 ? '' : noun.endsWith('s') ? 'es' : 's'}`;
}

/** A part of 1 as `97.20 %`. */
export function percent(part: number, digits = 2): string {
  return `${(part * 100).toFixed(digits)} %`;
}

/** `8.4 s`, `2 min 05 s`, `1 h 02 min`. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  const twoDigits = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${hours} h ${twoDigits(minutes)} min` : `${minutes} min ${twoDigits(whole % 60)} s`;
}
