/** Starts, pauses and restarts a session, on the device that was chosen. */
import { deviceInfo, setDevice } from '../../src/index.ts';
import type { DeviceChoice, Phase, Report } from '../protocol.ts';
import type { Digits } from './digits.ts';
import { failureOf } from './failure.ts';
import { giveWay } from './give-way.ts';
import { Meter } from './meter.ts';
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

export class Trainer {
  readonly #digits: Digits;
  readonly #report: (report: Report) => void;
  #session: Session;
  #phase: Phase = 'idle';
  #device: DeviceChoice = 'wasm';
  #wanted = false;
  /** The training that runs, or the last one. */
  #run: Promise<void> = Promise.resolve();

  constructor(digits: Digits, report: (report: Report) => void) {
    this.#digits = digits;
    this.#report = report;
    this.#session = new Session(digits);
  }

  get session(): Session {
    return this.#session;
  }

  /** Starts, or goes on. */
  async train(epochs: number): Promise<void> {
    await this.#stopped();
    if (this.#session.finished) return;
    if (this.#phase === 'idle') this.#session.begin(epochs);
    this.#enter('training');
    this.#wanted = true;
    this.#run = this.#train();
  }

  /** Stops after the step that runs. */
  pause(): void {
    this.#wanted = false;
  }

  async reset(): Promise<void> {
    await this.#stopped();
    this.#session = new Session(this.#digits);
    this.#report({ kind: 'fresh' });
    this.#enter('idle');
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

  #enter(phase: Phase): void {
    this.#phase = phase;
    this.#report({ kind: 'phase', phase });
  }

  async #stopped(): Promise<void> {
    this.#wanted = false;
    await this.#run;
  }

  async #train(): Promise<void> {
    try {
      await this.#steps();
      this.#enter(this.#session.finished ? 'done' : 'paused');
    } catch (error) {
      const cure = 'The weights are kept: choose another device, then resume.';
      this.#report({
        kind: 'failed',
        failure: failureOf(error, `Training on ${deviceInfo().name}`, cure),
      });
      this.#enter('paused');
    }
  }

  async #steps(): Promise<void> {
    const session = this.#session;
    const meter = new Meter();
    let lastPause = performance.now();
    while (this.#wanted && !session.finished) {
      const started = performance.now();
      const figures = await session.step();
      meter.add(figures, performance.now() - started);
      if (meter.due || session.atEpochEnd) this.#tell(session, meter);
      if (session.atEpochEnd) this.#report({ kind: 'tested', ...(await session.test()) });
      if (performance.now() - lastPause < longestStretch) continue;
      await giveWay();
      lastPause = performance.now();
    }
  }

  #tell({ position, epochs }: Session, meter: Meter): void {
    this.#report({ kind: 'progress', epoch: position, epochs, info: deviceInfo(), ...meter.read() });
  }
}
