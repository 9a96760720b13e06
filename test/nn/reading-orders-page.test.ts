/** docs/reading-orders.svg: the orders as the layers read them. `vitest -u` of this file draws it anew. */
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { arange, ImageToSequence, type ReadingOrder, stack } from '../../src/index.ts';

const orders: readonly ReadingOrder[] = [
  'rows',
  'columns',
  'patches:2x4',
  'pixels',
  'snake',
  'spiral',
  'hilbert',
  'diagonal',
  'permuted:1',
];
const side = 8;
const [pixel, panel, label, columns] = [14, side * 14 + 28, 22, 3];

/** What a step sees: the pixels' rows and columns, from the first to the last. */
interface Tile {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/** The steps of a layer, which is given a picture whose pixels are their own rows and columns. */
async function tilesOf(order: ReadingOrder): Promise<readonly Tile[]> {
  const numbers = arange(side * side)
    .cast('float32')
    .reshape(side, side);
  const row = numbers.div(side).floor();
  const picture = stack([row, numbers.sub(row.mul(side))], -1).reshape(1, side, side, 2);
  const steps = (await new ImageToSequence(order).call(picture).slice(0).array()) as number[][];
  return steps.map((values) => {
    const ends = (first: number) => {
      const along = values.filter((_, at) => at % 2 === first);
      return [Math.min(...along), Math.max(...along)] as const;
    };
    const [[top, bottom], [left, right]] = [ends(0), ends(1)];
    return { top, left, bottom, right };
  });
}

/** From blue at the first step to orange at the last. */
function colorOf(share: number): string {
  return `hsl(${Math.round(225 + share * 160)} 65% ${Math.round(50 + 8 * Math.sin(Math.PI * share))}%)`;
}

function draw(order: ReadingOrder, tiles: readonly Tile[], x: number, y: number): string {
  const middle = ({ top, left, bottom, right }: Tile): string =>
    `${((left + right + 1) / 2) * pixel},${((top + bottom + 1) / 2) * pixel}`;
  const share = (step: number): number => step / (tiles.length - 1);
  const shapes = tiles.map(({ top, left, bottom, right }, step) => {
    const [width, height] = [(right - left + 1) * pixel - 1, (bottom - top + 1) * pixel - 1];
    return `<rect x="${left * pixel + 0.5}" y="${top * pixel + 0.5}" width="${width}" height="${height}" rx="2" fill="${colorOf(share(step))}" fill-opacity="0.3"/>`;
  });
  const lines = tiles.slice(1).map((tile, step) => {
    const [from, to] = [middle(tiles[step]).split(','), middle(tile).split(',')];
    return `<line x1="${from[0]}" y1="${from[1]}" x2="${to[0]}" y2="${to[1]}" stroke="${colorOf(share(step + 0.5))}"/>`;
  });
  const [startX, startY] = middle(tiles[0]).split(',');
  return [
    `<g transform="translate(${x} ${y})">`,
    ...shapes,
    ...lines,
    `<circle cx="${startX}" cy="${startY}" r="3" fill="${colorOf(0)}"/>`,
    `<text x="${(side * pixel) / 2}" y="${side * pixel + 16}">${order}</text>`,
    '</g>',
  ].join('\n');
}

it('the picture of docs/reading-orders.md shows the orders as they are', async () => {
  const panels: string[] = [];
  for (const [index, order] of orders.entries()) {
    const [x, y] = [14 + (index % columns) * panel, 14 + Math.floor(index / columns) * (panel + label - 14)];
    panels.push(draw(order, await tilesOf(order), x, y));
  }
  const [width, height] = [columns * panel, Math.ceil(orders.length / columns) * (panel + label - 14)];
  const svg = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Nine reading orders of a picture of 8×8 pixels">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    '<g stroke-width="2" stroke-linecap="round" font-family="ui-monospace, monospace" font-size="12" text-anchor="middle">',
    ...panels,
    '</g>',
    '</svg>\n',
  ].join('\n');
  await expect(svg).toMatchFileSnapshot(resolve(import.meta.dirname, '../../docs/reading-orders.svg'));
});
