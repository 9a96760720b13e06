/**
 * Makes a folder of many photographs, in ten class folders, for measuring what it costs to stream them.
 *
 *     npm run build && node bench/data/make-photos.mjs FROM TO [COUNT]
 *
 * Three of four are JPEG files as they lie in FROM, one is a PNG file of 96×96 pixels made of one of them. In each file a comment of its
 * own is written, so that no two have the same bytes. Default: 100,000 files, 1.3 GB of the 200 photographs of photos-small.
 */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { encodePng, readPicture, resize } from '../../dist/src/index.js';

const [from, to, count = '100000'] = process.argv.slice(2);
const photos = readdirSync(from, { recursive: true })
  .map((name) => join(from, name))
  .filter((path) => /\.jpe?g$/i.test(path) && statSync(path).isFile())
  .sort();
const jpegs = photos.map((path) => readFileSync(path));
const pngs = photos.map((path) => Buffer.from(encodePng(resize(readPicture(path), 96, 96))));

/** A JPEG file with a comment after its first marker. */
function commentedJpeg(file, text) {
  const segment = Buffer.concat([Buffer.from([0xff, 0xfe, 0, text.length + 2]), text]);
  return Buffer.concat([file.subarray(0, 2), segment, file.subarray(2)]);
}

/** A PNG file with a text after its header, which ends at byte 33. */
function commentedPng(file, text) {
  const body = Buffer.concat([Buffer.from('tEXtnumber\0'), text]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(body.length - 4);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([file.subarray(0, 33), length, body, checksum, file.subarray(33)]);
}

for (let label = 0; label < 10; label++) mkdirSync(join(to, `class-${label}`), { recursive: true });
for (let index = 0; index < Number(count); index++) {
  const photo = index % photos.length;
  const text = Buffer.from(String(index));
  const isPng = Math.floor(index / photos.length) % 4 === 3;
  const file = isPng ? commentedPng(pngs[photo], text) : commentedJpeg(jpegs[photo], text);
  // The photographs lie in FROM by what they show: those of one class are neighbors.
  const label = Math.floor((photo * 10) / photos.length);
  writeFileSync(join(to, `class-${label}`, `${index}.${isPng ? 'png' : 'jpg'}`), file);
}
