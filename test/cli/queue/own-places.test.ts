/** Texts of a run that comes from another machine: its paths become those of this one, however they are written there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { replacePlaces } from '../../../src/cli/queue/fenced-run.ts';
import { escapeHtml } from '../../../src/cli/report/html.ts';
import { temporaryFolder } from '../../support/datasets.ts';

test('paths with quotes and brackets, and one that is part of the other', async () => {
  const theirs = '/w7/data/da"t & <x>';
  const ours = `/pictures${theirs}`;
  const texts = {
    'config.json': `${JSON.stringify({ data: theirs })}\n`,
    'report.html': `<td>${escapeHtml(theirs)}</td>`,
    'predictions.csv': `${theirs}/1.png`,
    'model.safetensors': theirs,
  };
  const folder = temporaryFolder(texts);
  const files = Object.keys(texts).map((path) => ({ path, size: 1, sha256: '' }));
  await replacePlaces(folder, files, { data: theirs }, new Map([['data', ours]]));
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  expect(JSON.parse(read('config.json'))).toEqual({ data: ours });
  expect(read('report.html')).toBe(`<td>${escapeHtml(ours)}</td>`);
  expect(read('predictions.csv')).toBe(`${ours}/1.png`);
  expect(read('model.safetensors')).toBe(theirs);
});
