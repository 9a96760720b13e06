/** The confusion matrix as text, small, with long names, and too large to print. */
import { expect, test } from 'vitest';
import { formatConfusion, formatQualities, qualities } from '../../src/cli/confusion.ts';

test('columns stand under their classes, zeros are dots', () => {
  expect(
    formatConfusion(
      [
        [9, 0],
        [1, 120],
      ],
      ['a', 'b'],
    ).split('\n'),
  ).toEqual([
    'true \\ predicted  a    b',
    '----------------  -  ---',
    'a                 9    ·',
    'b                 1  120',
  ]);
});

test('long names are numbered', () => {
  expect(
    formatConfusion(
      [
        [9, 0],
        [1, 2],
      ],
      ['airplane', 'cat'],
    )
      .split('\n')
      .slice(2),
  ).toEqual([' 0 airplane       9  ·', ' 1 cat            1  2']);
});

test('of many classes the most frequent mistakes are listed', () => {
  const names = Array.from({ length: 30 }, (_, index) => `class ${index}`);
  const confusion = names.map((_, truth) =>
    names.map((_, predicted) => (predicted > truth + 27 ? truth + 1 : 0)),
  );
  expect(formatConfusion(confusion, names).split('\n').slice(2)).toEqual([
    'class 1  class 29        2',
    'class 0  class 28        1',
    'class 0  class 29        1',
  ]);
});

test('a class without images has no precision, recall and F1', () => {
  const confusion = [
    [3, 1],
    [0, 0],
  ];
  const [, untested] = qualities(confusion);
  expect(untested).toEqual({ precision: null, recall: null, f1: null, support: 0 });
  expect(formatQualities(confusion, ['a', 'b'])).toMatch(/b +0 +– +– +–/);
});

test('precision, recall and F1 of each class', () => {
  const lines = formatQualities(
    [
      [3, 1],
      [0, 4],
    ],
    ['a', 'b'],
  ).split('\n');
  expect(lines.slice(2)).toEqual(
    ['a           4    100.0 %  75.0 %  85.7 %', 'b           4     80.0 %  100.0 %  88.9 %'].map((line) =>
      expect.stringMatching(new RegExp(line.replace(/ +/g, ' +'))),
    ),
  );
});
