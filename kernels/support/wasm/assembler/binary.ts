/** The binary alphabet of WebAssembly: variable-length integers, floats, vectors of things, sections. */

/** Bytes, some of them in nested lists: code is composed without being copied, and flattened once, when it is written. */
export type Code = readonly (number | Code)[];

/** Appends the bytes of `source` to `target`. By index: it runs before anything is optimized, and iterators cost most. */
export function append(target: number[], source: Code): void {
  for (let at = 0; at < source.length; at++) {
    const part = source[at];
    if (typeof part === 'number') target.push(part);
    else append(target, part);
  }
}

/** Lists of bytes, one behind the other. */
export function joined(parts: readonly ArrayLike<number>[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** LEB128 of an unsigned whole number below 2^53. */
export function unsigned(value: number): number[] {
  if (value < 128) return [value];
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low | 0x80 : low);
  } while (rest > 0);
  return bytes;
}

/** LEB128 of a signed 32-bit integer. Numbers from 2^31 to 2^32 - 1 are taken for the same bits. */
export function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    // Done when the sign bit of this group already says what all further bits are.
    if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) {
      bytes.push(low);
      return bytes;
    }
    bytes.push(low | 0x80);
  }
}

/** LEB128 of a signed 64-bit integer. Numbers from 2^63 to 2^64 - 1 are taken for the same bits. */
export function signedLong(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asIntN(64, value);
  for (;;) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    // As in `signed`.
    if ((rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0)) {
      bytes.push(low);
      return bytes;
    }
    bytes.push(low | 0x80);
  }
}

const scratch = new DataView(new ArrayBuffer(8));

/** The four bytes of a float32, little-endian. */
export function float32Bytes(value: number): number[] {
  scratch.setFloat32(0, value, true);
  return [0, 1, 2, 3].map((at) => scratch.getUint8(at));
}

/** The eight bytes of a float64, little-endian. */
export function float64Bytes(value: number): number[] {
  scratch.setFloat64(0, value, true);
  return [0, 1, 2, 3, 4, 5, 6, 7].map((at) => scratch.getUint8(at));
}

/** A name of ASCII: its length, then its letters. */
export function text(name: string): number[] {
  return [...unsigned(name.length), ...Array.from(name, (letter) => letter.charCodeAt(0))];
}

/** A vector: the number of items, then the items. */
export function vector(items: readonly ArrayLike<number>[]): Uint8Array<ArrayBuffer> {
  return joined([unsigned(items.length), ...items]);
}

/** A section: its number, its size, its contents. An empty section is left out. */
export function section(id: number, items: readonly ArrayLike<number>[]): Uint8Array<ArrayBuffer> {
  if (items.length === 0) return new Uint8Array(0);
  const contents = vector(items);
  return joined([[id], unsigned(contents.length), contents]);
}
