/** The test set that is held out: kept when the data set grows, nearly exact in its counts. */
import { describe, expect, test } from 'vitest';
import { classCounts, subset } from '../../src/data/dataset.ts';
import { loadDataset } from '../../src/data/load.ts';
import { drawnFold, drawnSplit, heldOutShares } from '../../src/data/split.ts';
import { plainPng, temporaryFolder, tinyDataset } from '../support/datasets.ts';

const named = (names: readonly string[]) => ({
  ...tinyDataset(
    names.map((name) => (name.startsWith('a/') ? 0 : 1)),
    2,
  ),
  files: names,
});
const numbered = (count: number, prefix: string): string[] =>
  Array.from({ length: count }, (_, number) => `${prefix}${number}.png`);
const heldOut = (names: readonly string[], seed = 0): Set<string> =>
  new Set(drawnSplit(named(names), 0.2, seed)[1].files);

test.each([
  ['numbers', (count: number) => numbered(count, '')],
  [
    'other names',
    (count: number) => Array.from({ length: count }, (_, i) => `${((i + 1) * 7919 ** 2).toString(36)}x.png`),
  ],
])('pictures that come or go leave the others on their side: %s', (_, make) => {
  const all = make(150).flatMap((name) => [`a/${name}`, `b/${name}`]);
  const before = heldOut(all.slice(0, 200));
  const after = heldOut(all);
  for (const name of all.slice(0, 200)) expect(after.has(name), name).toBe(before.has(name));
  const fewer = all.filter((_, index) => index % 3 !== 0);
  const rest = heldOut(fewer);
  for (const name of fewer) expect(rest.has(name), name).toBe(after.has(name));
});

test('a fifth of each class, of numbered pictures to the picture; another seed draws others', () => {
  const names = [...numbered(100, 'a/img_'), ...numbered(10, 'b/')];
  for (let seed = 0; seed < 20; seed++) {
    expect([...classCounts(drawnSplit(named(names), 0.2, seed)[1])]).toEqual([20, 2]);
  }
  expect(heldOut(names, 1)).not.toEqual(heldOut(names, 0));
  expect(heldOut(names, 1)).toEqual(heldOut(names, 1));
});

test('the shares that were held out are told as they are', () => {
  const whole = named([...numbered(100, 'a/img_'), 'b/x.png', 'b/y.png']);
  const [, held] = drawnSplit(whole, 0.2, 0);
  expect(heldOutShares(whole, held)).toBe('21 %, 20 % to 50 % of each class');
  const even = named([...numbered(100, 'a/'), ...numbered(10, 'b/')]);
  expect(heldOutShares(even, drawnSplit(even, 0.2, 0)[1])).toBe('20 % of each class');
});

test('a class of two or more keeps one on both sides, whatever is drawn', () => {
  for (let seed = 0; seed < 50; seed++) {
    const [rest, held] = drawnSplit(named(['a/x.png', 'a/y.png', 'b/z.png']), 0.2, seed);
    expect([...classCounts(rest)]).toEqual([1, 1]);
    expect([...classCounts(held)]).toEqual([1, 0]);
  }
});

test('the images held out for validation are others than those for testing', () => {
  const names = numbered(400, 'a/');
  const [rest, held] = drawnSplit(named(names), 0.2, 0);
  const [, validation] = drawnSplit(rest, 0.2, 0, 'validation');
  expect(validation.labels.length).toBeGreaterThan(50);
  expect(validation.labels.length).toBeLessThan(78);
  expect(validation.files!.some((file) => held.files!.includes(file))).toBe(false);
});

test('images without files are drawn by what they show, equal ones each for itself', () => {
  const count = 600;
  const images = { ...tinyDataset(new Array(count).fill(0), 1), images: new Uint8Array(count).fill(7, 300) };
  images.images.forEach((_, index) => {
    if (index < 300) images.images[index] = index % 256;
  });
  const [, held] = drawnSplit(images, 0.2, 0);
  expect(held.labels.length).toBeGreaterThan(80);
  expect(held.labels.length).toBeLessThan(160);
  const [, again] = drawnSplit(subset(images, [...Array(count).keys()].reverse()), 0.2, 0);
  expect([...again.images].sort()).toEqual([...held.images].sort());
});

describe('groups', () => {
  /** 40 patients of 1 to 5 pictures; the disease is the patient's. */
  const patients = Array.from({ length: 40 }, (_, patient) =>
    Array.from({ length: 1 + (patient % 5) }, (_, i) => ({
      file: `${patient % 2 === 0 ? 'a' : 'b'}/${patient}-${i}.png`,
      group: `patient ${patient}`,
    })),
  ).flat();
  const grouped = (members: typeof patients) => ({
    ...named(members.map(({ file }) => file)),
    groups: members.map(({ group }) => group),
  });

  test('stay together, whatever comes or goes', () => {
    const [rest, held] = drawnSplit(grouped(patients), 0.2, 0);
    expect(new Set([...rest.groups!, ...held.groups!]).size).toBe(40);
    expect(rest.groups!.some((group) => held.groups!.includes(group))).toBe(false);
    expect(new Set(held.groups).size).toBeGreaterThan(5);
    expect(new Set(held.groups).size).toBeLessThan(11);
    const fewer = patients.filter(({ group }) => !group.endsWith('3'));
    const [, after] = drawnSplit(grouped(fewer), 0.2, 0);
    expect(after.groups).toEqual(held.groups!.filter((group) => !group.endsWith('3')));
  });

  test('both sides have two groups of a class', () => {
    const two = patients.filter(({ group }) => ['patient 0', 'patient 2', 'patient 1'].includes(group));
    for (let seed = 0; seed < 20; seed++) {
      const [rest, held] = drawnSplit(grouped(two), 0.2, seed);
      expect(new Set(held.groups).size).toBe(1);
      expect(rest.groups).toContain('patient 1');
    }
  });
});

test('one class is said', () => {
  const { notes } = loadDataset(temporaryFolder({ 'only/1.png': plainPng(1), 'only/2.png': plainPng(2) }));
  expect(notes[0]).toMatch(/one class, so there is nothing to learn\. Mostly the path is one level off/);
});

test('folds are equal parts of each class, have no image in common, and together are all; groups stay together', () => {
  const names = [...numbered(100, 'a/img_'), ...numbered(12, 'b/')];
  const folds = [1, 2, 3, 4].map((part) => drawnFold(named(names), [part, 4], 7));
  for (const [rest, held] of folds) {
    expect([...classCounts(held)]).toEqual([25, 3]);
    expect([...rest.files!, ...held.files!].sort()).toEqual([...names].sort());
  }
  expect(folds.flatMap(([, held]) => held.files!).sort()).toEqual([...names].sort());
  const [, other] = drawnFold(named(names), [1, 4], 8);
  expect(other.files).not.toEqual(folds[0][1].files);

  const patients = names.map((name, index) => `${name[0]}${index % 9}`);
  for (const part of [1, 2]) {
    const [rest, held] = drawnFold({ ...named(names), groups: patients }, [part, 2], 0);
    expect(rest.groups!.filter((group) => held.groups!.includes(group))).toEqual([]);
  }
});

test('the only image of a class is in no fold', () => {
  const [rest, held] = drawnFold(named(['a/0.png', 'b/0.png', 'b/1.png']), [1, 2], 0);
  expect([...classCounts(rest)]).toEqual([1, 1]);
  expect([...classCounts(held)]).toEqual([0, 1]);
});
