/** Pictures in one folder, and their labels in a file. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DatasetError } from '../../src/data/errors.ts';
import { loadDataset } from '../../src/data/load.ts';
import { OptionError } from '../../src/errors.ts';
import { plainPng, temporaryFolder } from '../support/datasets.ts';

const picture = (value: number): Uint8Array => plainPng(value);

test('a CSV names the pictures with or without ending, and what it does not name is left out', () => {
  const folder = temporaryFolder({
    'p/1.png': picture(10),
    'p/2.png': picture(20),
    'p/more/3.png': picture(30),
    'p/more/10.png': picture(40),
    'p/5.png': picture(50),
    'labels.csv': 'image_id,age,label\n1,50,nv\n2.png,50,mel\n3,50,nv\nmore/10.png,1,mel\n7,1,mel\n',
  });
  const labels = join(folder, 'labels.csv');
  const { train, test: testing, notes } = loadDataset(join(folder, 'p'), { labels });
  const all = [train, testing].flatMap(({ files, images, labels: numbers, classNames }) =>
    files!.map((file, index) => [file, images[4 * index], classNames[numbers[index]]]),
  );
  expect(all.sort(([, one], [, other]) => Number(one) - Number(other))).toEqual([
    ['1.png', 10, 'nv'],
    ['2.png', 20, 'mel'],
    ['more/3.png', 30, 'nv'],
    ['more/10.png', 40, 'mel'],
  ]);
  expect(notes[0]).toBe(`p: 1 picture has no label in ${labels}, and is left out: 5.png.`);
  expect(notes[1]).toBe(`${labels} names 1 picture that is not in p: 7.`);
});

test('folders of parts are parts, and a given order of classes holds', () => {
  const folder = temporaryFolder({
    'train/1.png': picture(1),
    'train/2.png': picture(2),
    'test/1.png': picture(3),
    'labels.json': '{"train/1.png": "b", "train/2.png": "a", "test/1.png": "b"}',
  });
  const labels = join(folder, 'labels.json');
  const { train, test: testing } = loadDataset(folder, { labels, classNames: ['b', 'a'] });
  expect([...train.labels]).toEqual([0, 1]);
  expect([...testing.images]).toEqual([3, 3, 3, 3]);
  expect(() => loadDataset(folder, { labels, classNames: ['a'] })).toThrow(/the label "b" of "test\/1.png"/);
});

test('what does not fit is refused', () => {
  const folder = temporaryFolder({
    'a/1.png': picture(1),
    'b/1.png': picture(2),
    'two.csv': 'picture,label\n1.png,cat\n',
    'none.csv': 'picture,label\nz.png,cat\n',
    'head.csv': 'picture,group\na/1.png,cat\n',
    'empty.csv': '\n\n',
    'open.csv': 'picture,label\n"a/1.png","cat ""one"""\n"b/2.png,dog\n',
  });
  const load = (file: string) => () => loadDataset(folder, { labels: join(folder, file) });
  expect(load('two.csv')).toThrow(/"1.png", which several pictures are called/);
  expect(load('none.csv')).toThrow(/a label for none of the 2 pictures/);
  expect(load('head.csv')).toThrow(/expected picture,label/);
  expect(load('empty.csv')).toThrow(/got an empty file/);
  expect(load('open.csv')).toThrow(/got the cell "b\/2.png, expected a quotation mark at its end/);
  expect(load('no.csv')).toThrow(DatasetError);
  expect(() => loadDataset('digits', { labels: 'x.csv' })).toThrow(OptionError);
});
