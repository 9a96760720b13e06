/** The mode of a layer is part of the call: it holds while a graph is built, and what is captured notices it. */
import { describe, expect, it, vi } from 'vitest';
import {
  compile,
  Dropout,
  inMode,
  Module,
  OptionError,
  ones,
  Parameter,
  Sequential,
  seed,
  type Tensor,
} from '../../src/index.ts';
import { trace } from '../../src/tensor/recorder.ts';
import { errorOf } from './support.ts';

/** Says how it was called. */
class Spy extends Module {
  seen: boolean[] = [];
  forward(x: Tensor): Tensor {
    this.seen.push(this.training);
    return x;
  }
}

describe('inMode', () => {
  it('holds for all layers of the model while the body runs, and changes none of them', () => {
    const [inner, other] = [new Spy(), new Spy()];
    const model = new Sequential({ outer: new Sequential({ inner }) });
    inner.training = false;
    inMode(model, 'train', () => {
      model.call(ones([1]));
      other.eval().call(ones([1]));
      inMode(model, 'eval', () => model.call(ones([1])));
      model.call(ones([1]));
    });
    model.call(ones([1]));
    expect(inner.seen).toEqual([true, false, true, false]);
    expect(other.seen).toEqual([false]);
    expect([model.training, inner.training]).toEqual([true, false]);
  });

  it('ends when the body throws', () => {
    const spy = new Spy();
    expect(() =>
      inMode(spy, 'eval', () => {
        throw new Error('stop');
      }),
    ).toThrow('stop');
    expect(spy.training).toBe(true);
  });

  it('reaches layers that are made while it holds', () => {
    class Late extends Module {
      spy: Spy | undefined;
      forward(x: Tensor): Tensor {
        this.spy ??= new Spy();
        return this.spy.call(x);
      }
    }
    const model = new Late();
    inMode(model, 'eval', () => model.call(ones([1])));
    expect(model.spy?.seen).toEqual([false]);
  });

  it('reaches classes that declare their mode as a field', () => {
    const spy = new Spy();
    Object.defineProperty(spy, 'training', { value: false, writable: true, configurable: true });
    spy.call(ones([1]));
    inMode(spy, 'train', () => spy.call(ones([1])));
    spy.train().call(ones([1]));
    expect(spy.seen).toEqual([false, true, true]);
  });

  it('what was built is awaited afterwards', async () => {
    const drop = new Dropout(0.5);
    const kept = inMode(drop, 'eval', () => drop.call(ones([64])));
    seed(0);
    const dropped = drop.call(ones([64]));
    expect(await kept.sum().item()).toBe(64);
    expect(new Set(await dropped.data())).toEqual(new Set([0, 2]));
  });

  it('refuses what waits, and modes that are none', () => {
    const model = new Spy();
    const rejected = vi.fn();
    process.on('unhandledRejection', rejected);
    const error = errorOf(() => inMode(model, 'eval', () => Promise.reject(new Error('later'))));
    expect(error).toBeInstanceOf(OptionError);
    expect(error.message).toContain('a function that returns a promise');
    // @ts-expect-error what JavaScript may pass
    expect(errorOf(() => inMode(model, 'test', () => 1)).message).toContain("one of 'train', 'eval'");
    // @ts-expect-error what JavaScript may pass
    expect(errorOf(() => inMode(model, 'eval', 5)).message).toContain('body 5');
    process.off('unhandledRejection', rejected);
    expect(rejected).not.toHaveBeenCalled();
    expect(model.training).toBe(true);
  });

  it('training is true or false', () => {
    // @ts-expect-error what JavaScript may pass
    expect(errorOf(() => (new Spy().training = 'yes')).message).toContain('true or false');
  });
});

describe('what a captured function notices', () => {
  it('makes it follow the mode, and what is trained', async () => {
    let captures = 0;
    const drop = new Dropout(0.5);
    const parameter = new Parameter(ones([64]));
    const step = compile((x: Tensor) => {
      captures++;
      const y = drop.call(x.mul(parameter));
      y.sum().backward();
      return y.sum();
    });
    const run = async () => (await step(ones([64]))).item();
    expect(await run()).not.toBe(64);
    drop.eval();
    expect([await run(), await run()]).toEqual([64, 64]);
    drop.train();
    expect(await run()).not.toBe(64);
    expect(captures).toBe(2);
    parameter.trainable = false;
    await expect(run()).rejects.toThrow(/no trainable parameter/);
  });

  it('is not the mode that it sets itself', async () => {
    let captures = 0;
    const drop = new Dropout(0.5);
    const run = compile((x: Tensor) => {
      captures++;
      drop.eval();
      const y = drop.call(x).sum();
      drop.train();
      return y;
    });
    for (let call = 0; call < 3; call++) expect(await (await run(ones([64]))).item()).toBe(64);
    expect(captures).toBe(1);
  });

  it('is the mode of each layer that read it, by one function for each', async () => {
    const [first, second] = [new Spy(), new Spy()];
    const body = () => {
      first.call(second.call(first.call(ones([1]))));
      return ones([1]);
    };
    second.eval();
    const { noticed } = (await trace(body, (result) => result)).recorded;
    expect([...noticed.values()].sort()).toEqual([false, true]);
    const again = (await trace(body, (result) => result)).recorded.noticed;
    expect([...again.keys()]).toEqual([...noticed.keys()]);
    first.eval();
    expect([...noticed].filter(([read, found]) => read() !== found).length).toBe(1);
  });

  it('is nothing where the function chose the mode itself, nor where there is none', async () => {
    const spy = new Spy();
    const chosen = await trace(
      () => inMode(spy, 'train', () => spy.call(ones([1]))),
      (result) => result,
    );
    expect(chosen.recorded.noticed.size).toBe(0);
    const none = await trace(
      () => new Dropout(0).call(ones([1])),
      (result) => result,
    );
    expect(none.recorded.noticed.size).toBe(0);
  });

  it('is the mode that was held around it', () => {
    const spy = new Spy();
    let read: (() => unknown) | undefined;
    inMode(spy, 'eval', () => {
      void trace(
        () => spy.call(ones([1])),
        (result) => result,
      );
      read = () => spy.training;
      expect(read()).toBe(false);
    });
    expect(spy.seen).toEqual([false]);
    expect(read?.()).toBe(true);
  });
});
