/** Folders as people have them: parts under all their names, archives as they are unpacked, what systems leave in them. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { classCounts } from '../../src/data/dataset.ts';
import { DatasetError } from '../../src/data/errors.ts';
import { loadDataset } from '../../src/data/load.ts';
import { compareNaturally } from '../../src/data/natural-order.ts';
import { plainPng, temporaryFolder } from '../support/datasets.ts';
import { jpegFile } from '../support/jpeg-files.ts';

/** Two classes of pictures in each of some folders. */
function folders(...places: string[]): Record<string, Uint8Array> {
  return Object.fromEntries(
    places.flatMap((place, index) =>
      ['a', 'b'].map((name, label) => [`${place}/${name}/1.png`, plainPng(10 * index + label)]),
    ),
  );
}

/** The notes without the name of the data set. */
function notesOf({ notes }: { readonly notes: readonly string[] }): string[] {
  return notes.map((note) => note.slice(note.indexOf(' ') + 1));
}

describe('names of parts', () => {
  test.each([
    ['train', 'val', 'test'],
    ['Train', 'Valid', 'Test'],
    ['TRAINING', 'Validation', 'TESTING'],
    ['training_set', 'validation_set', 'test_set'],
    ['trainset', 'dev', 'testset'],
    ['train_images', 'val_images', 'test_images'],
    ['seg_train/seg_train', 'seg_val/seg_val', 'seg_test/seg_test'],
    ['asl_alphabet_train/asl_alphabet_train', 'asl_alphabet_val', 'asl_alphabet_test'],
    ['archive/chest/train', 'archive/chest/val', 'archive/chest/test'],
  ])('%s, %s and %s', (train, validation, held) => {
    const folder = temporaryFolder(folders(train, validation, held));
    const loaded = loadDataset(folder);
    expect([...loaded.train.images].filter((_, i) => i % 4 === 0)).toEqual([0, 1]);
    expect([...loaded.validation!.images].filter((_, i) => i % 4 === 0)).toEqual([10, 11]);
    expect([...loaded.test.images].filter((_, i) => i % 4 === 0)).toEqual([20, 21]);
    expect(loaded.train.files).toEqual([`${train}/a/1.png`, `${train}/b/1.png`]);
  });

  test('what lies beside the parts is told', () => {
    const folder = temporaryFolder({
      ...folders('seg_train/seg_train', 'seg_test/seg_test'),
      'seg_pred/1.png': '',
    });
    expect(notesOf(loadDataset(folder))).toEqual(['ignored the folders beside seg_train/: seg_pred.']);
  });

  test('two folders of one part', () => {
    const folder = temporaryFolder(folders('train', 'val', 'valid'));
    expect(() => loadDataset(folder)).toThrow(/2 folders of validation pictures: val, valid, expected one/);
  });

  test('test pictures that nobody has sorted', () => {
    const folder = temporaryFolder({
      'train/a/1.png': plainPng(1),
      'train/a/2.png': plainPng(2),
      'train/b/1.png': plainPng(3),
      'test/1.png': plainPng(4),
      'test/2.png': plainPng(5),
    });
    const notes = notesOf(loadDataset(folder));
    expect(notes[0]).toBe(
      'test/ is ignored: its 2 pictures are not in class folders, so nobody knows what they show.',
    );
    expect(notes[1]).toMatch(/has no test set/);
  });

  test('classes whose names speak of parts', () => {
    const files = { ...folders('.') };
    const folder = temporaryFolder({
      ...files,
      'train station/1.png': plainPng(1),
      'train station/2.png': plainPng(1),
      'test tube/1.png': plainPng(1),
      'test tube/2.png': plainPng(1),
    });
    expect(loadDataset(folder).train.classNames).toEqual(['a', 'b', 'test tube', 'train station']);
  });
});

