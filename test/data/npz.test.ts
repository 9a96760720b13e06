/** .npz files as NumPy 1.24 wrote them: MedMNIST's arrays, Keras' names, and what is refused. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DatasetError } from '../../src/data/errors.ts';
import { loadDataset } from '../../src/data/load.ts';
import { OptionError } from '../../src/errors.ts';
import { temporaryFolder } from '../support/datasets.ts';

/**
 * numpy.savez_compressed of random uint8: train_images (6, 2, 3, 3), val_images and test_images (3, 2, 3, 3), labels (N, 1) that
 * go 0, 1, 2, 0, 1, 2.
 */
const medical =
  'UEsDBBQAAAAIAAAAIQBtCAyQvQAAAOwAAAAQABQAdHJhaW5faW1hZ2VzLm5weQEAEADsAAAAAAAAAL0AAAAAAAAAm+wX6hsQychQxlCtnpJanF' +
  'ykbqWgXlNqqK6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaZjoKRjoKxkCkqaNQq0AG4Pq4YP3TKceuWvL5eNx/yVh/SfGMXPlF33D3' +
  'HY5/C6sap/Y2/Tt3avP88L/l5jc0b8+R5S7kVGn+UX7u1aWFBc0u9Yn2/5glDH9sfGi8I66WYd6VleodLt8f6jd9uLF1MdfeSnG7rl2Nc+6vj1' +
  'kyU5p/ZTIAUEsDBBQAAAAIAAAAIQCtTZ31SwAAAIYAAAAQABQAdHJhaW5fbGFiZWxzLm5weQEAEACGAAAAAAAAAEsAAAAAAAAAm+wX6hsQychQ' +
  'xlCtnpJanFykbqWgXlNqqK6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaZjoKhpo6CrUKZAMuBkYmIAIAUEsDBBQAAAAIAAAAIQDmG3' +
  '+3hAAAALYAAAAOABQAdmFsX2ltYWdlcy5ucHkBABAAtgAAAAAAAACEAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loF5Taqiuo6Cell9UUpSY' +
  'F59flJIKEndLzClOBYoXZyQWpAL5GsY6CkY6CkDSWFNHoVaBDMA1M8hSLfFCWuLkXynTC2YVLe5Z+0WtvyDaljf9skT698/mjKuZfervi6/sUL' +
  'xxo/rj7OdfJ7qrTjAEAFBLAwQUAAAACAAAACEAR9Y+EUkAAACDAAAADgAUAHZhbF9sYWJlbHMubnB5AQAQAIMAAAAAAAAASQAAAAAAAACb7Bfq' +
  'GxDJyFDGUK2eklqcXKRupaBeU2qorqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RrGOgqGmjoKtQpkAy4GRiYAUEsDBBQAAAAIAAAAIQ' +
  'Bs2H/2hAAAALYAAAAPABQAdGVzdF9pbWFnZXMubnB5AQAQALYAAAAAAAAAhAAAAAAAAACb7BfqGxDJyFDGUK2eklqcXKRupaBeU2qorqOgnpZf' +
  'VFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RrGOgpGOgpA0lhTR6FWgQzAdeCtXS+PXsKjH0umTuRP+J1pZruN88eDieWHeqqCig7wse2IP8v+Qj' +
  '7ru/SKXbkibXn310XwTXdfDwBQSwMEFAAAAAgAAAAhAEfWPhFJAAAAgwAAAA8AFAB0ZXN0X2xhYmVscy5ucHkBABAAgwAAAAAAAABJAAAAAAAA' +
  'AJvsF+obEMnIUMZQrZ6SWpxcpG6loF5Taqiuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GsY6CoaaOgq1CmQDLgZGJgBQSwECFAMUAA' +
  'AACAAAACEAbQgMkL0AAADsAAAAEAAAAAAAAAAAAAAAgAEAAAAAdHJhaW5faW1hZ2VzLm5weVBLAQIUAxQAAAAIAAAAIQCtTZ31SwAAAIYAAAAQ' +
  'AAAAAAAAAAAAAACAAf8AAAB0cmFpbl9sYWJlbHMubnB5UEsBAhQDFAAAAAgAAAAhAOYbf7eEAAAAtgAAAA4AAAAAAAAAAAAAAIABjAEAAHZhbF' +
  '9pbWFnZXMubnB5UEsBAhQDFAAAAAgAAAAhAEfWPhFJAAAAgwAAAA4AAAAAAAAAAAAAAIABUAIAAHZhbF9sYWJlbHMubnB5UEsBAhQDFAAAAAgA' +
  'AAAhAGzYf/aEAAAAtgAAAA8AAAAAAAAAAAAAAIAB2QIAAHRlc3RfaW1hZ2VzLm5weVBLAQIUAxQAAAAIAAAAIQBH1j4RSQAAAIMAAAAPAAAAAA' +
  'AAAAAAAACAAZ4DAAB0ZXN0X2xhYmVscy5ucHlQSwUGAAAAAAYABgBuAQAAKAQAAAAA';

