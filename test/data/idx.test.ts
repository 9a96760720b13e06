/** IDX reading: all types and ranks, plain and gzip'd, and every kind of damage. */
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { IdxError } from '../../src/data/errors.ts';
import { decodeIdx, encodeIdx, type IdxArray, readIdx } from '../../src/data/idx.ts';
import { temporaryFolder } from '../support/datasets.ts';

const arrays: IdxArray[] = [
  { shape: [3], data: Uint8Array.of(0, 128, 255) },
  { shape: [3, 1], data: Int8Array.of(-128, 0, 127) },
  { shape: [2, 1, 2], data: Int16Array.of(-32768, 0, 258, 32767) },
  { shape: [1, 2, 1, 2], data: Int32Array.of(-2147483648, 66051, 0, 2147483647) },
  { shape: [2], data: Float32Array.of(-1.5, 3.25e7) },
  { shape: [2], data: Float64Array.of(Math.PI, -1e300) },
  { shape: [0, 28, 28], data: new Uint8Array(0) },
];

describe('IDX', () => {
  for (const array of arrays) {
    const name = `${array.data.constructor.name} [${array.shape.join(', ')}]`;
    test(`${name}, plain and gzip'd`, () => {
      const bytes = encodeIdx(array);
      expect(decodeIdx(bytes)).toEqual(array);
      expect(decodeIdx(gzipSync(bytes))).toEqual(array);
    });

    test(`${name}, cut at every byte or one too long`, () => {
      const bytes = encodeIdx(array);
      for (let length = 0; length < bytes.length; length++) {
        expect(() => decodeIdx(bytes.subarray(0, length)), `at ${length}`).toThrow(IdxError);
      }
      expect(() => decodeIdx(Buffer.concat([bytes, Buffer.of(0)]))).toThrow(/1 too many/);
      const zipped = gzipSync(bytes);
      for (let length = 0; length < zipped.length; length++) {
        expect(() => decodeIdx(zipped.subarray(0, length)), `gzip at ${length}`).toThrow(IdxError);
      }
    });
  }

  test('the bytes are those of the format', () => {
    expect([...encodeIdx({ shape: [2], data: Int16Array.of(1, -2) })]).toEqual([
      0, 0, 0x0b, 1, 0, 0, 0, 2, 0, 1, 0xff, 0xfe,
    ]);
  });

  test('the result does not share memory with the file', () => {
    const bytes = encodeIdx({ shape: [1], data: Uint8Array.of(5) });
    const { data } = decodeIdx(bytes);
    bytes.fill(0);
    expect(data[0]).toBe(5);
  });

  test('bad magic numbers', () => {
    for (const start of [
      [1, 0, 8, 1],
      [0, 1, 8, 1],
      [0, 0, 7, 1],
      [0, 0, 10, 1],
      [0, 0, 8, 0],
      [0, 0, 8, 5],
    ]) {
      const bytes = Uint8Array.from([...start, ...new Array(24).fill(0)]);
      expect(() => decodeIdx(bytes, { name: 'x-idx' })).toThrow(/^x-idx: got a start of/);
    }
  });

  test('sizes that multiply to more than memory are refused without allocating', () => {
    const bytes = Uint8Array.from([0, 0, 0x0e, 4, ...new Array(16).fill(0xff), 0]);
    expect(() => decodeIdx(bytes)).toThrow(/at most 1073741824 bytes/);
    expect(() => decodeIdx(bytes, { maxBytes: Number.POSITIVE_INFINITY })).toThrow(/missing/);
    expect(() => decodeIdx(gzipSync(bytes), { maxBytes: Number.POSITIVE_INFINITY })).toThrow(
      /too few to hold/,
    );
  });

  test('corrupt gzip, and gzip that inflates beyond the limit', () => {
    const bytes = encodeIdx({ shape: [100_000], data: new Uint8Array(100_000) });
    const zipped = gzipSync(bytes);
    const corrupt = Uint8Array.from(zipped);
    corrupt[corrupt.length - 6] ^= 1;
    expect(() => decodeIdx(corrupt)).toThrow(/do not inflate/);
    expect(() => decodeIdx(zipped, { maxBytes: 99_999 })).toThrow(/at most 99999 bytes/);
    for (const file of [bytes, zipped]) {
      expect(decodeIdx(file, { maxBytes: bytes.length }).shape).toEqual([100_000]);
      expect(() => decodeIdx(file, { maxBytes: bytes.length - 1 })).toThrow(/at most 100007 bytes/);
    }
  });

  test('gzip is inflated to what the sizes promise, whatever else it holds', () => {
    const bytes = encodeIdx({ shape: [10], data: new Uint8Array(10) });
    const bomb = gzipSync(Buffer.concat([bytes, Buffer.alloc(2 ** 24)]));
    const before = process.memoryUsage().arrayBuffers;
    expect(() => decodeIdx(bomb)).toThrow(/more compressed data than that/);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 21);
    const members = Buffer.concat([gzipSync(bytes.subarray(0, 5)), gzipSync(bytes.subarray(5))]);
    expect(decodeIdx(members).shape).toEqual([10]);
    // A header that says the file's name may be longer than what is looked at first.
    const zipped = gzipSync(bytes);
    const named = Buffer.concat([
      zipped.subarray(0, 3),
      Buffer.of(8),
      zipped.subarray(4, 10),
      Buffer.alloc(5000, 65),
      Buffer.of(0),
      zipped.subarray(10),
    ]);
    expect(decodeIdx(named)).toEqual({ shape: [10], data: new Uint8Array(10) });
  });

  test('an ArrayBuffer is bytes, and what is none is refused', () => {
    const array = { shape: [3], data: Int16Array.of(1, -2, 3) };
    expect(decodeIdx(Uint8Array.from(encodeIdx(array)).buffer)).toEqual(array);
    expect(decodeIdx(Uint8Array.from(gzipSync(encodeIdx(array))).buffer)).toEqual(array);
    for (const wrong of ['labels.idx', [0, 0], null, undefined]) {
      expect(() => decodeIdx(wrong as never)).toThrow(/decodeIdx: got .*, expected the bytes of a file/);
    }
    expect(() => decodeIdx(new ArrayBuffer(0))).toThrow(/no bytes.*incomplete/);
    expect(() => decodeIdx(new ArrayBuffer(8), { maxBytes: -1 })).toThrow(/maxBytes -1/);
    expect(() => decodeIdx(new ArrayBuffer(8), { name: 5 as never })).toThrow(/name 5/);
  });

  test('reading a file names the file', () => {
    const folder = temporaryFolder({ 'labels.idx': encodeIdx({ shape: [1], data: Uint8Array.of(5) }) });
    expect(readIdx(`${folder}/labels.idx`).data[0]).toBe(5);
    expect(() => readIdx(`${folder}/none.idx`)).toThrow(/none\.idx/);
  });

  test('encodeIdx refuses a shape that does not fit', () => {
    for (const shape of [[], [3], [1, 1, 1, 1, 2], [4, 0.5], [-1, -2], 5 as never]) {
      expect(() => encodeIdx({ shape, data: Uint8Array.of(1, 2) })).toThrow(IdxError);
    }
    for (const wrong of [
      undefined,
      {},
      { shape: [1] },
      { shape: [1], data: [1] },
      { shape: [1], data: new BigInt64Array(1) },
    ]) {
      expect(() => encodeIdx(wrong as never)).toThrow(IdxError);
    }
  });
});
