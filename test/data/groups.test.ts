/** Groups of pictures: from files and patterns, kept together by what is drawn, reported where a given split tears them. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DatasetError } from '../../src/data/errors.ts';
import { groupSource, groupsOf } from '../../src/data/groups.ts';
import { loadDataset } from '../../src/data/load.ts';
import { OptionError } from '../../src/errors.ts';
import { plainPng, temporaryFolder } from '../support/datasets.ts';

const files = ['a/p1_1.png', 'a/p1_2.png', 'b/p2_1.png', 'b/x.png'];

test('a pattern finds the group in the name or in the path', () => {
  const { groups, notes } = groupsOf(files, /^(p\d+)_/);
  expect(groups).toEqual(['p1', 'p1', 'p2', 'b/x.png']);
  expect(notes).toEqual([
    '3 pictures are in 2 groups, which stay together.',
    '1 picture has no group, and each is drawn alone: b/x.png.',
  ]);
  expect(groupsOf(files, /^(\w)\//g).groups).toEqual(['a', 'a', 'b', 'b']);
  expect(() => groupsOf(files, /^(q\d+)/)).toThrow(DatasetError);
  expect(() => groupsOf(files, /p\d/)).toThrow(/with 0 groups in parentheses/);
  expect(() => groupsOf(files, /(p)(\d)/)).toThrow(OptionError);
});

describe('a file', () => {
  const written = (name: string, text: string): string => join(temporaryFolder({ [name]: text }), name);

  test.each([
    ['groups.csv', 'picture,group\r\na/p1_1.png,one\r\np1_2.png,"one"\r\nx.png,"t,w""o"\r\nnone.png,9\r\n'],
    [
      'semicolons.csv',
      '\ufeffgroup;age;picture\none;7;a/p1_1.png\none;7;p1_2.png\nt,w"o;;x.png\n9;;none.png',
    ],
    ['groups.json', '{"a/p1_1.png":"one","p1_2.png":"one","./b/x.png":"t,w\\"o","none.png":9}'],
  ])('%s', (name, text) => {
    const { groups, notes } = groupsOf(files, written(name, text));
    expect(groups).toEqual(['one', 'one', 'b/p2_1.png', 't,w"o']);
    expect(notes.join('\n')).toMatch(/names 1 that is not in the data set: none\.png\./);
  });

  test.each([
    ['header.csv', 'file,patient\na/p1_1.png,1\n', /first row "file,patient"/],
    ['short.csv', 'picture,group\na/p1_1.png\n', /row 2 without/],
    ['two.csv', 'picture,group\na/p1_1.png,1\na/p1_1.png,2\n', /the groups 1 and 2 for "a\/p1_1.png"/],
    ['other.csv', 'picture,group\nz.png,1\n', /a group for none of the 4 pictures/],
    ['list.json', '[1]', /expected JSON as/],
  ])('%s is refused', (name, text, message) => {
    expect(() => groupsOf(files, written(name, text))).toThrow(message);
  });

  test('a name that several pictures have is refused', () => {
    const path = written('g.csv', 'picture,group\n1.png,one\n');
    expect(() => groupsOf(['a/1.png', 'b/1.png'], path)).toThrow(/several pictures are called/);
  });

  test('what the command line takes', () => {
    expect(groupSource('^(p\\d+)_')).toEqual(/^(p\d+)_/u);
    expect(groupSource('no/such.csv')).toBe('no/such.csv');
    expect(() => groupSource('(')).toThrow(OptionError);
  });
});

test('what is held out keeps groups together; a given split that tears them is told', () => {
  const pictures = (folders: readonly string[]) =>
    temporaryFolder(
      Object.fromEntries(
        folders.flatMap((folder) =>
          ['a', 'b'].flatMap((name) =>
            Array.from({ length: 12 }, (_, i) => [
              `${folder}${name}/p${i % 6}${name}_${i}.png`,
              plainPng(i * 9 + (name === 'a' ? 0 : 5) + (folder === 'test/' ? 2 : 0)),
            ]),
          ),
        ),
      ),
    );
  const { train, test: held, notes } = loadDataset(pictures(['']), { groups: /^(p\d[ab])_/ });
  expect(new Set([...train.groups!, ...held.groups!]).size).toBe(12);
  expect(held.groups!.filter((group) => train.groups!.includes(group))).toEqual([]);
  expect(notes.join('\n')).toContain('24 pictures are in 12 groups, which stay together.');
  const given = loadDataset(pictures(['train/', 'test/']), { groups: /^(p\d[ab])_/ });
  expect(given.notes.join('\n')).toContain('12 groups are both in training and test (p0a, p1a');
  expect(() => loadDataset('digits', { groups: /(x)/ })).toThrow(/without files of their own/);
});
