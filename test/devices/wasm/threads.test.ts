/** Threads: the same bits for any number of them, changed in the middle, and no hindrance to the end of a program. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  Activation,
  Adam,
  Conv2d,
  compile,
  Dense,
  Dropout,
  deviceInfo,
  LSTM,
  MaxPool2d,
  matmul,
  RowsToSequence,
  randint,
  randn,
  relu,
  Sequential,
  seed,
  setDevice,
  softmaxCrossEntropy,
  type Tensor,
} from '../../../src/index.ts';
import { firstDifference } from '../../support/devices.ts';
import { FreshProcesses } from '../../support/fresh-process.ts';

function convLstm(): Sequential {
  return new Sequential({
    conv: new Conv2d(1, 6, 3, { padding: 'same' }),
    relu: new Activation('relu', relu),
    pool: new MaxPool2d(2),
    rows: new RowsToSequence(),
    lstm: new LSTM(8 * 6, 24),
    dropout: new Dropout(0.25),
    head: new Dense(24, 5),
  });
}

/** Waits until so many threads compute: workers start, and get to know plans, while the program goes on. */
async function threadsReached(wanted: number): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (deviceInfo().threads !== wanted) {
    if (Date.now() > deadline) throw new Error(`${deviceInfo().threads} threads, not ${wanted}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 1);
    });
  }
}

/** A product that is worth splitting, so that workers start. */
async function startWorkers(threads: number): Promise<void> {
  await matmul(randn([96, 96]), randn([96, 96])).data();
  await threadsReached(threads);
}

/** Losses and weights of some steps of training with so many threads in each. */
async function train(threadsOfSteps: readonly number[], compiled: boolean): Promise<Float32Array[]> {
  setDevice('wasm', { threads: threadsOfSteps[0] });
  await startWorkers(threadsOfSteps[0]);
  seed(11);
  const model = convLstm();
  const optimizer = new Adam(model.parameters(), { learningRate: 0.01, clipNorm: 1 });
  const body = async (x: Tensor, y: Tensor) => {
    const loss = softmaxCrossEntropy(model.call(x), y);
    loss.backward();
    await optimizer.step();
    return loss;
  };
  const step = compiled ? compile(body) : body;
  const losses: number[] = [];
  for (const threads of threadsOfSteps) {
    setDevice('wasm', { threads });
    const x = randn([24, 16, 16, 1]);
    const y = randint(0, 5, [24]);
    await x.data();
    await y.data();
    losses.push(await (await step(x, y)).item());
    // From the second step on, all of them know the plan.
    await threadsReached(threads);
    expect(deviceInfo()).toMatchObject({ name: 'wasm', threads });
  }
  const weights = await Promise.all(
    model.parameters().map(async (each) => (await each.data()) as Float32Array),
  );
  return [Float32Array.from(losses), ...weights];
}

const steps = 6;
const always = (threads: number): number[] => new Array<number>(steps).fill(threads);

function expectEqualBits(actual: readonly Float32Array[], expected: readonly Float32Array[]): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((array, at) => {
    expect(firstDifference(array, expected[at]), `array ${at}`).toBe(-1);
  });
}

describe.each([true, false])('training, compiled: %s', (compiled) => {
  let alone: Float32Array[] = [];

  beforeAll(async () => {
    alone = await train(always(1), compiled);
  });

  it('learns', () => {
    expect(alone[0].every(Number.isFinite)).toBe(true);
    expect(new Set(alone[0]).size).toBe(steps);
  });

  it.each([2, 3, 8])('gives the same bits with %d threads', async (threads) => {
    expectEqualBits(await train(always(threads), compiled), alone);
  });

  it('gives the same bits while the number of threads changes', async () => {
    expectEqualBits(await train([2, 2, 3, 1, 3, 2], compiled), alone);
  });
});

describe('a program', () => {
  let programs: FreshProcesses;
  beforeAll(async () => {
    programs = await FreshProcesses.create();
  });
  afterAll(() => programs.remove());

  const compute = `
    import { deviceInfo, randn, setDevice } from './weft.js';
    const product = () => randn([200, 200]).matmul(randn([200, 200])).data();
  `;

  /** Imports weft, and computes until so many threads do. */
  const untilThreads = (threads: number) => `
    const { deviceInfo, ones, randn, setDevice } = await import('./weft.js');
    const product = () => ones([200, 200]).matmul(ones([200, 200])).sum().item();
    const nap = () => new Promise((resolve) => setTimeout(resolve, 1));
    const untilThreads = async (wanted) => {
      while (deviceInfo().threads !== wanted) {
        await product();
        await nap();
      }
    };
    setDevice('wasm', { threads: ${threads} });
    await untilThreads(${threads});
  `;

  it('ends by itself although workers wait for work', async () => {
    const ending = await programs.run(`${compute}
      setDevice('wasm', { threads: 3 });
      await product();
      while (deviceInfo().threads !== 3) await new Promise((resolve) => setTimeout(resolve, 1));
      await product();
      console.log(deviceInfo().threads);
    `);
    expect(ending).toEqual({ code: 0, output: '3', errors: '' });
  });

  it('ends by itself right after its first result, while workers start', async () => {
    const ending = await programs.run(`${compute}
      setDevice('wasm', { threads: 4 });
      console.log((await product()).length);
    `);
    expect(ending).toEqual({ code: 0, output: '40000', errors: '' });
  });

  it('ends with its error', async () => {
    const ending = await programs.run(`${compute}
      setDevice('wasm', { threads: 2 });
      await product();
      throw new Error('the end');
    `);
    expect(ending.code).toBe(1);
    expect(ending.errors).toContain('the end');
  });

  it('ends by itself where there is a document', async () => {
    const ending = await programs.run(`
      globalThis.document = {};
      ${untilThreads(3)}
      console.log(deviceInfo().threads);
    `);
    expect(ending).toEqual({ code: 0, output: '3', errors: '' });
  });

  it('takes the number of threads from WEFT_THREADS', async () => {
    const program = `${compute}
      await product();
      const start = Date.now();
      while (deviceInfo().threads !== 3 && Date.now() < start + 20000) await new Promise((go) => setTimeout(go, 1));
      console.log(deviceInfo().threads);
    `;
    expect(await programs.run(program, { WEFT_THREADS: '3' })).toEqual({ code: 0, output: '3', errors: '' });
  });

  it('may say it again itself', async () => {
    const program = `${compute}
      setDevice('wasm', { threads: 1 });
      await product();
      console.log(deviceInfo().threads);
    `;
    expect(await programs.run(program, { WEFT_THREADS: '3' })).toEqual({ code: 0, output: '1', errors: '' });
  });

  it.each(['0', '-1', '2.5', 'many', '65', 'Infinity'])('refuses WEFT_THREADS=%s', async (threads) => {
    const ending = await programs.run(
      `${compute}
      try {
        await product();
      } catch (error) {
        console.log(error.name, error.message);
      }
    `,
      { WEFT_THREADS: threads },
    );
    expect(ending.code).toBe(0);
    expect(ending.output).toMatch(/^OptionError .*WEFT_THREADS: got threads/);
  });

  const right = String(200 ** 3);
  /** Puts another class in the place of Node's Worker. */
  const instead = (body: string) => `
    const threads = process.getBuiltinModule('node:worker_threads');
    const { Worker } = threads;
    threads.Worker = class extends Worker { ${body} };
  `;

  it.each([
    ['at once', "constructor() { throw new Error('no workers today'); }"],
    ['later', 'constructor() { super(\'throw new Error("no workers today")\', { eval: true }); }'],
  ])('goes on with one thread where workers are refused %s, and says so once', async (_, body) => {
    const ending = await programs.run(`
      ${instead(body)}
      ${untilThreads(1)}
      setDevice('wasm', { threads: 3 });
      for (let run = 0; run < 3; run++) {
        console.log(await product(), deviceInfo().threads);
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
    `);
    expect(ending.output.split('\n')).toEqual(new Array(3).fill(`${right} 1`));
    expect(ending.code).toBe(0);
    expect(ending.errors).toMatch(
      /^weft: .* one thread, since a worker could not run: .*no workers today\.$/,
    );
  });

  it.each([
    ['and somebody waits for that', 'await workers[0].terminate(); await product();'],
    ['right before a run', 'workers[1].terminate();'],
    ['right after a run is asked for', 'const run = product(); workers[0].terminate(); await run;'],
    [
      'while all of them are idle, of a message it does not know',
      "workers[0].postMessage('?'); await ones([99, 99]).matmul(ones([99, 99])).data();",
    ],
  ])('goes on when a worker ends %s, and has all its threads again', async (_, end) => {
    const ending = await programs.run(`
      const workers = [];
      process.on('worker', (worker) => workers.push(worker));
      ${untilThreads(3)}
      while (workers.length < 2) await nap();
      ${end}
      console.log(await product());
      while (workers.length < 4) {
        await product();
        await nap();
      }
      await untilThreads(3);
      console.log(await product(), workers.length);
    `);
    expect(ending).toEqual({ code: 0, output: `${right}\n${right} 4`, errors: '' });
  });

  it('throws when a thread fails in the middle of a run, and computes the next one with new threads', async () => {
    const ending = await programs.run(`
      const workers = [];
      process.on('worker', (worker) => workers.push(worker));
      let broken = false;
      ${instead(`
        constructor(url) {
          const source = broken ? url.href.replace('plans.get(word', 'broken.get(word') : url.href;
          super(new URL(source));
          broken = false;
        }
      `)}
      ${untilThreads(2)}
      broken = true;
      setDevice('wasm', { threads: 3 });
      let failed = false;
      while (!failed || deviceInfo().threads !== 3) {
        await product().then(nap, (error) => {
          failed = true;
          console.log(error.name, error.message);
        });
      }
      console.log(await product());
    `);
    const lines = ending.output.split('\n');
    expect(lines[0]).toMatch(
      /^DeviceLostError the wasm device: got a thread that ended in the middle of a run/,
    );
    expect(lines[0]).toContain('No variable was changed');
    expect(lines.slice(1)).toEqual([right]);
    expect(ending.code).toBe(0);
  });

  describe('whose first thread may not wait', () => {
    const mayNotWait = "Atomics.wait = () => { throw new TypeError('Atomics.wait cannot be called here'); };";

    it('computes with all threads, and ends', async () => {
      const ending = await programs.run(`
        ${mayNotWait}
        ${untilThreads(3)}
        console.log(await product(), deviceInfo().threads);
      `);
      expect(ending).toEqual({ code: 0, output: `${right} 3`, errors: '' });
    });

    it('gets an error when a worker ends in the middle of a run, and the next result', async () => {
      const ending = await programs.run(`
        ${mayNotWait}
        const workers = [];
        process.on('worker', (worker) => workers.push(worker));
        ${untilThreads(2)}
        while (workers.length < 2) await nap();
        const run = randn([2000, 2000]).matmul(randn([2000, 2000])).data();
        setTimeout(() => workers[0].terminate(), 100);
        console.log(await run.then(() => 'done', (error) => error.name));
        console.log(await product());
      `);
      expect(ending.code).toBe(0);
      expect(ending.output.split('\n')[1]).toBe(right);
      expect(ending.output.split('\n')[0]).toMatch(/^(done|DeviceLostError)$/);
    });
  });
});
