/** Layers and variables that are kept where nobody finds them are an error; layers that have an owner, or nothing to lose, are not. */
import { describe, expect, it } from 'vitest';
import {
  Activation,
  Adam,
  Dense,
  Dropout,
  fit,
  inMode,
  ModelConfigError,
  Module,
  ones,
  Parameter,
  ReLU,
  Sequential,
  saveModel,
  type Tensor,
  zeros,
} from '../../src/index.ts';
import { temporaryFolder } from '../support/datasets.ts';
import { stripes } from '../train/support.ts';
import { errorOf } from './support.ts';

const closed = new Dense(2, 2);

const hiding: Record<string, Module> = {
  'a #private field': new (class Net extends Module {
    readonly #body = new Dense(2, 2);
    forward(x: Tensor): Tensor {
      return this.#body.call(x);
    }
  })(),
  'a Map': new (class Net extends Module {
    readonly layers = new Map([['body', new Dense(2, 2)]]);
    forward(x: Tensor): Tensor {
      return this.layers.get('body')!.call(x);
    }
  })(),
  'a Set': new (class Net extends Module {
    readonly layers = new Set([new Dense(2, 2)]);
    forward(x: Tensor): Tensor {
      return [...this.layers].reduce((value, layer) => layer.call(value), x);
    }
  })(),
  'a closure': new (class Net extends Module {
    forward(x: Tensor): Tensor {
      return closed.call(x);
    }
  })(),
  'a function of an activation': new Sequential({ net: new Activation('net', (x) => closed.call(x)) }),
  'a container made in forward': new (class Net extends Module {
    readonly #body = new Dense(2, 2);
    forward(x: Tensor): Tensor {
      return new Sequential([this.#body]).call(x);
    }
  })(),
};

describe('layers that are not found', () => {
  it.each(Object.entries(hiding))('in %s: an error at the first call', (_, model) => {
    const error = errorOf(() => model.call(ones([1, 2])));
    expect(error).toBeInstanceOf(ModelConfigError);
    expect(error.message).toMatch(/a call of a (dense|sequential) with variables.*in a property/);
  });

  it('without variables, an error where it depends on the mode', () => {
    class Net extends Module {
      readonly #drop = new Dropout(0.5);
      forward(x: Tensor): Tensor {
        return new Sequential([this.#drop]).call(x);
      }
    }
    const error = errorOf(() => inMode(new Net(), 'eval', () => new Net().call(ones([1, 2]))));
    expect(error).toBeInstanceOf(ModelConfigError);
    expect(error.message).toContain('that depends on the mode');
  });
});

describe('layers that are found, or have nothing to lose', () => {
  it('shared with a part that calls it, and owned by another, or above', () => {
    class Decoder extends Module {
      readonly #shared: Dense;
      constructor(shared: Dense) {
        super();
        this.#shared = shared;
      }
      forward(x: Tensor): Tensor {
        return this.#shared.call(x);
      }
    }
    const embed = new Dense(2, 2);
    const paths: string[] = [];
    class Seen extends Dense {
      override forward(x: Tensor): Tensor {
        paths.push(this.describe());
        return super.forward(x);
      }
    }
    const seen = new Seen(2, 2);
    const model = new Sequential({
      encoder: new Sequential({ embed, seen }),
      decoder: new Decoder(embed),
      other: new Decoder(seen),
    });
    expect(model.call(ones([1, 2])).shape).toEqual([1, 2]);
    expect(paths).toEqual(['dense "encoder.seen"', 'dense "encoder.seen"']);
  });

  it('made in forward, without variables', () => {
    class Net extends Module {
      forward(x: Tensor): Tensor {
        return new Sequential([new ReLU(), new ReLU()]).call(x);
      }
    }
    expect(new Sequential([new Net()]).call(ones([1, 2])).shape).toEqual([1, 2]);
  });

  it('that know what they are part of', () => {
    class Part extends Module {
      whole: Module | undefined;
      readonly options: Record<string, unknown> = {};
      readonly dense = new Dense(2, 2);
      forward(x: Tensor): Tensor {
        return this.dense.call(x);
      }
    }
    const part = new Part();
    const model = new Sequential({ part });
    part.whole = model;
    part.options.self = part.options;
    expect(model.namedModules().map(([path]) => path)).toEqual(['', 'part', 'part.dense']);
    expect(model.parameters().length).toBe(2);
    expect(model.eval().call(ones([1, 2])).shape).toEqual([1, 2]);
  });
});

describe('variables that are not found', () => {
  class Scaled extends Module {
    readonly head = new Dense(36, 3);
    readonly #scale: Parameter;
    constructor(scale = new Parameter(ones([3]), 'scale')) {
      super();
      this.#scale = scale;
    }
    config() {
      return [];
    }
    forward(x: Tensor): Tensor {
      return this.head.call(x.reshape([-1, 36])).mul(this.#scale);
    }
  }

  it('are refused by fit before anything is changed, unless the optimizer has them', async () => {
    const model = new Scaled();
    const before = await model.stateDict();
    const options = { epochs: 1, optimizer: new Adam(model.parameters()) };
    await expect(fit(model, stripes(8), options)).rejects.toThrow(ModelConfigError);
    await expect(fit(model, stripes(8), options)).rejects.toThrow(/scores that come from "scale"/);
    expect(await model.stateDict()).toEqual(before);
    const scale = new Parameter(zeros([3]), 'scale');
    const known = new Scaled(scale);
    const optimizer = new Adam([...known.parameters(), scale]);
    expect((await fit(known, stripes(8), { epochs: 1, optimizer })).epochs.length).toBe(1);
  });

  it('are refused by saveModel', async () => {
    const saved = { model: new Scaled(), name: 'x', classNames: ['a', 'b', 'c'] };
    await expect(
      saveModel(temporaryFolder(), { ...saved, inputShape: [6, 6, 1] }, { Scaled }),
    ).rejects.toThrow(ModelConfigError);
  });
});
