/**
 * Event files, which TensorBoard reads: records of TFRecord, each an Event in protobuf. The numbers of fields are those of
 * tensorboard/compat/proto/event.proto and summary.proto.
 */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { PbfWriter } from 'pbf';
import type { TrainingState } from '../train/index.ts';
import { GrowingFile } from './growing-file.ts';
import type { RunFolder } from './run-folder.ts';
import { EVENTS_FOLDER, type TrainingLog } from './run-log.ts';

/** Names and figures at one step. */
type Scalars = Readonly<Record<string, number>>;

/**
 * A further event file for a training. TensorBoard takes all files of a folder as one, and drops the events of what the process
 * before made after the checkpoint, which this one makes again.
 *
 * @param resume where the training goes on
 */
export function openEvents(folder: RunFolder, resume: TrainingState | undefined): TrainingLog {
  let steps = resume?.plan.steps ?? 0;
  const now = Date.now() / 1000;
  const name = `events.out.tfevents.${Math.floor(now)}.${hostname()}.${process.pid}`;
  const version = record((event) => {
    event.writeDoubleField(1, now);
    event.writeStringField(3, 'brain.Event:2');
  });
  const earlier = resume ? [restart(now, (resume.epoch - 1) * steps + resume.step + 1)] : [];
  const file = new GrowingFile(folder, join(EVENTS_FOLDER, name), version, earlier);
  return {
    step: (report) => {
      steps = report.steps;
      const { batchLoss, learningRate } = report;
      const scalars = { 'train/batch-loss': batchLoss, 'learning-rate': learningRate };
      return file.add(summary((report.epoch - 1) * steps + report.step, scalars));
    },
    epoch: ({ epoch, trainLoss, trainAccuracy, valLoss, valAccuracy }) => {
      const trained = { 'train/loss': trainLoss, 'train/accuracy': trainAccuracy };
      // A validation set is given.
      const validated = { 'validation/loss': valLoss!, 'validation/accuracy': valAccuracy! };
      return file.add(summary(epoch * steps, { ...trained, ...validated }));
    },
    save: () => file.save(),
  };
}

/** A record that says that what another process told of this step and those after it is void. */
function restart(time: number, step: number): Uint8Array {
  return record((event) => {
    event.writeDoubleField(1, time);
    event.writeVarintField(2, step);
    // A SessionLog with the status START.
    event.writeMessage(7, (status, log) => log.writeVarintField(1, status), 1);
  });
}

function summary(step: number, scalars: Scalars): Uint8Array {
  return record((event) => {
    event.writeDoubleField(1, Date.now() / 1000);
    event.writeVarintField(2, step);
    event.writeMessage(5, writeSummary, scalars);
  });
}

function writeSummary(scalars: Scalars, summary: PbfWriter): void {
  for (const entry of Object.entries(scalars)) summary.writeMessage(1, writeValue, entry);
}

function writeValue([tag, figure]: [string, number], value: PbfWriter): void {
  value.writeStringField(1, tag);
  value.writeFloatField(2, figure);
}

/** An event as a record: its length in 8 bytes, the checksum of these, the event, and its checksum. */
function record(write: (event: PbfWriter) => void): Uint8Array {
  const writer = new PbfWriter();
  write(writer);
  const event = writer.finish();
  const bytes = new Uint8Array(event.length + 16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, event.length, true);
  view.setUint32(8, masked(crc32c(bytes.subarray(0, 8))), true);
  bytes.set(event, 12);
  view.setUint32(12 + event.length, masked(crc32c(event)), true);
  return bytes;
}

/** The polynomial of Castagnoli, its bits in reverse. */
const polynomial = 0x82f63b78;

/** The cyclic redundancy check of Castagnoli, as SSE 4.2 and iSCSI (RFC 3720) have it. */
export function crc32c(bytes: Uint8Array): number {
  let rest = 0xffffffff;
  for (const byte of bytes) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest & 1 ? polynomial : 0);
  }
  return ~rest >>> 0;
}

/** As TFRecord stores it: the checksum of what holds its own checksum would say nothing. */
function masked(checksum: number): number {
  return (((checksum >>> 15) | (checksum << 17)) + 0xa282ead8) >>> 0;
}
