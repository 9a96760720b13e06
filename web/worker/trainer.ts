/** Starts, pauses and restarts the training of a model, on the device that was chosen. */
import { deviceInfo, type ImageDataset, setDevice } from '../../src/index.ts';
import type { DeviceChoice, Phase, Report, Sample, Settings, TrainingFacts } from '../protocol.ts';
import { failureOf } from './failure.ts';
import { giveWay } from './give-way.ts';
import { Meter } from './meter.ts';
import { Network } from './network.ts';
import { fits, type LearningData, samplesOf } from './pictures.ts';
import { Session } from './session.ts';

/** Each choice as weft takes it. */
const devices: Readonly<Record<DeviceChoice, () => Promise<void>>> = {
  wasm: async () => setDevice('wasm'),
  cpu: async () => setDevice('cpu'),
  auto: () => setDevice('auto'),
  gpu: () => setDevice('gpu'),
  'gpu:webgpu': () => setDevice('gpu', { backend: 'webgpu' }),
  'gpu:webgl2': () => setDevice('gpu', { backend: 'webgl2' }),
};

/** Longest time without reading messages, in milliseconds, where steps are shorter. */
const longestStretch = 25;
/** Most pictures that are shown of one kind of mistake. */
const mostExamples = 60;

export class Trainer {
  readonly #report: (report: Report) => void;
  readonly #digits: LearningData;
  #network: Network;
  #session: Session | undefined;
  #device: DeviceChoice = 'wasm';
  #wanted = false;
  /** The training that runs, or the last one. */
  #run: Promise<void> = Promise.resolve();
  /** What each test image was taken for, lately. */
  #predictions: Int32Array | undefined;

  constructor(digits: LearningData, settings: Settings, report: (report: Report) => void) {
    this.#report = report;
    this.#digits = digits;
    this.#network = Network.forData(digits, settings);
    this.#session = new Session(this.#network, digits, settings);
    this.#tellModel();
  }

  get network(): Network {
    return this.#network;
  }

  get session(): Session | undefined {
    return this.#session;
  }

  /** What the model can be tested with. */
  get test(): ImageDataset | undefined {
    if (this.#session !== undefined) return this.#session.data.test;
    const { classNames, inputShape } = this.#network;
    return fits(this.#digits, classNames, inputShape) ? this.#digits.test : undefined;
  }

  /**
   * A saved model in place of this one.
   *
   * @param training what it was trained with; then its test is known as well
   */
  async open(
    bytes: Uint8Array<ArrayBuffer>,
    name: string,
    training: TrainingFacts | undefined,
  ): Promise<void> {
    await this.#stopped();
    // One that cannot be opened leaves everything as it is.
    this.#network = await Network.open(bytes, name);
    this.#session = undefined;
    this.#predictions = undefined;
    this.#report({ kind: 'model', ...this.#network.facts, training });
    if (training === undefined) await this.#measure(0);
    this.#enter('done');
    this.#report({ kind: 'weights', bytes });
  }

  /** Starts from new weights. */
  async start(data: LearningData, settings: Settings): Promise<void> {
    await this.renew(data, settings);
    await this.resume();
  }

  /** New weights, untrained. */
  async renew(data: LearningData, settings: Settings): Promise<void> {
    await this.#stopped();
    this.#network = Network.forData(data, settings);
    this.#session = new Session(this.#network, data, settings);
    this.#predictions = undefined;
    this.#tellModel();
    this.#enter('idle');
  }

  /** Begins, or goes on. */
  async resume(): Promise<void> {
    await this.#stopped();
    if (this.#session === undefined || this.#session.finished) return;
    this.#enter('training');
    this.#wanted = true;
    this.#run = this.#train(this.#session);
  }

  /** Stops after the step that runs. */
  pause(): void {
    this.#wanted = false;
  }

  /** Computes on another device from here on. One that is not there leaves everything as it is. */
  async use(choice: DeviceChoice): Promise<void> {
    try {
      await devices[choice]();
      this.#device = choice;
    } catch (error) {
      const cure = 'Choose another device.';
      this.#report({ kind: 'failed', failure: failureOf(error, `Switching to ${choice}`, cure) });
    }
    this.#report({ kind: 'device', choice: this.#device, info: deviceInfo() });
  }

  /** Test images of a class that were taken for another, or for itself. */
  async examples(actual: number, predicted: number): Promise<readonly Sample[]> {
    const test = this.test;
    if (test === undefined) return [];
    this.#predictions ??= (await this.#network.test(test)).predictions;
    const predictions = this.#predictions;
    const found = [...predictions.keys()].filter(
      (index) => test.labels[index] === actual && predictions[index] === predicted,
    );
    return samplesOf(test, found.slice(0, mostExamples));
  }

  #enter(phase: Phase): void {
    this.#report({ kind: 'phase', phase });
  }

  #tellModel(): void {
    const session = this.#session;
    const training = session && {
      settings: session.settings,
      data: session.data.choice,
      train: session.data.train.labels.length,
      test: session.data.test.labels.length,
    };
    this.#report({ kind: 'model', ...this.#network.facts, training });
  }

  async #stopped(): Promise<void> {
    this.#wanted = false;
    await this.#run;
  }

  async #train(session: Session): Promise<void> {
    try {
      await this.#steps(session);
      this.#enter(session.finished ? 'done' : 'paused');
    } catch (error) {
      const cure = 'The weights are kept: choose another device, then resume.';
      this.#await(undefined);
      this.#report({ kind: 'failed', failure: failureOf(error, `Training on ${deviceInfo().name}`, cure) });
      this.#enter('paused');
    }
  }

  async #steps(session: Session): Promise<void> {
    const meter = new Meter();
    let lastPause = performance.now();
    this.#await('Compiling the training step');
    // Else the message would wait for the step that it announces.
    await giveWay();
    while (this.#wanted && !session.finished) {
      const started = performance.now();
      const figures = await session.step();
      meter.add(figures, performance.now() - started);
      if (meter.due || session.atEpochEnd) this.#tell(session, meter);
      if (session.atEpochEnd) await this.#keep(session);
      if (performance.now() - lastPause < longestStretch) continue;
      await giveWay();
      lastPause = performance.now();
    }
    if (!session.atEpochEnd) await this.#keep(session);
    this.#await(undefined);
  }

  /** Tests the model as it is now and hands it out: figures and weights belong together. */
  async #keep(session: Session): Promise<void> {
    await this.#measure(session.position);
    this.#report({ kind: 'weights', bytes: await this.#network.save() });
  }

  async #measure(epoch: number): Promise<void> {
    const test = this.test;
    if (test === undefined) return;
    this.#await('Testing');
    const { figures, predictions } = await this.#network.test(test);
    this.#predictions = predictions;
    this.#report({ kind: 'tested', epoch, ...figures });
    this.#await(undefined);
  }

  #tell({ position }: Session, meter: Meter): void {
    this.#report({ kind: 'progress', epoch: position, info: deviceInfo(), ...meter.read() });
    this.#await(undefined);
  }

  #await(what: string | undefined): void {
    this.#report({ kind: 'awaiting', what });
  }
}
