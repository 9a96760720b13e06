/** The safetensors format: round trips, and every kind of damage, refused with the file's name. */
import '../../src/index.ts';
import { describe, expect, test } from 'vitest';
import type { StateDict } from '../../src/nn/state-dict.ts';
import { CheckpointError, decodeSafetensors, encodeSafetensors } from '../../src/train/index.ts';

const state: StateDict = {
  flag: { shape: [3], dtype: 'bool', data: Uint8Array.of(1, 0, 1) },
  weight: { shape: [2, 2], dtype: 'float32', data: Float32Array.of(0.1, -0, Number.NaN, 3e38) },
  count: { shape: [], dtype: 'int32', data: Int32Array.of(-7) },
  nothing: { shape: [0, 5], dtype: 'float32', data: new Float32Array(0) },
};

/** A file with any header text and data. */
function file(header: string | object, data: Uint8Array | number = 0, claimed?: bigint): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const body = typeof data === 'number' ? new Uint8Array(data) : data;
  const bytes = new Uint8Array(8 + json.length + body.length);
  new DataView(bytes.buffer).setBigUint64(0, claimed ?? BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(body, 8 + json.length);
  return bytes;
}

const entry = (start: number, end: number, shape: unknown = [(end - start) / 4], dtype: unknown = 'F32') => ({
  dtype,
  shape,
  data_offsets: [start, end],
});

describe('round trip', () => {
  test('all dtypes, shapes, names and metadata', () => {
    const metadata = { stepCount: '12', note: 'ünïcode "quoted"' };
    const decoded = decodeSafetensors(encodeSafetensors(state, metadata), 'f');
    expect(decoded.metadata).toEqual(metadata);
    expect(Object.keys(decoded.state).sort()).toEqual(Object.keys(state).sort());
    for (const [name, { shape, dtype, data }] of Object.entries(state)) {
      expect(decoded.state[name].shape).toEqual(shape);
      expect(decoded.state[name].dtype).toBe(dtype);
      expect(decoded.state[name].data).toEqual(data);
    }
  });

  test('nothing at all', () => {
    expect(decodeSafetensors(encodeSafetensors({}), 'f')).toEqual({ state: {}, metadata: {} });
  });

  test('a name like a built-in property stays a name', () => {
    const bytes = file('{"__proto__": {"dtype":"I32","shape":[1],"data_offsets":[0,4]}}', 4);
    const decoded = decodeSafetensors(bytes, 'f');
    expect(Object.keys(decoded.state)).toEqual(['__proto__']);
    expect(decodeSafetensors(encodeSafetensors(decoded.state), 'f')).toEqual(decoded);
  });

  test('views into larger buffers, unaligned ones included', () => {
    const large = Float32Array.of(9, 1, 2, 9);
    const bytes = encodeSafetensors({ part: { shape: [2], dtype: 'float32', data: large.subarray(1, 3) } });
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    expect(decodeSafetensors(shifted.subarray(1), 'f').state.part.data).toEqual(Float32Array.of(1, 2));
  });

  test("Node's Buffer, whose slices share memory", () => {
    const bytes = Buffer.from(encodeSafetensors(state));
    const { weight } = decodeSafetensors(bytes, 'f').state;
    bytes.fill(0);
    expect(weight.data).toEqual(state.weight.data);
  });

  test('the data is aligned and the header as the reference implementation writes it', () => {
    const bytes = encodeSafetensors(state);
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    expect(String.fromCharCode(bytes[8])).toBe('{');
  });
});

test('a name of one tensor in the text of another, and null for no metadata', () => {
  const text = '"a": {"a": ["a", "a"';
  const state: StateDict = {
    a: { shape: [1], dtype: 'int32', data: Int32Array.of(1) },
    [text]: { shape: [1], dtype: 'int32', data: Int32Array.of(2) },
  };
  const decoded = decodeSafetensors(encodeSafetensors(state, { a: 'a', b: 'a', 'a\\': '\\"' }));
  expect(decoded).toEqual({ state, metadata: { a: 'a', b: 'a', 'a\\': '\\"' } });
  expect(decodeSafetensors(file('{"__metadata__":null}')).metadata).toEqual({});
});

test('bytes in an ArrayBuffer or shared memory; what is no bytes is refused', () => {
  const bytes = encodeSafetensors(state);
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  for (const held of [bytes.buffer, new DataView(bytes.buffer), shared, shared.buffer]) {
    expect(decodeSafetensors(held, 'f').state.weight.data).toEqual(state.weight.data);
  }
  expect(() => decodeSafetensors('model.safetensors' as never)).toThrow(/expected the bytes of a file/);
});

test('only what can be read again is encoded', () => {
  const data = new Float32Array(2);
  for (const entry of [
    null,
    {},
    { shape: [2], dtype: 'float64', data },
    { shape: [2], dtype: 'toString', data },
    { shape: [3], dtype: 'float32', data },
    { shape: 2, dtype: 'float32', data },
    { shape: [2], dtype: 'float32', data: [1, 2] },
  ]) {
    expect(() => encodeSafetensors({ w: entry as never })).toThrow(CheckpointError);
  }
  const whole = { shape: [2], dtype: 'float32', data } as const;
  expect(() => encodeSafetensors({ __metadata__: whole })).toThrow(CheckpointError);
  expect(() => encodeSafetensors({ w: whole }, { a: 1 as never })).toThrow(CheckpointError);
  expect(() => encodeSafetensors(undefined as never)).toThrow(CheckpointError);
});

