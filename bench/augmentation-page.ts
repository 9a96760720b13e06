/**
 * Draws docs/augmentation.svg: what each random change makes of a picture. For whoever wants to see how strong a change is.
 *
 *     npm run build && node dist/bench/augmentation-page.js
 */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { augmentImage } from '../src/data/augment/augment.ts';
import { augmentNames, changeFacts, type NamedChanges } from '../src/data/augment/augment-options.ts';
import { mixPictures } from '../src/data/augment/mixing.ts';
import { encodePng } from '../src/data/png.ts';
import { exampleStream, mixStream } from '../src/data/random-generator.ts';
import { packageRoot } from './paths.ts';

const size = 40;
const shape = [size, size, 3] as const;
/** Pictures of a row: the one that is changed, and what became of it. */
const shown = 8;
const gap = 4;
/** Pixels on the page for one of a picture. */
const zoom = 1.6;

type Color = readonly [red: number, green: number, blue: number];

/** A house with a tree under the sun, or the same at night: straight lines, colors and a shape that is not symmetric. */
function scene(x: number, y: number, night: boolean): Color {
  const dark = night ? 0.35 : 1;
  const shade = ([red, green, blue]: Color): Color => [red * dark, green * dark, blue * dark];
  const house = x > 0.12 && x < 0.56 && y > 0.48 && y < 0.82;
  if (house && x > 0.2 && x < 0.32 && y > 0.56 && y < 0.68) return [0.98, 0.85, 0.4];
  if (house && x > 0.4 && x < 0.5 && y > 0.6) return shade([0.4, 0.25, 0.15]);
  if (house) return shade([0.85, 0.72, 0.55]);
  if (y < 0.48 && y > 0.26 && Math.abs(x - 0.34) < (y - 0.26) * 1.3) return shade([0.78, 0.2, 0.16]);
  if (Math.hypot(x - 0.76, y - 0.56) < 0.15) return shade([0.15, 0.5, 0.2]);
  if (Math.abs(x - 0.76) < 0.025 && y > 0.6 && y < 0.82) return shade([0.4, 0.27, 0.15]);
  if (Math.hypot(x - 0.78, y - 0.17) < 0.09) return night ? [0.92, 0.92, 0.85] : [1, 0.85, 0.25];
  if (y > 0.8) return shade([0.35, 0.62, 0.25]);
  return night ? [0.06, 0.08, 0.25 - 0.1 * y] : [0.45 + 0.35 * y, 0.65 + 0.25 * y, 0.95];
}

/** The scene in pixels, each the mean of sixteen places. */
function picture(night: boolean): Float32Array {
  const pixels = new Float32Array(size * size * 3);
  for (let index = 0; index < size * size; index++) {
    for (let place = 0; place < 16; place++) {
      const x = (index % size) + ((place % 4) + 0.5) / 4;
      const y = Math.floor(index / size) + (Math.floor(place / 4) + 0.5) / 4;
      scene(x / size, y / size, night).forEach((value, channel) => {
        pixels[3 * index + channel] += value / 16;
      });
    }
  }
  return pixels;
}

/** One picture beside the other, as a PNG that a page holds. */
function strip(pictures: readonly Float32Array[]): string {
  const width = pictures.length * (size + gap) - gap;
  const pixels = new Float32Array(size * width * 3).fill(1);
  pictures.forEach((each, place) => {
    for (let y = 0; y < size; y++) {
      const row = each.subarray(y * size * 3, (y + 1) * size * 3);
      pixels.set(row, (y * width + place * (size + gap)) * 3);
    }
  });
  const png = encodePng({ width, height: size, channels: 3, bitDepth: 8, pixels });
  return Buffer.from(png).toString('base64');
}

const original = picture(false);

function changed(options: NamedChanges, place: number): Float32Array {
  const pixels = original.slice();
  augmentImage(pixels, shape, options, exampleStream(0, 1, place));
  return pixels;
}

/** Pairs of a picture with itself at night, each of a batch of its own. */
function mixed(mix: 'mixup' | 'cutmix', batch: number): Float32Array {
  const both = Float32Array.from([...original, ...picture(true)]);
  for (let step = 17 * batch; ; step++) {
    const pixels = both.slice();
    const { partners } = mixPictures(pixels, [2, ...shape], { [mix]: 1 }, mixStream(0, 1, step));
    if (partners[0] === 1) return pixels.subarray(0, original.length);
  }
}

const others = Array.from({ length: shown - 1 }, (_, place) => place);
const rows: readonly (readonly [name: string, pictures: readonly Float32Array[]])[] = [
  ...augmentNames
    .filter((name) => !changeFacts[name].ofMoves)
    .map((name) => {
      const { example } = changeFacts[name];
      const said = example === true ? name : `${name}: ${example}`;
      return [said, others.map((place) => changed({ [name]: example } as NamedChanges, place))] as const;
    }),
  [
    'several',
    others.map((place) =>
      changed({ crop: 4, rotation: 10, flip: true, contrast: 0.3, hue: 20, erase: 0.3 }, place),
    ),
  ],
  ['mix: { mixup: 1 }', others.map((place) => mixed('mixup', place))],
  ['mix: { cutmix: 1 }', others.map((place) => mixed('cutmix', place))],
];

const left = 150;
const top = 16;
const step = (size + gap) * zoom;
const width = left + shown * step + top;
const height = top * 2 + rows.length * step;
const lines = rows.map(([name, pictures], index) => {
  const y = top + index * step;
  const png = strip([original, ...pictures]);
  return (
    `<text x="${left - 12}" y="${(y + (size * zoom) / 2 + 4).toFixed(1)}" text-anchor="end">${name}</text>` +
    `<image x="${left}" y="${y.toFixed(1)}" width="${(shown * step - gap * zoom).toFixed(1)}" height="${size * zoom}" ` +
    `style="image-rendering: pixelated" href="data:image/png;base64,${png}"/>`
  );
});

writeFileSync(
  resolve(packageRoot, 'docs/augmentation.svg'),
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="13" fill="#222222">
<title>Random changes of a picture: the picture itself, then seven draws of each change</title>
<rect width="${width}" height="${height}" fill="#ffffff"/>
${lines.join('\n')}
</svg>
`,
);
