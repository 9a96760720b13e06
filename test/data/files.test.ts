/** Reading from a file system as it really is: what is no file, what cannot be read, and what leads nowhere. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DatasetError, PngError } from '../../src/data/errors.ts';
import {
  fileError,
  findEntry,
  makeFolder,
  readFile,
  readFolder,
  readStart,
  type Wanted,
} from '../../src/data/files.ts';
import { datasetFromFolder } from '../../src/data/folder.ts';
import { readIdx } from '../../src/data/idx.ts';
import { loadDataset } from '../../src/data/load.ts';
import { readPng } from '../../src/data/png.ts';
import { OptionError } from '../../src/errors.ts';
import { plainPng, temporaryFolder } from '../support/datasets.ts';

const wanted: Wanted = { error: PngError, expected: 'a readable PNG file' };
const pipe = (path: string): void => void execFileSync('mkfifo', [path]);

describe('a file', () => {
  test('is read, also through a link, whole or its start', () => {
    const folder = temporaryFolder({ 'a.txt': 'hello' });
    symlinkSync('a.txt', join(folder, 'b.txt'));
    for (const name of ['a.txt', 'b.txt']) {
      expect(Buffer.from(readFile(join(folder, name), wanted)).toString()).toBe('hello');
      expect(Buffer.from(readStart(join(folder, name), 2, wanted)).toString()).toBe('he');
    }
  });

  test.each([
    ['a folder', () => {}, /folder: got a folder, expected a readable PNG file\. Give the path of a file\.$/],
    ['a pipe', pipe, /got a pipe, socket or device/],
    ['a link to itself', (path: string) => symlinkSync(path, path), /got a link that leads back to itself/],
    [
      'a dead link',
      (path: string) => symlinkSync('/none', path),
      /got a link that leads nowhere.*Remove the/,
    ],
    ['nothing', () => {}, /none: got no file or folder of this name/],
    ['through a file', () => {}, /a\.txt\/x: got a path that leads through a file/],
    ['a zero character', () => {}, /a path: got .* for a path/],
  ])('%s in its place: the caller’s error, in words', (what, make, message) => {
    const folder = temporaryFolder({ 'a.txt': '', 'folder/x': '' });
    const name =
      { 'a folder': 'folder', nothing: 'none', 'through a file': 'a.txt/x', 'a zero character': 'a\0b' }[
        what
      ] ?? 'made';
    const path = join(folder, name);
    make(path);
    expect(() => readFile(path, wanted)).toThrow(PngError);
    expect(() => readFile(path, wanted)).toThrow(message);
  });

  test('a device is not read', () => {
    expect(() => readPng('/dev/zero')).toThrow(/got a pipe, socket or device/);
    expect(() => readIdx('/dev/zero')).toThrow(/got a pipe, socket or device/);
  });

  test('what the system says becomes words, whatever it is', () => {
    const error = (code: string): string =>
      fileError('x/y', Object.assign(new Error(`${code}: raw`), { code }), wanted).message;
    expect(error('EACCES')).toMatch(/^x\/y: got no permission, .*looked for at \//);
    expect(error('EMFILE')).toContain('too many open files');
    expect(error('ENAMETOOLONG')).toContain('longer than the file system allows');
    expect(error('ESOMETHING')).toContain('an error of the file system (ESOMETHING)');
  });
});

test('what cannot be a path, or an option of reading a folder', () => {
  for (const path of [undefined, null, 5, '', {}, 'a\0']) {
    for (const read of [readPng, readIdx, datasetFromFolder, loadDataset]) {
      expect(() => read(path as string)).toThrow(/a path: got .* for a path/);
    }
  }
  for (const options of [{ name: 5 }, { classNames: 'a' }, { classNames: [1] }, { onNote: 'x' }]) {
    expect(() => datasetFromFolder('.', options as object)).toThrow(OptionError);
  }
});

describe('a folder', () => {
  test('its names with what they lead to', () => {
    const folder = temporaryFolder({ 'file.png': '', '.hidden': '', 'folder/x': '' });
    symlinkSync('folder', join(folder, 'link'));
    symlinkSync('none', join(folder, 'dead'));
    pipe(join(folder, 'pipe'));
    mkdirSync(Buffer.concat([Buffer.from(`${folder}/caf`), Buffer.of(0xe9)]));
    const entries = readFolder(folder, { error: DatasetError, expected: 'a folder' });
    expect(entries.map(({ name, kind }) => [name, kind])).toEqual([
      ['caf\ufffd', 'not UTF-8'],
      ['dead', 'dead link'],
      ['file.png', 'file'],
      ['folder', 'folder'],
      ['link', 'folder'],
      ['pipe', 'special'],
    ]);
    expect(findEntry(join(folder, 'none'), wanted)).toBeUndefined();
    expect(findEntry(join(folder, 'dead'), wanted)).toBe('dead link');
  });

  test('a file in its place, and nothing', () => {
    const folder = temporaryFolder({ 'a.txt': '' });
    expect(() => datasetFromFolder(join(folder, 'a.txt'))).toThrow(DatasetError);
    expect(() => datasetFromFolder(join(folder, 'none'))).toThrow(/none: got no file or folder of this name/);
  });
});

describe('beside class folders', () => {
  const classes = {
    'a/1.png': plainPng(1),
    'a/2.png': plainPng(2),
    'b/1.png': plainPng(3),
    'b/2.png': plainPng(4),
  };

  test.each([
    [
      'a dead link',
      (folder: string) => symlinkSync('/none', join(folder, 'c')),
      /c: got a link that leads nowhere/,
    ],
    [
      'a link to itself',
      (folder: string) => symlinkSync('c', join(folder, 'c')),
      /c: got a link that leads nowhere/,
    ],
    [
      'a name that is not UTF-8',
      (folder: string) => mkdirSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.of(0xe9)])),
      /got a name that is not UTF-8/,
    ],
  ])('%s may be a class that is missing: an error', (_, make, message) => {
    const folder = temporaryFolder(classes);
    make(folder);
    expect(() => loadDataset(folder)).toThrow(DatasetError);
    expect(() => loadDataset(folder)).toThrow(message);
  });

  test('pipes, and what is odd inside a class, are left out with a note', () => {
    const folder = temporaryFolder({
      ...classes,
      'a/3.gif': '',
      'a/x.txt': '',
      'b/x.txt': '',
      'a/in/4.png': '',
      'x.PNG': '',
    });
    pipe(join(folder, 'pipe.png'));
    pipe(join(folder, 'a', 'pipe.png'));
    symlinkSync('/none', join(folder, 'b', '9.png'));
    const { train, test: held, notes } = loadDataset(folder);
    expect(train.labels.length + held.labels.length).toBe(4);
    expect(notes.map((note) => note.slice(note.indexOf(' ') + 1)).slice(0, -1)).toEqual([
      '2 pipes, sockets or devices are ignored: 1 in a.',
      '1 picture beside the class folders is ignored (.png).',
      '3 files that are no PNG or JPEG pictures are ignored (.txt, .gif): 2 in a, 1 in b.',
      '1 folder inside a class folder is ignored: 1 in a.',
      '1 link that leads nowhere is ignored: 1 in b.',
    ]);
  });

  test('composed and decomposed names are one class', () => {
    const folder = temporaryFolder({
      'train/caf\u00e9/1.png': plainPng(1),
      'train/b/1.png': plainPng(2),
      'test/cafe\u0301/1.png': plainPng(3),
    });
    const { train, test: held } = loadDataset(folder);
    expect(train.classNames).toEqual(['b', 'caf\u00e9']);
    expect([...held.labels]).toEqual([1]);
  });
});

describe('a folder is made', () => {
  test('with those above it, and one that is there is left', () => {
    const folder = temporaryFolder({ file: '' });
    for (const _ of [1, 2]) makeFolder(join(folder, 'a', 'b', 'c'));
    expect(statSync(join(folder, 'a', 'b', 'c')).isDirectory()).toBe(true);
    symlinkSync('none', join(folder, 'link'));
    for (const [name, code] of [
      ['file', 'EEXIST'],
      ['file/a', 'ENOTDIR'],
      ['link/a', 'EEXIST'],
    ] as const) {
      expect(() => makeFolder(join(folder, name))).toThrow(code);
    }
  });

  test.runIf(existsSync('/proc/self'))('or refused where the system has no such folder', () => {
    expect(() => makeFolder('/proc/none/x')).toThrow('ENOENT');
  });
});