describe('damage', () => {
  const whole = encodeSafetensors(state, { a: 'b' });

  test('a file cut anywhere is refused', () => {
    for (let length = 0; length < whole.length; length++) {
      expect(() => decodeSafetensors(whole.subarray(0, length), 'cut.safetensors')).toThrow(CheckpointError);
    }
  });

  const cases: [name: string, bytes: Uint8Array, message: RegExp][] = [
    ['an empty file', new Uint8Array(0), /model.x: got 0 bytes/],
    ['trailing bytes', Uint8Array.of(...whole, 0), /trailing bytes/],
    ['an absurd header length', file('{}', 0, 2n ** 63n), /header length of 9223372036854775808 bytes/],
    ['a header length past the end', file('{}', 0, 3n), /header length of 3 bytes/],
    ['an empty header', file(''), /not JSON/],
    ['broken JSON', file('{"a":'), /not JSON/],
    ['broken UTF-8', file(new TextDecoder('latin1').decode(Uint8Array.of(0x7b, 0x22))), /not JSON/],
    ['an array as header', file('[]'), /header that is \[\]/],
    ['null as header', file('null'), /header that is null/],
    ['a tensor that is no object', file({ w: 3 }), /tensor "w": got 3/],
    ['a missing dtype', file({ w: { shape: [1], data_offsets: [0, 4] } }, 4), /dtype nothing/],
    ['another dtype', file({ w: entry(0, 4, [2], 'F16') }, 4), /dtype "F16".*F32, I32 or BOOL/],
    ['a missing shape', file({ w: { dtype: 'F32', data_offsets: [0, 4] } }, 4), /shape nothing/],
    ['a negative length', file({ w: entry(0, 4, [-1]) }, 4), /shape \[-1\]/],
    ['a fractional length', file({ w: entry(0, 4, [0.5]) }, 4), /shape \[0.5\]/],
    ['missing offsets', file({ w: { dtype: 'F32', shape: [1] } }, 4), /data_offsets nothing/],
    ['one offset', file({ w: { dtype: 'F32', shape: [1], data_offsets: [0] } }, 4), /data_offsets \[0\]/],
    ['a negative offset', file({ w: entry(-4, 0, [1]) }, 4), /data_offsets \[-4,0\]/],
    ['offsets in reverse', file({ w: entry(4, 0, [1]) }, 4), /-4 bytes/],
    ['another size than the shape', file({ w: entry(0, 8, [1]) }, 8), /8 bytes, expected 4/],
    ['a size that overflows', file({ w: entry(0, 4, [2 ** 31, 2 ** 31, 2 ** 31]) }, 4), /expected \d/],
    ['offsets past the end', file({ w: entry(0, 8) }, 4), /truncated/],
    ['a gap at the start', file({ w: entry(4, 8) }, 8), /leaves a gap/],
    ['a gap between', file({ v: entry(0, 4), w: entry(8, 12) }, 12), /leaves a gap/],
    ['an overlap', file({ v: entry(0, 8), w: entry(4, 12) }, 12), /overlaps/],
    ['one place for two', file({ v: entry(0, 4), w: entry(0, 4) }, 4), /overlaps/],
    [
      'nesting without end',
      file(`{"t":${'['.repeat(20_000)}${']'.repeat(20_000)}}`),
      /nested deeper than 128/,
    ],
    ['nesting that does not end', file('['.repeat(1e6)), /nested deeper than 128/],
    ['a nested dtype', file({ w: entry(0, 4, [1], [[['F32']]]) }, 4), /dtype \[\[\["F32"\]\]\]/],
    ['a dtype that reads as one', file({ w: entry(0, 4, [1], ['F32']) }, 4), /dtype \["F32"\]/],
    ['nested metadata', file({ __metadata__: { a: [[[[[]]]]] } }), /__metadata__/],
    [
      'a tensor twice',
      file(`{"w":${JSON.stringify(entry(0, 4))},"w":${JSON.stringify(entry(0, 4))}}`, 4),
      /the name "w" occurs twice/,
    ],
    [
      'a tensor twice, once escaped',
      file(`{"w" :${JSON.stringify(entry(0, 4))},"\\u0077": ${JSON.stringify(entry(0, 4))}}`, 4),
      /the name "w" occurs twice/,
    ],
    [
      'a field twice',
      file('{"w":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}', 4),
      /"shape" occurs twice/,
    ],
    ['metadata twice', file('{"__metadata__":{},"__metadata__":{}}'), /occurs twice/],
    ['a byte order mark', file('\ufeff{}'), /not JSON/],
    ['a text that does not end', file('{"a\\'), /not JSON/],
    ['a name of a million characters', file({ ['n'.repeat(1e6)]: 3 }), /tensor "nnn.{1,80}…/],
    ['a name that a terminal obeys', file({ '\u001b[2J\u202e': 3 }), /tensor "\\u001b\[2J\\u202e"/],
    ['a bool of 2', file({ w: entry(0, 1, [1], 'BOOL') }, Uint8Array.of(2)), /bool 2/],
    ['metadata that is no object', file({ __metadata__: 'a' }), /__metadata__/],
    ['metadata that is no text', file({ __metadata__: { a: 1 } }), /__metadata__/],
  ];

  test.each(cases)('%s', (_name, bytes, message) => {
    expect(() => decodeSafetensors(bytes, 'model.x')).toThrow(CheckpointError);
    expect(() => decodeSafetensors(bytes, 'model.x')).toThrow(message);
    expect(() => decodeSafetensors(bytes, 'model.x')).toThrow(/model\.x/);
  });
});
