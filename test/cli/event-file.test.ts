/** `--tensorboard`: event files, read again by a decoder that knows nothing of what wrote them. */
import { readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { crc32c } from '../../src/cli/event-file.ts';
import { temporaryFolder } from '../support/datasets.ts';
import { classFolders, run } from './support.ts';

/** The fields of a message by their numbers; of what is repeated, all. */
function fieldsOf(bytes: Buffer): Map<number, (number | Buffer)[]> {
  const fields = new Map<number, (number | Buffer)[]>();
  let at = 0;
  const varint = (): number => {
    let [value, scale] = [0, 1];
    for (;;) {
      const byte = bytes[at++]!;
      value += (byte & 127) * scale;
      scale *= 128;
      if (byte < 128) return value;
    }
  };
  const next = (length: number): Buffer => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  const readers: Record<number, () => number | Buffer> = {
    0: varint,
    1: () => next(8).readDoubleLE(),
    2: () => next(varint()),
    5: () => next(4).readFloatLE(),
  };
  while (at < bytes.length) {
    const key = varint();
    fields.set(key >> 3, [...(fields.get(key >> 3) ?? []), readers[key & 7]!()]);
  }
  return fields;
}

function unmasked(checksum: number): number {
  const rotated = (checksum - 0xa282ead8) >>> 0;
  return ((rotated >>> 17) | (rotated << 15)) >>> 0;
}

/** The events of a file, whose checksums are right. */
function eventsOf(path: string): Map<number, (number | Buffer)[]>[] {
  const bytes = readFileSync(path);
  const events = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at));
    expect(unmasked(bytes.readUInt32LE(at + 8))).toBe(crc32c(bytes.subarray(at, at + 8)));
    const event = bytes.subarray(at + 12, at + 12 + length);
    expect(unmasked(bytes.readUInt32LE(at + 12 + length))).toBe(crc32c(event));
    events.push(fieldsOf(event));
    at += 16 + length;
  }
  return events;
}

test('the checksum is that of RFC 3720', () => {
  expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43);
});

test('a run and its continuation have a file each, with the figures of log.jsonl', async () => {
  const out = join(temporaryFolder(), 'run');
  const interruption = new AbortController();
  const args = ['train', '--data', classFolders(), '--model', 'row-gru', '--hidden', '4', '--batch', '8'];
  await run([...args, '--epochs', '3', '--tensorboard', '--out', out], {
    signal: interruption.signal,
    onWrite: (text) => {
      if (text.startsWith('epoch 2/3')) interruption.abort('SIGINT');
    },
  });
  const folder = join(out, 'tensorboard');
  const [first] = readdirSync(folder);
  // As TensorFlow begins each of its files: 24 bytes, and the checksum of that.
  expect(readFileSync(join(folder, first!)).subarray(0, 12).toString('hex')).toBe('1800000000000000a37f4b22');
  const before = eventsOf(join(folder, first!));
  expect(before[0]!.get(3)).toEqual([Buffer.from('brain.Event:2')]);
  // Two processes differ in their numbers; these are one.
  renameSync(join(folder, first!), join(folder, 'events.out.tfevents.1'));
  expect(await run(['train', '--resume', out])).toMatchObject({ exitCode: 0, stderr: '' });
  const names = readdirSync(folder).sort();
  expect(names).toEqual(['events.out.tfevents.1', expect.stringMatching(/^events\.out\.tfevents\.\d{10}\./)]);
  const after = eventsOf(join(folder, names[1]!));
  const steps = 3;
  const [, restarted] = after;
  expect([restarted!.get(2), fieldsOf(restarted!.get(7)![0] as Buffer).get(1)]).toEqual([
    [2 * steps + 1],
    [1],
  ]);

  const scalars = [...before, ...after].flatMap((event) => {
    if (!event.has(5)) return [];
    expect(Math.abs((event.get(1)![0] as number) - Date.now() / 1000)).toBeLessThan(600);
    const values = (fieldsOf(event.get(5)![0] as Buffer).get(1) as Buffer[]).map(fieldsOf);
    return values.map((value) => [event.get(2)![0], String(value.get(1)![0]), value.get(2)![0]]);
  });
  const lines = readFileSync(join(out, 'log.jsonl'), 'utf8').trimEnd().split('\n').slice(1);
  const expected = lines.flatMap((line) => {
    const { kind, epoch, step, ...figures } = JSON.parse(line);
    const rows: [string, number][] =
      kind === 'step'
        ? [
            ['train/batch-loss', figures.batchLoss],
            ['learning-rate', figures.learningRate],
          ]
        : [
            ['train/loss', figures.trainLoss],
            ['train/accuracy', figures.trainAccuracy],
            ['validation/loss', figures.valLoss],
            ['validation/accuracy', figures.valAccuracy],
          ];
    const place = (epoch - 1) * steps + (step ?? steps);
    return rows.map(([name, figure]) => [place, name, Math.fround(figure)]);
  });
  expect(scalars).toEqual(expected);
});

test('event files are refused where nothing is trained', async () => {
  const { exitCode, stderr } = await run(['train', '--find-lr', '--tensorboard']);
  expect(exitCode).not.toBe(0);
  expect(stderr).toContain("'--tensorboard' cannot be used with");
});
