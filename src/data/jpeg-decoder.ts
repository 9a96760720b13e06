/**
 * libjpeg-turbo as WebAssembly, from the package @cwasm/jpeg-turbo: loaded when the first JPEG file is decoded. The package's own
 * function leaves its memory in disorder when a file is damaged; here each failure costs an instance, and the next file has
 * a new one.
 */
import { fromCode, node } from './code-files.ts';
import { JpegError } from './errors.ts';
import { damaged, type JpegHeader } from './jpeg-structure.ts';

/** What the module exports: memory, and functions of the TurboJPEG interface over addresses in it. */
interface TurboJpeg {
  readonly memory: { readonly buffer: ArrayBuffer };
  malloc(bytes: number): number;
  free(address: number): void;
  tjInitDecompress(): number;
  tjDestroy(decoder: number): number;
  tjDecompress2(
    decoder: number,
    file: number,
    fileLength: number,
    pixels: number,
    width: number,
    bytesPerRow: number,
    height: number,
    pixelFormat: number,
    flags: number,
  ): number;
}

interface Engine {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: Readonly<Record<string, Readonly<Record<string, () => number>>>>,
  ) => { readonly exports: unknown };
}

/** TurboJPEG's number of the pixel format for so many components: gray; red, green, blue; cyan, magenta, yellow, black. */
const PIXEL_FORMATS = { 1: 6, 3: 0, 4: 11 } as const;
/** An instance with more memory than this is given up after use: its memory never shrinks. */
const MOST_KEPT_BYTES = 64 * 2 ** 20;

let compiled: object | undefined;
let instance: TurboJpeg | undefined;

/**
 * The samples of a picture as stored, `[height, width, components]`.
 *
 * @throws JpegError when its data are damaged, or the decoder is not installed
 */
export function decodeSamples(file: Uint8Array, header: JpegHeader, where: string): Uint8Array {
  const { width, height, components } = header;
  const turbo = instance ?? instantiate();
  // What throws below leaves the instance in the middle of something.
  instance = undefined;
  const bytesPerRow = width * components;
  const decoder = turbo.tjInitDecompress();
  const input = turbo.malloc(file.length);
  const output = turbo.malloc(bytesPerRow * height);
  if (decoder === 0 || input === 0 || output === 0) {
    throw new JpegError({
      where,
      got: `no memory to decode ${width}×${height} pixels`,
      expected: 'room for the file and its pixels',
      cure: 'Shrink the picture.',
    });
  }
  new Uint8Array(turbo.memory.buffer).set(file, input);
  let status: number;
  try {
    const format = PIXEL_FORMATS[components];
    status = turbo.tjDecompress2(decoder, input, file.length, output, width, bytesPerRow, height, format, 0);
  } catch (cause) {
    throw damagedPicture(where, cause);
  }
  if (status !== 0) throw damagedPicture(where);
  const samples = new Uint8Array(turbo.memory.buffer).slice(output, output + bytesPerRow * height);
  turbo.free(output);
  turbo.free(input);
  turbo.tjDestroy(decoder);
  if (turbo.memory.buffer.byteLength <= MOST_KEPT_BYTES) instance = turbo;
  return samples;
}

function damagedPicture(where: string, cause?: unknown): JpegError {
  const error = damaged(where, 'a picture whose data are damaged', 'data that decode to the end');
  return Object.assign(error, cause === undefined ? {} : { cause });
}

function instantiate(): TurboJpeg {
  // Where the package can be found there is Node, which has it.
  const engine = (globalThis as { readonly WebAssembly?: Engine }).WebAssembly!;
  compiled ??= new engine.Module(readModule());
  const refuse = (): never => {
    throw new Error('the decoder gave up');
  };
  const nothing = (): number => 0;
  const { exports } = new engine.Instance(compiled, {
    // libjpeg leaves a picture that it cannot decode by a long jump.
    env: { setjmp: nothing, longjmp: refuse },
    wasi_snapshot_preview1: {
      environ_sizes_get: nothing,
      environ_get: refuse,
      proc_exit: refuse,
      fd_close: refuse,
      fd_seek: refuse,
      fd_write: refuse,
    },
  });
  return exports as TurboJpeg;
}

/** The module of the package, or one that lies beside the bundle. */
function readModule(): Uint8Array {
  const { readFileSync } = node.fs;
  const found =
    fromCode(({ resolve }) => readFileSync(resolve('@cwasm/jpeg-turbo/jpeg-turbo.wasm'))) ??
    fromCode((_, file) => readFileSync(node.path.join(node.path.dirname(file), 'jpeg-turbo.wasm')));
  if (found !== undefined) return found;
  throw new JpegError({
    where: 'decoding JPEG files',
    got: 'no package @cwasm/jpeg-turbo where the program runs',
    expected: 'the package, or its file jpeg-turbo.wasm beside the program',
    cure: 'Run npm install @cwasm/jpeg-turbo, or copy node_modules/@cwasm/jpeg-turbo/jpeg-turbo.wasm into the folder of the bundle.',
  });
}
