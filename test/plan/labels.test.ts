/** Models of one structure share a plan: what is said of a run names the layers of the model that runs. */
import { afterEach, describe, expect, it } from 'vitest';
import {
  Activation,
  compile,
  Embedding,
  explain,
  findNonFinite,
  log,
  Sequential,
  setDevice,
  type Tensor,
  tensor,
} from '../../src/index.ts';

const names = ['first', 'second', 'third'];
const outside = tensor([1, 4], { dtype: 'int32' });

/** A model whose one layer has this name. */
function modelWith(name: string): Sequential {
  return new Sequential({ [name]: new Embedding(4, 3) });
}

afterEach(() => setDevice('wasm'));

describe.each(['cpu', 'wasm'] as const)('on %s', (device) => {
  it('an index out of range is reported by the layer of its model', async () => {
    setDevice(device);
    for (const name of names) {
      await expect(modelWith(name).call(outside).data()).rejects.toThrow(`${name}: gather`);
    }
  });

  it('and so it is in compiled functions, every time', async () => {
    setDevice(device);
    const functions = names.map((name) => {
      const model = modelWith(name);
      return compile((x: Tensor) => model.call(x));
    });
    for (let repeat = 0; repeat < 2; repeat++) {
      for (const [at, name] of names.entries()) {
        await expect(functions[at](outside)).rejects.toThrow(`${name}: gather`);
      }
    }
  });
});

it('plans and findings name it too', async () => {
  for (const name of names) {
    const logarithm = new Activation('log', (value) => log(value.mul(0)));
    const model = new Sequential({ embedding: new Embedding(4, 3), [name]: logarithm });
    const x = tensor([1], { dtype: 'int32' });
    expect(await explain((indices: Tensor) => modelWith(name).call(indices), x)).toContain(`${name}: gather`);
    expect((await findNonFinite(model.call(x)))?.layer).toBe(name);
  }
});
