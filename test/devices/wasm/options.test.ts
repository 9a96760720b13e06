/** The options of the wasm device: what is refused, when they can be set, and what a limit of memory does. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deviceInfo, OptionError, randn, setDevice, tensor } from '../../../src/index.ts';
import { refuses, untyped } from '../../errors/support.ts';
import { hasFusedMultiplyAdd } from '../../support/devices.ts';
import { FreshProcesses } from '../../support/fresh-process.ts';

describe('options of the wasm device', () => {
  it('are refused if they are unknown or out of range', async () => {
    const cases: [options: object, pieces: string[]][] = [
      [{ thread: 2 }, ['unknown option "thread"', 'threads']],
      [{ threads: 0 }, ['threads 0', 'at least 1']],
      [{ threads: 1.5 }, ['threads 1.5']],
      [{ threads: '2' }, ['threads "2"']],
      [{ threads: 65 }, ['threads 65', 'at most 64']],
      [{ memoryLimit: 0 }, ['memoryLimit 0']],
      [{ memoryLimit: 2 ** 31 }, ['memoryLimit 2147483648', '65536 to 2147418112 bytes']],
      [{ memoryLimit: 1000 }, ['memoryLimit 1000', '65536 to']],
      [{ memoryLimit: Number.NaN }, ['memoryLimit NaN']],
      [{ fusedMultiplyAdd: 'yes' }, ['fusedMultiplyAdd "yes"', 'true or false']],
    ];
    for (const [options, pieces] of cases) {
      await refuses(() => setDevice('wasm', untyped(options)), OptionError, "setDevice('wasm')", ...pieces);
    }
    await refuses(
      () => setDevice('cpu', untyped({ threads: 2 })),
      OptionError,
      "setDevice('cpu')",
      'threads',
    );
  });

  it('are no options of the cpu device, which takes none', () => {
    setDevice('cpu');
    expect(deviceInfo()).toMatchObject({ name: 'cpu', threads: 1 });
    setDevice('wasm');
    expect(deviceInfo().name).toBe('wasm');
  });

  it('a limit of memory comes too late once something was computed', async () => {
    setDevice('wasm', { threads: 1 });
    await tensor([1, 2]).add(1).data();
    await refuses(
      () => setDevice('wasm', { memoryLimit: 2 ** 30 }),
      OptionError,
      'after the device was used',
      'Call setDevice first',
    );
  });

  it('say in the description whether multiply-adds are fused', () => {
    setDevice('wasm', { fusedMultiplyAdd: false });
    expect(deviceInfo().description).not.toContain('fused');
    setDevice('wasm');
    expect(deviceInfo().description.includes('fused multiply-add')).toBe(hasFusedMultiplyAdd);
  });

  it.runIf(hasFusedMultiplyAdd)('fused multiply-adds can be chosen for plans that ran before', async () => {
    const [a, b] = [randn([33, 65]), randn([65, 17])];
    await Promise.all([a.data(), b.data()]);
    const product = async (fusedMultiplyAdd: boolean) => {
      setDevice('wasm', { threads: 1, fusedMultiplyAdd });
      return a.matmul(b).data();
    };
    const [apart, fused] = [await product(false), await product(true)];
    expect(fused).not.toEqual(apart);
    expect(await product(false)).toEqual(apart);
    expect(await product(true)).toEqual(fused);
  });
});

describe('a limit of memory', () => {
  let programs: FreshProcesses;
  beforeAll(async () => {
    programs = await FreshProcesses.create();
  });
  afterAll(() => programs.remove());

  it('holds, says so, and leaves everything as it was', async () => {
    const ending = await programs.run(`
      import { memory, ones, Parameter, SGD, setDevice, zeros } from './weft.js';
      setDevice('wasm', { memoryLimit: 4 * 2 ** 20, threads: 1 });
      const parameter = new Parameter(ones([1000]));
      const optimizer = new SGD([parameter], { learningRate: 1 });
      const step = async () => {
        parameter.sum().backward();
        await optimizer.step();
      };
      await step();
      for (let attempt = 0; attempt < 3; attempt++) {
        try {
          await ones([1024, 1024]).add(zeros([1024, 1])).matmul(ones([1024, 1024])).data();
          console.log('it fits');
        } catch (error) {
          console.log(error.name, error.message);
        }
        try {
          await new Parameter(ones([2 ** 21])).data();
          console.log('it fits');
        } catch (error) {
          console.log(error.name, error.message);
        }
      }
      await step();
      const [first] = await parameter.data();
      const [sum] = await ones([256, 512]).matmul(ones([512, 3])).data();
      console.log(first, sum, memory().heapBytes <= 4 * 2 ** 20);
    `);
    expect(ending.errors).toBe('');
    expect(ending.code).toBe(0);
    const lines = ending.output.split('\n');
    expect(lines).toHaveLength(7);
    for (const line of lines.slice(0, 6)) {
      expect(line).toMatch(/^HeapExhaustedError the wasm device, .* at most 4 MiB together.*memoryLimit/);
    }
    expect(lines[0]).toContain('the values of a plan');
    expect(lines[6]).toBe('-1 512 true');
  });
});
