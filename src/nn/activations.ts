/** Activation functions as layers: each is the function of the same name, element by element, on any shape. */
import { gelu, leakyRelu, relu, silu, softplus } from '../ops/activations.ts';
import { sigmoid, tanh } from '../ops/elementwise.ts';
import { requireNumber } from '../options.ts';
import { Activation, type JsonValue } from './layer.ts';

/** max(x, 0) */
export class ReLU extends Activation {
  constructor() {
    super('relu', relu);
  }
}

/** x where positive, `slope`·x where negative. Default slope 0.01. */
export class LeakyReLU extends Activation {
  /** The factor where x is negative. */
  readonly slope: number;

  /** @throws OptionError unless `slope` is a finite number */
  constructor(slope = 0.01) {
    requireNumber('LeakyReLU', 'slope', slope, 'a number');
    super('leakyRelu', (x) => leakyRelu(x, slope));
    this.slope = slope;
  }

  override config(): readonly JsonValue[] {
    return [this.slope];
  }
}

/** x·Φ(x), exactly (by erf). */
export class GELU extends Activation {
  constructor() {
    super('gelu', gelu);
  }
}

/** x·sigmoid(x), also called swish. */
export class SiLU extends Activation {
  constructor() {
    super('silu', silu);
  }
}

/** tanh(x) */
export class Tanh extends Activation {
  constructor() {
    super('tanh', tanh);
  }
}

/** 1 / (1 + exp(-x)) */
export class Sigmoid extends Activation {
  constructor() {
    super('sigmoid', sigmoid);
  }
}

/** log(1 + exp(x)) */
export class Softplus extends Activation {
  constructor() {
    super('softplus', softplus);
  }
}
