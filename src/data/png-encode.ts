/** The bytes of a PNG file: a signature, and chunks with their checksums. One filter for all rows, and no interlacing. */
import { node } from './code-files.ts';
import { SIGNATURE } from './png-structure.ts';

/** Each byte of a row is stored as the difference to the one above it. */
const filterUp = 2;

/** A PNG file of 8 bits a sample. `samples` are rows of pixels of interleaved channels, as many as `colorType` has. */
export function encodeSamples(
  width: number,
  height: number,
  colorType: number,
  samples: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const rowBytes = samples.length / height;
  const rows = new Uint8Array(height * (1 + rowBytes));
  for (let row = 0; row < height; row++) {
    const [from, to] = [row * rowBytes, row * (1 + rowBytes)];
    rows[to] = filterUp;
    // What is below 0 wraps around, as the format wants it.
    for (let at = 0; at < rowBytes; at++) {
      rows[to + 1 + at] = samples[from + at] - (row > 0 ? samples[from + at - rowBytes] : 0);
    }
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, colorType], 8);
  const parts = [
    SIGNATURE,
    chunk('IHDR', header),
    chunk('IDAT', node.zlib.deflateSync(rows)),
    chunk('IEND', new Uint8Array(0)),
  ];
  const file = new Uint8Array(parts.reduce((bytes, { length }) => bytes + length, 0));
  let end = 0;
  for (const part of parts) {
    file.set(part, end);
    end += part.length;
  }
  return file;
}

/** A chunk: the length of its data, its name, the data, and the checksum of name and data. */
function chunk(name: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  for (let at = 0; at < 4; at++) bytes[4 + at] = name.charCodeAt(at);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, node.zlib.crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}
