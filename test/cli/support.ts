/** Running the command in this process or as a child, and tiny data sets for it to train on. */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { Writable } from 'node:stream';
import { runCommandLine } from '../../src/cli/commands.ts';
import { encodeIdx } from '../../src/data/idx.ts';
import { encodePng } from '../../src/data/png.ts';
import { RandomGenerator } from '../../src/data/random-generator.ts';
import { temporaryFolder } from '../support/datasets.ts';

const root = resolve(import.meta.dirname, '../..');

/** What a command wrote, and how it ended. */
export interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A stream that keeps what is written to it. */
class Capture extends Writable {
  readonly columns = 120;
  readonly isTTY: boolean;
  text = '';
  readonly #onWrite: (text: string) => void;

  constructor(isTTY: boolean, onWrite: (text: string) => void) {
    super({ decodeStrings: false });
    this.isTTY = isTTY;
    this.#onWrite = onWrite;
  }

  override _write(chunk: string, _encoding: string, done: () => void): void {
    this.text += chunk;
    this.#onWrite(chunk);
    done();
  }
}

/** Runs a command in this process. */
export async function run(
  args: readonly string[],
  options: {
    readonly signal?: AbortSignal;
    readonly isTTY?: boolean;
    readonly onWrite?: (text: string) => void;
  } = {},
): Promise<Outcome> {
  const { signal, isTTY = false, onWrite = () => {} } = options;
  const stdout = new Capture(isTTY, onWrite);
  const stderr = new Capture(isTTY, onWrite);
  const exitCode = await runCommandLine(args, { stdout, stderr }, builtCommand, signal);
  return { exitCode, stdout: stdout.text, stderr: stderr.text };
}

/** The built command. */
export const builtCommand = resolve(root, 'dist/src/cli/main.js');

/** Runs the built command as users do. `onOutput` may send it signals. */
export function runChild(
  args: readonly string[],
  onOutput: (output: string, kill: (signal: NodeJS.Signals) => void) => void = () => {},
  cwd?: string,
): Promise<Outcome> {
  const child = spawn(process.execPath, [builtCommand, ...args], { stdio: ['ignore', 'pipe', 'pipe'], cwd });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    onOutput(stdout, (signal) => child.kill(signal));
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', (exitCode) => done({ exitCode, stdout, stderr }));
  });
}

export const SIDE = 8;
export const classNames = ['bar', 'block', 'empty'] as const;

/** Pixels of an 8×8 picture of a class, with some noise, as bytes. */
function pictureBytes(className: (typeof classNames)[number], number: number): Uint8Array {
  const generator = new RandomGenerator(number, classNames.indexOf(className));
  return Uint8Array.from({ length: SIDE * SIDE }, (_, index) => {
    const [row, column] = [Math.floor(index / SIDE), index % SIDE];
    const bar = className === 'bar' && (column === 3 || column === 4);
    const block = className === 'block' && row > 3 && column > 3;
    return (bar || block ? 200 : 0) + generator.nextBelow(50);
  });
}

/** An 8×8 gray PNG file of a class. */
export function picture(className: (typeof classNames)[number], number = 99): Uint8Array {
  const pixels = Float32Array.from(pictureBytes(className, number), (value) => value / 255);
  return encodePng({ width: SIDE, height: SIDE, channels: 1, bitDepth: 8, pixels });
}

/** A temporary folder of class folders with `count` pictures each. */
export function classFolders(count = 10): string {
  const files: Record<string, Uint8Array> = {};
  for (const name of classNames) {
    for (let number = 0; number < count; number++) files[`${name}/${number}.png`] = picture(name, number);
  }
  return temporaryFolder(files);
}

/** A temporary folder of IDX files with `count` training and as many test pictures of each class. */
export function idxFolder(count = 10): string {
  const split = (offset: number): [images: Uint8Array, labels: Uint8Array] => {
    const pictures = classNames.flatMap((name) =>
      Array.from({ length: count }, (_, number) => pictureBytes(name, offset + number)),
    );
    const labels = Uint8Array.from(pictures, (_, index) => Math.floor(index / count));
    const images = Uint8Array.from(pictures.flatMap((bytes) => [...bytes]));
    return [
      encodeIdx({ shape: [pictures.length, SIDE, SIDE], data: images }),
      encodeIdx({ shape: [labels.length], data: labels }),
    ];
  };
  const [trainImages, trainLabels] = split(0);
  const [testImages, testLabels] = split(1000);
  return temporaryFolder({
    'train-images-idx3-ubyte': trainImages,
    'train-labels-idx1-ubyte': trainLabels,
    't10k-images-idx3-ubyte': testImages,
    't10k-labels-idx1-ubyte': testLabels,
  });
}

/** The words that train a tiny network on a folder in a moment. */
export function tinyTraining(data: string, epochs: number): string[] {
  return ['--data', data, '--model', 'row-gru', '--hidden', '4', '--epochs', `${epochs}`];
}

/** Trains a small model for `epochs` on a folder and returns the run folder. */
export async function trainedRun(data: string, epochs = 1): Promise<string> {
  const out = temporaryFolder();
  const args = ['train', '--data', data, '--model', 'row-gru', '--epochs', `${epochs}`, '--batch', '8'];
  const { exitCode, stderr } = await run([...args, '--out', out]);
  if (exitCode !== 0) throw new Error(`training failed: ${stderr}`);
  return out;
}
