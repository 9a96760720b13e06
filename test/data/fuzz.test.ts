/** Changed bytes of whole files: each is decoded or refused with an error of weft, in memory in proportion to the file. */
import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { decodeIdx, encodeIdx } from '../../src/data/idx.ts';
import { decodePng } from '../../src/data/png.ts';
import { RandomGenerator } from '../../src/data/random-generator.ts';
import { WeftError } from '../../src/errors.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/train/safetensors.ts';
import { assemble, chunk, encodeTestPng, SAMPLES_A_PIXEL } from '../support/png.ts';

const rounds = 400;
/** Deflate makes 1032 bytes of one; a decoder holds a few arrays of that, in floats. */
const mostBytesAByte = 1032 * 20;
const generator = new RandomGenerator(20);
const below = (limit: number): number => generator.nextBelow(Math.max(limit, 1));
const words = [0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

/** One to four changes: a bit, a byte, a word of 32 bits either way round, bytes left out, moved, or put in twice. */
function changed(file: Uint8Array): Buffer {
  let bytes = Buffer.from(file);
  for (let changes = 1 + below(4); changes > 0; changes--) {
    const [at, length] = [below(bytes.length), 1 + below(12)];
    const [start, part, rest] = [
      bytes.subarray(0, at),
      bytes.subarray(at, at + length),
      bytes.subarray(at + length),
    ];
    const kind = below(7);
    if (kind === 0) bytes = Buffer.from(start);
    else if (kind === 1) bytes = Buffer.concat([start, rest]);
    else if (kind === 2) bytes = Buffer.concat([start, part, part, rest]);
    else if (kind === 3 && at + 4 <= bytes.length) bytes.writeUInt32BE(words[below(words.length)], at);
    else if (kind === 4 && at + 4 <= bytes.length) bytes.writeUInt32LE(words[below(words.length)], at);
    else if (kind === 5) bytes[at] ^= 1 << below(8);
    else bytes[at] = below(256);
  }
  return bytes;
}

/** Decodes, and returns what came of it: the name of the error, or nothing. */
function outcome(file: Uint8Array, decode: (file: Uint8Array) => void): string | undefined {
  const before = process.memoryUsage().arrayBuffers;
  try {
    decode(file);
    return undefined;
  } catch (error) {
    expect(error, Buffer.from(file).toString('hex')).toBeInstanceOf(WeftError);
    return (error as WeftError).name;
  } finally {
    const used = process.memoryUsage().arrayBuffers - before;
    expect(used, Buffer.from(file).toString('hex')).toBeLessThan(2 ** 20 + mostBytesAByte * file.length);
  }
}

/** Decodes whole files and changed ones. Some of those are refused; without checksums, some are decoded. */
function tries(
  files: readonly Uint8Array[],
  make: (file: Uint8Array) => Uint8Array,
  decode: (file: Uint8Array) => void,
  checksums = false,
): void {
  const outcomes = new Set<string | undefined>();
  for (const file of files) expect(outcome(file, decode)).toBeUndefined();
  for (let round = 0; round < rounds; round++) {
    outcomes.add(outcome(make(files[round % files.length]), decode));
  }
  expect(outcomes.size).toBeGreaterThan(checksums ? 0 : 1);
}

const checkPng = (file: Uint8Array): void => {
  const { width, height, channels, pixels } = decodePng(file);
  expect(pixels.length).toBe(width * height * channels);
  expect(pixels.every((value) => value >= 0 && value <= 1)).toBe(true);
};

const pngs = ([0, 2, 3, 4, 6] as const).flatMap((colorType) =>
  [false, true].map((interlaced) => {
    const [width, height, bitDepth] = [7, 5, colorType === 3 ? 4 : 8];
    const count = width * height * SAMPLES_A_PIXEL[colorType];
    return {
      ...{ width, height, bitDepth, colorType, interlaced },
      samples: Array.from({ length: count }, () => below(2 ** bitDepth)),
      filter: (row: number) => row % 5,
      ...(colorType === 3
        ? { palette: Array.from({ length: 48 }, () => below(256)), transparency: [5] }
        : {}),
    };
  }),
);

describe('PNG', () => {
  test('the file', () => {
    tries(pngs.map(encodeTestPng), changed, checkPng, true);
  });

  test('the contents of its chunks, with right checksums', () => {
    tries(
      pngs.map(encodeTestPng),
      (file) => {
        const parts: Uint8Array[] = [file.subarray(0, 8)];
        for (let at = 8; at < file.length; ) {
          const view = new DataView(file.buffer, file.byteOffset + at);
          const content = file.subarray(at + 8, at + 8 + view.getUint32(0));
          const type = Buffer.from(file.subarray(at + 4, at + 8)).toString('latin1');
          parts.push(chunk(type, below(3) === 0 && type !== 'IEND' ? changed(content) : content));
          at += 12 + content.length;
        }
        return Buffer.concat(parts);
      },
      checkPng,
    );
  });

  test('the filtered rows, compressed anew', () => {
    const rows = Buffer.alloc(5 * 8);
    tries(
      [assemble(pngs[0], deflateSync(rows))],
      () => assemble({ ...pngs[0], interlaced: false }, deflateSync(changed(rows))),
      checkPng,
    );
  });
});

const values = Array.from({ length: 12 }, (_, i) => i);
const idx = [
  Uint8Array.from(values),
  Int16Array.from(values),
  Int32Array.from(values),
  Float64Array.from(values),
].map((data) => encodeIdx({ shape: [3, 2, 2], data }));
const checkIdx = (file: Uint8Array): void => {
  const { shape, data } = decodeIdx(file);
  expect(data.length).toBe(shape.reduce((product, size) => product * size, 1));
};

describe('IDX', () => {
  test('plain', () => {
    tries(idx, changed, checkIdx);
  });
  test("gzip'd", () => {
    tries(
      idx.map((file) => gzipSync(file)),
      changed,
      checkIdx,
    );
  });
  test("changed, and then gzip'd", () => {
    tries(idx, (file) => gzipSync(changed(file)), checkIdx);
  });
});

test('safetensors', () => {
  const state = {
    weight: { shape: [2, 3], dtype: 'float32', data: new Float32Array(6) },
    mask: { shape: [3], dtype: 'bool', data: Uint8Array.of(1, 0, 1) },
    'a"\\b': { shape: [], dtype: 'int32', data: Int32Array.of(1) },
  } as const;
  tries([encodeSafetensors(state, { note: 'x' }), encodeSafetensors({})], changed, (file) => {
    const decoded = decodeSafetensors(file);
    for (const { shape, data } of Object.values(decoded.state)) {
      expect(data.length).toBe(shape.reduce((product, size) => product * size, 1));
    }
  });
});