describe('the folder above', () => {
  test('one folder too high, or several, is said', () => {
    const folder = temporaryFolder({
      ...folders('archive/Flowers/flowers'),
      'archive/Flowers/flowers/a/2.png': plainPng(1),
      'archive/README.txt': 'about',
    });
    const loaded = loadDataset(folder);
    expect(loaded.train.classNames).toEqual(['a', 'b']);
    expect(loaded.name).toBe(basename(folder));
    expect(notesOf(loaded)[0]).toBe('the data set is in archive/Flowers/flowers/.');
  });

  test('what systems leave in folders is nothing', () => {
    const junk = Object.fromEntries(
      ['', 'photos/', 'photos/a/'].flatMap((place) =>
        ['Thumbs.db', 'desktop.ini', '.DS_Store', '__MACOSX/photos/a/._1.png', '@eaDir/x.png'].map((name) => [
          `${place}${name}`,
          'x',
        ]),
      ),
    );
    const loaded = loadDataset(
      temporaryFolder({ ...folders('photos'), ...junk, 'photos/a/2.png': plainPng(1) }),
    );
    expect(loaded.train.classNames).toEqual(['a', 'b']);
    expect(notesOf(loaded).slice(0, -1)).toEqual(['the data set is in photos/.']);
  });

  test('a single class is no folder to look into', () => {
    const folder = temporaryFolder({ 'only/1.png': plainPng(1), 'only/2.png': plainPng(1) });
    expect(loadDataset(folder).train.classNames).toEqual(['only']);
  });

  test('a class folder says to go up', () => {
    const folder = temporaryFolder(folders('photos'));
    expect(() => loadDataset(join(folder, 'photos', 'a'))).toThrow(/give the one above it/);
  });
});

describe('training runs in a data set are no part of it', () => {
  const record = JSON.stringify({ seed: 0, data: {} });
  const run = (place: string) => ({
    [`${place}/metrics.json`]: record,
    [`${place}/sample.png`]: plainPng(9),
    [`${place}/last/model.json`]: '{}',
  });

  test('beside class folders', () => {
    const folder = temporaryFolder({
      ...folders('.', '.'),
      'a/2.png': plainPng(1),
      'a/metrics.json': '{"accuracy": 1}',
      ...run('mine'),
      ...run('runs/first'),
      ...run('runs/second'),
      'begun/.weft-run': 'machine 1 ',
    });
    const loaded = loadDataset(folder);
    expect(loaded.train.classNames).toEqual(['a', 'b']);
    expect(notesOf(loaded)[0]).toBe('3 folders of training runs are ignored (begun/, mine/, runs/).');
  });

  test('beside parts, and beside the folder that holds the data set', () => {
    const parts = loadDataset(temporaryFolder({ ...folders('train', 'test'), ...run('runs/first') }));
    expect(notesOf(parts)).toEqual(['ignored the folders beside train/: runs.']);
    const above = loadDataset(temporaryFolder({ ...folders('x/train', 'x/test'), ...run('runs/first') }));
    expect(notesOf(above)).toEqual(['the data set is in x/.']);
  });

  test('a pipe in the place of a record is not waited for', () => {
    const folder = temporaryFolder({ ...folders('.'), 'a/2.png': plainPng(1) });
    execFileSync('mkfifo', [join(folder, 'a', 'metrics.json')]);
    expect(loadDataset(folder).train.classNames).toEqual(['a', 'b']);
  });

  test('one in a class folder does not hide the class', () => {
    const folder = temporaryFolder({ ...folders('.'), 'a/2.png': plainPng(1), ...run('a/mine') });
    expect(loadDataset(folder).train.classNames).toEqual(['a', 'b']);
  });
});

describe('names of classes', () => {
  test('2 comes before 10, in every alphabet the same', () => {
    const names = [
      'class 10',
      'class 2',
      'b1',
      'B1',
      'b01',
      '10',
      '9',
      'é',
      'z',
      '水',
      '水2',
      '水10',
      'a',
      '-1',
    ];
    const sorted = [...names].sort(compareNaturally);
    expect(sorted).toEqual(
      ['-1', '9', '10', 'B1', 'a', 'b1', 'b01', 'class 2', 'class 10', 'z', 'é', '水', '水2', '水10'].sort(
        compareNaturally,
      ),
    );
    expect(sorted.indexOf('9')).toBeLessThan(sorted.indexOf('10'));
    expect(sorted.indexOf('class 2')).toBeLessThan(sorted.indexOf('class 10'));
    expect(sorted.indexOf('水2')).toBeLessThan(sorted.indexOf('水10'));
    for (const [i, first] of sorted.entries()) {
      for (const [j, second] of sorted.entries()) {
        expect(Math.sign(compareNaturally(first, second))).toBe(Math.sign(i - j));
      }
    }
    const classes = Object.fromEntries(
      Array.from({ length: 12 }, (_, i) => [1, 2].map((k) => [`${i}/${k}.png`, plainPng(i)])).flat(),
    );
    expect(loadDataset(temporaryFolder(classes)).train.classNames.slice(-3)).toEqual(['9', '10', '11']);
  });

  test('capitals of other parts do not matter, unless there are both', () => {
    const folder = temporaryFolder({
      'train/Cat/1.png': plainPng(1),
      'train/dog/1.png': plainPng(2),
      'test/cat/1.png': plainPng(3),
      'test/DOG/1.png': plainPng(4),
    });
    expect([...loadDataset(folder).test.labels].sort()).toEqual([0, 1]);
  });

  test('two ways to write é are one class, and its pictures have two names', () => {
    const folder = temporaryFolder({
      'caf\u00e9/1.png': plainPng(1),
      'cafe\u0301/1.png': plainPng(2),
      'b/1.png': plainPng(3),
      'b/2.png': plainPng(3),
    });
    const { train, test: held } = loadDataset(folder);
    expect(train.classNames).toEqual(['b', 'caf\u00e9']);
    expect(new Set([...train.files!, ...held.files!]).size).toBe(4);
  });

  test('their order can be given', () => {
    const folder = temporaryFolder({ ...folders('train', 'test') });
    const { train } = loadDataset(folder, { classNames: ['b', 'a'] });
    expect(train.classNames).toEqual(['b', 'a']);
    expect([...classCounts(train)]).toEqual([1, 1]);
    expect(() => loadDataset(folder, { classNames: ['a', 'b', 'c'] })).toThrow(/no folder for the class "c"/);
    expect(() => loadDataset(folder, { classNames: ['a'] })).toThrow(/class "b"/);
    expect(() => loadDataset(folder, { classNames: ['a', 'a'] })).toThrow(/the class "a" twice/);
  });
});

