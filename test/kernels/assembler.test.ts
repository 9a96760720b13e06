/** The assembler alone: each instruction against what the specification says it does, and the shape of control flow. */

import { describe, expect, it } from 'vitest';
import { signed, unsigned } from '../../kernels/support/wasm/assembler/binary.ts';
import {
  call,
  callFor,
  type FunctionBuilder,
  f32,
  f32x4,
  i32,
  i32x4,
  type Local,
  ModuleBuilder,
  multiplyAdd,
  select,
  v128,
} from '../../kernels/support/wasm/assembler/index.ts';
import { WebAssembly } from '../../src/devices/wasm/webassembly.ts';
import { hasRelaxedSimd, targets } from './support/wasm.ts';

/** Runs a function of integers. */
function run(
  write: (f: FunctionBuilder, a: Local<'i32'>, b: Local<'i32'>) => void,
  a = 0,
  b = 0,
  words = new Int32Array(0),
): { result: number; words: Int32Array } {
  const module = new ModuleBuilder({ shared: false, initialPages: 1, maximumPages: 1 });
  module.function({ exportAs: 'run', parameters: { a: 'i32', b: 'i32' }, result: 'i32' }, (f, parameters) =>
    write(f, parameters.a, parameters.b),
  );
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const view = new Int32Array(memory.buffer, 0, 64);
  view.set(words);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { weft: { memory } });
  const result = (instance.exports['run'] as (a: number, b: number) => number)(a, b);
  return { result, words: view.slice() };
}

describe('encoding', () => {
  it.each([
    [0, [0]],
    [127, [127]],
    [128, [0x80, 1]],
    [624485, [0xe5, 0x8e, 0x26]],
    [2 ** 32 - 1, [0xff, 0xff, 0xff, 0xff, 0x0f]],
  ])('writes %i unsigned', (value, bytes) => expect(unsigned(value)).toEqual(bytes));

  it.each([
    [0, [0]],
    [63, [63]],
    [64, [0xc0, 0]],
    [-1, [0x7f]],
    [-64, [0x40]],
    [-123456, [0xc0, 0xbb, 0x78]],
    [2 ** 31, [0x80, 0x80, 0x80, 0x80, 0x78]],
  ])('writes %i signed', (value, bytes) => expect(signed(value)).toEqual(bytes));
});

describe('expressions', () => {
  it('fold index arithmetic of constants', () => {
    expect(i32.add(i32.multiply(3, 4), 5).constant).toBe(17);
    expect(i32.multiply(1, i32.constant(7)).constant).toBe(7);
  });

  it.each([
    ['minimum', i32.minimum, -5],
    ['maximum', i32.maximum, 3],
  ] as const)('%s of signed integers', (_, operator, expected) => {
    expect(run((f, a, b) => f.return(operator(a, b)), -5, 3).result).toBe(expected);
  });

  it('select by a condition', () => {
    expect(run((f, a, b) => f.return(select(a, b, i32.less(a, b))), 9, 4).result).toBe(4);
  });

  it('load and store with an offset', () => {
    const { words } = run(
      (f, a) => {
        f.do(i32.store(a, i32.add(i32.load(a, 4), 1), 8));
        f.return(i32.constant(0));
      },
      0,
      0,
      Int32Array.of(0, 41),
    );
    expect(words[2]).toBe(42);
  });
});

describe('control flow', () => {
  const sumOf =
    (from: number | 'a', to: number | 'b', step: number) =>
    (f: FunctionBuilder, a: Local<'i32'>, b: Local<'i32'>) => {
      const sum = f.local('i32');
      f.for(from === 'a' ? a : from, to === 'b' ? b : to, step, (index) => f.increase(sum, index));
      f.return(sum);
    };

  it.each([
    [0, 5, 1, 10],
    [0, 5, 2, 6],
    [4, 5, 1, 4],
    [5, 5, 1, 0],
    [6, 5, 1, 0],
    [-3, 0, 1, -6],
  ])('for from %i to %i by %i adds up to %i, constant or not', (from, to, step, expected) => {
    expect(run(sumOf(from, to, step)).result).toBe(expected);
    expect(run(sumOf('a', 'b', step), from, to).result).toBe(expected);
  });

  it('leaves the right one of nested blocks', () => {
    const { result } = run((f, a) => {
      const steps = f.local('i32');
      f.block((outer) => {
        f.forever(() => {
          f.block((inner) => {
            f.increase(steps, 1);
            f.if(i32.equal(steps, a), () => f.exit(outer));
            f.exitIf(inner, i32.less(steps, 3));
            f.increase(steps, 10);
          });
        });
      });
      f.return(steps);
    }, 14);
    expect(result).toBe(14);
  });

  it('hoists constants out of loops, each once', () => {
    const { result } = run((f) => {
      const sum = f.local('i32');
      f.for(0, 4, 1, () => {
        expect(f.hoist(i32.constant(5)).index).toBe(f.hoist(i32.constant(5)).index);
        f.increase(sum, f.hoist(i32.constant(5)));
      });
      f.return(sum);
    });
    expect(result).toBe(20);
  });

  it('takes both branches of if', () => {
    const write = (f: FunctionBuilder, a: Local<'i32'>) => {
      const result = f.local('i32');
      f.if(
        a,
        () => f.setInteger(result, 1),
        () => f.setInteger(result, 2),
      );
      f.return(result);
    };
    expect([run(write, 7).result, run(write, 0).result]).toEqual([1, 2]);
  });

  it('calls functions for a result and for their effect', () => {
    const module = new ModuleBuilder({ shared: false, initialPages: 1, maximumPages: 1 });
    const twice = module.function({ parameters: { x: 'i32' }, result: 'i32' }, (f, { x }) =>
      f.return(i32.add(x, x)),
    );
    const keep = module.function({ parameters: { x: 'i32' }, result: undefined }, (f, { x }) =>
      f.do(i32.store(0, callFor(twice, x))),
    );
    module.function({ exportAs: 'run', parameters: {}, result: undefined }, (f) =>
      f.do(call(keep, i32.constant(21))),
    );
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), {
      weft: { memory },
    });
    (exports['run'] as () => void)();
    expect(new Int32Array(memory.buffer)[0]).toBe(42);
  });
});

describe.each(targets)('vectors, relaxed $relaxedSimd', (target) => {
  it('multiply and add', () => {
    const { words } = run(
      (f, a) => {
        const loaded = f.keep(f32x4.convert(v128.load(a)));
        f.do(v128.store(a, i32x4.truncate(multiplyAdd(target, loaded, loaded, f32x4.splat(0.5)))));
        f.return(i32.constant(0));
      },
      0,
      0,
      Int32Array.of(1, 2, 3, -4),
    );
    expect([...words.subarray(0, 4)]).toEqual([1, 4, 9, 16]);
  });
});

it('says whether the engine has relaxed SIMD', () => {
  const module = new ModuleBuilder({ shared: false, initialPages: 1, maximumPages: 1 });
  module.function({ parameters: {}, result: undefined }, (f) => {
    f.drop(f32x4.relaxedMultiplyAdd(f32x4.splat(f32.constant(1)), f32x4.splat(1), f32x4.splat(1)));
  });
  expect(WebAssembly.validate(module.encode())).toBe(hasRelaxedSimd);
});