/** numpy.savez: x_train, float64 (4, 2, 2) from 0 to 1 in steps of a fifteenth; y_train, big-endian int32: 1, 2, 1, 2. */
const floats =
  'UEsDBBQAAAAAAAAAIQDTg0lTAAEAAAABAAALABQAeF90cmFpbi5ucHkBABAAAAEAAAAAAAAAAQAAAAAAAJNOVU1QWQEAdgB7J2Rlc2NyJzogJz' +
  'xmOCcsICdmb3J0cmFuX29yZGVyJzogRmFsc2UsICdzaGFwZSc6ICg0LCAyLCAyKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg' +
  'ICAgICAgICAgICAgICAgICAgICAgICAKAAAAAAAAAAARERERERGxPxEREREREcE/mpmZmZmZyT8RERERERHRP1VVVVVVVdU/mpmZmZmZ2T/e3d' +
  '3d3d3dPxEREREREeE/MzMzMzMz4z9VVVVVVVXlP3d3d3d3d+c/mpmZmZmZ6T+8u7u7u7vrP97d3d3d3e0/AAAAAAAA8D9QSwMEFAAAAAAAAAAh' +
  'ANowBIqQAAAAkAAAAAsAFAB5X3RyYWluLm5weQEAEACQAAAAAAAAAJAAAAAAAAAAk05VTVBZAQB2AHsnZGVzY3InOiAnPmk0JywgJ2ZvcnRyYW' +
  '5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDQsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg' +
  'ICAgICAgICAgIAoAAAABAAAAAgAAAAEAAAACUEsBAhQDFAAAAAAAAAAhANODSVMAAQAAAAEAAAsAAAAAAAAAAAAAAIABAAAAAHhfdHJhaW4ubn' +
  'B5UEsBAhQDFAAAAAAAAAAhANowBIqQAAAAkAAAAAsAAAAAAAAAAAAAAIABPQEAAHlfdHJhaW4ubnB5UEsFBgAAAAACAAIAcgAAAAoCAAAAAA==';

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64'));
const written = (bytes: Uint8Array | string): string =>
  join(temporaryFolder({ 'some.npz': bytes }), 'some.npz');

test('the arrays of MedMNIST are three splits', () => {
  const path = written(bytesOf(medical));
  const { name, train, validation, test: testing } = loadDataset(path, { classNames: ['a', 'b', 'c'] });
  expect(name).toBe('some');
  expect(train.shape).toEqual([6, 2, 3, 3]);
  expect([...train.labels]).toEqual([0, 1, 2, 0, 1, 2]);
  expect(train.classNames).toEqual(['a', 'b', 'c']);
  expect([...train.images.subarray(18, 36)]).toEqual([
    30, 119, 209, 77, 87, 71, 184, 65, 253, 113, 122, 129, 149, 141, 130, 254, 206, 202,
  ]);
  expect(validation?.shape).toEqual([3, 2, 3, 3]);
  expect([...testing.labels]).toEqual([0, 1, 2]);
  expect(loadDataset(join(path, '..')).train.images).toEqual(train.images);
  expect(loadDataset(path).train.classNames).toEqual(['0', '1', '2']);
});

test('floats, labels from 1, and names as Keras has them', () => {
  const { train, test: testing } = loadDataset(written(bytesOf(floats)));
  const images = [train, testing].flatMap(({ images, labels }) =>
    [...labels].map((label, index) => [Math.round(15 * images[4 * index + 1]), label]),
  );
  expect(images.sort(([one], [other]) => one - other)).toEqual([
    [1, 0],
    [5, 1],
    [9, 0],
    [13, 1],
  ]);
});

test('what is no such file, or damaged, is refused', () => {
  expect(() => loadDataset(written('not an archive'))).toThrow(DatasetError);
  expect(() => loadDataset(written(bytesOf(medical).subarray(0, 700)))).toThrow(/without the directory/);
  const flipped = bytesOf(floats);
  flipped[250] ^= 1;
  expect(() => loadDataset(written(flipped))).toThrow(/damaged data in "x_train"/);
  const path = written(bytesOf(medical));
  const { images } = loadDataset(path).train;
  for (let at = 60; at < 1000; at += 7) {
    const bytes = bytesOf(medical);
    bytes[at] ^= 0x10;
    writeFileSync(path, bytes);
    try {
      // What was flipped may be what nobody reads, such as a date.
      expect(loadDataset(path).train.images).toEqual(images);
    } catch (error) {
      expect(error).toBeInstanceOf(DatasetError);
    }
  }
  expect(() => loadDataset(path, { labels: 'labels.csv' })).toThrow(OptionError);
});