describe('what is not there', () => {
  test('names like it are told', () => {
    const folder = temporaryFolder();
    for (const name of ['photos-small', 'brain-tumor', 'x']) mkdirSync(join(folder, name));
    const cure = (path: string): string => {
      try {
        loadDataset(path);
      } catch (error) {
        if (error instanceof DatasetError) return error.cure;
      }
      return '';
    };
    expect(cure(join(folder, 'photo-small'))).toContain(`Did you mean ${join(folder, 'photos-small')}?`);
    expect(cure(join(folder, 'brain_tumour', 'train'))).toContain(
      `Did you mean ${join(folder, 'brain-tumor')}?`,
    );
    expect(cure(join(folder, 'nothing of the kind'))).toContain('Check the path; it was looked for at');
    expect(cure('digit')).toContain('Did you mean digits?');
  });
});

describe('files', () => {
  test('are told by what they hold, not by what they are called', () => {
    const folder = temporaryFolder({
      'a/1.png': jpegFile('gray'),
      'a/2.jpg': plainPng(1, 24, 16),
      'a/3.JFIF': jpegFile('gray'),
      'a/4': jpegFile('gray'),
      'a/5.bmp': jpegFile('gray'),
      'b/1.jpeg': jpegFile('gray'),
      'b/2.JPG': jpegFile('progressive'),
    });
    const { train, test: held, notes } = loadDataset(folder);
    expect(train.labels.length + held.labels.length).toBe(7);
    expect(train.shape.slice(1)).toEqual([16, 24, 3]);
    expect(notes).toHaveLength(1);
  });

  test('that are no pictures are counted by class and ending', () => {
    const folder = temporaryFolder({
      ...folders('train', 'test'),
      'train/a/1.webp': 'RIFF0000WEBP',
      'train/a/2.webp': 'RIFF0000WEBP',
      'train/b/3.gif': 'GIF89a',
      'train/b/notes.txt': 'x',
    });
    expect(notesOf(loadDataset(folder))).toEqual([
      'train: 4 files that are no PNG or JPEG pictures are ignored (.webp, .gif, .txt): 2 in a, 2 in b.',
    ]);
  });

  test('that cannot be read are told all at once, also those of other parts', () => {
    const folder = temporaryFolder({
      ...folders('train', 'test'),
      'train/a/cut.jpg': jpegFile('baseline').subarray(0, 300),
      'train/b/empty.png': '',
      'train/b/web.jpg': '<!DOCTYPE html><html>',
      'test/a/heic.jpg': '\0\0\0\x18ftypheic',
      'test/b/lfs.png': 'version https://git-lfs.github.com/spec/v1',
    });
    const message =
      /5 pictures that cannot be read: test\/a\/heic\.jpg: a HEIC picture.*; test\/b\/lfs\.png: a Git LFS pointer.*; train\/a\/cut\.jpg: a file that ends .*; train\/b\/empty\.png: an empty file; .*web\.jpg: a web page/;
    expect(() => loadDataset(folder)).toThrow(message);
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`a/${i}.png`, '']));
    try {
      loadDataset(temporaryFolder({ ...folders('.'), ...many }));
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(DatasetError);
      expect((error as DatasetError).message).toMatch(/40 pictures .*; and 28 more/);
      expect(((error as DatasetError).cause as AggregateError).errors).toHaveLength(40);
    }
  });
});
