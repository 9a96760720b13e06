/** ConvLSTM2D: an LSTM over sequences of images, whose products are convolutions. */
import { ShapeError } from '../../errors.ts';
import { reshape } from '../../ops/broadcast.ts';
import { type Pair, requirePair } from '../../ops/convolution.ts';
import { add, multiply, sigmoid, tanh } from '../../ops/elementwise.ts';
import { concat, narrow, split, stack } from '../../ops/movement.ts';
import { scan } from '../../ops/scan.ts';
import { requireBoolean, requireKnownOptions, requireNumber, requireOneOf } from '../../options.ts';
import { fill } from '../../tensor/leaves.ts';
import { type Shape, sizeOf } from '../../tensor/shape.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { Parameter } from '../../tensor/variable.ts';
import { requireAxes } from '../checks.ts';
import { Conv2d, type Conv2dLayerOptions } from '../convolution.ts';
import { glorotUniform, orthogonal } from '../initializers.ts';
import { type JsonValue, Layer } from '../layer.ts';
import { refuseTogether } from './gated-layer.ts';
import { type SeenSequence, seenSequence } from './recurrent-input.ts';
import type { LstmState } from './recurrent-steps.ts';

/** Options of `ConvLSTM2D`. */
export interface ConvLstmOptions
  extends Pick<Conv2dLayerOptions, 'stride' | 'padding' | 'dilation' | 'bias'> {
  /** What the bias of the forget gate starts from; the others start from 0. Default 1, as in Keras, and 0 without bias. */
  readonly forgetBias?: number;
  /**
   * Whether the gates see the cell: i and f the one before the step, o the one after it. `[OH, OW]` is Shi's form, with weights for
   * each place of a grid of that size; `true` has the same weights at all places. Default false, as in Keras.
   */
  readonly peepholes?: boolean | readonly [height: number, width: number];
  /** Whether a second set of weights reads from the end; the maps of both are joined. Default false. */
  readonly bidirectional?: boolean;
  /** What `call` returns: the output at the last step [N, OH, OW, D·maps], or at every step [N, T, …]. Default 'last'. */
  readonly output?: 'last' | 'sequence';
  /** Whether NaN in x is a value that is missing, as where a mask leaves it out. Default false. */
  readonly nanIsMissing?: boolean;
}

/** A sequence of images with what may come with it. */
export interface ConvLstmInput {
  /** [N, T, H, W, C] */
  readonly x: Tensor;
  /** int32 [N]: how many steps of each sequence are real; the rest, at the end, is padding. */
  readonly lengths?: Tensor;
  /**
   * bool [N, T]: which steps are real. Or bool [N, T, H, W, C]: which values are seen; the others count as 0, and a step of which
   * nothing is seen is padding.
   */
  readonly mask?: Tensor;
  /** What each direction starts from, each [D, N, OH, OW, maps]. Default zeros. */
  readonly initialState?: LstmState;
}

type Peepholes = Readonly<Record<'input' | 'forget' | 'output', Parameter>>;

/** The weights of one direction. */
export interface ConvLstmCell {
  /** What an image gives to the gates i, f, g, o, side by side: weight [KH, KW, C, 4·maps], bias [4·maps]. */
  readonly input: Conv2d;
  /** What h gives to them: weight [KH, KW, maps, 4·maps]. */
  readonly recurrent: Conv2d;
  /** What the cell gives to three of them, each [maps] or [OH, OW, maps]. Undefined without peepholes. */
  readonly peepholes: Peepholes | undefined;
}

/**
 * Convolutional LSTM (Shi et al. 2015): i, f, o = σ(W_x∗x_t + W_h∗h + b), g = tanh(W_x∗x_t + W_h∗h + b), c = f∘c + i∘g,
 * h = o∘tanh c, at each place of a grid; with `peepholes` W_c∘c is added inside the gates. Sequences of images
 * [N, T, H, W, inputChannels] → the last h [N, OH, OW, D·maps], or with `output: 'sequence'` every one [N, T, OH, OW, D·maps];
 * `run` gives the states as well. On a 1×1 image it is an LSTM, with 1×1 kernels an LSTM for each pixel.
 *
 * stride, padding and dilation are those of W_x; W_h keeps the size. Parameters per direction, `cells.0` and `cells.1`:
 * `input.weight` [KH, KW, inputChannels, 4·maps] (Glorot), `input.bias` [4·maps], `recurrent.weight` [KH, KW, maps, 4·maps]
 * (orthogonal): Keras's kernel, bias and recurrent_kernel, gates in the same order; and `peepholes.input`, `.forget`, `.output`
 * from 0.
 *
 * At padding the states stay as they are and the output is 0. What a mask leaves out is never computed with: it may be NaN.
 *
 * ```ts
 * const layer = new ConvLSTM2D(1, 8, 3, { padding: 'same' });
 * layer.call(ones([2, 5, 10, 10, 1])).shape; // [2, 10, 10, 8]
 * ```
 *
 * @throws OptionError for sizes or options out of range; ShapeError for a sequence, mask or state that does not fit.
 */
export class ConvLSTM2D extends Layer<Tensor | ConvLstmInput, Tensor> {
  static readonly ofLibrary = true;

  /** Channels of the images. */
  readonly inputChannels: number;
  /** Channels of the output in each direction, and of each state. */
  readonly maps: number;
  /** Forward, and backward if it is bidirectional. */
  readonly cells: readonly ConvLstmCell[];
  /** The options, defaults filled in. */
  readonly options: Required<ConvLstmOptions>;

  /**
   * Convolutional LSTM over images [N, T, H, W, inputChannels] with `maps` maps; `kernelSize`, a number or [height, width], is that
   * of both convolutions. Defaults: stride 1, no padding, dilation 1, bias, forgetBias 1, no peepholes, one direction, the last
   * output.
   *
   * @throws OptionError for sizes or options out of range
   */
  constructor(inputChannels: number, maps: number, kernelSize: Pair, options: ConvLstmOptions = {}) {
    super();
    const where = 'ConvLSTM2D';
    const defaults = {
      stride: 1,
      padding: 'valid',
      dilation: 1,
      bias: true,
      forgetBias: options?.bias === false ? 0 : 1,
      peepholes: false,
      bidirectional: false,
      output: 'last',
      nanIsMissing: false,
    } as const;
    requireKnownOptions(where, options, Object.keys(defaults));
    const given = Object.entries(options).filter(([, value]) => value !== undefined);
    this.options = { ...defaults, ...Object.fromEntries(given) };
    requireChoices(where, this.options);
    this.inputChannels = requireNumber(where, 'inputChannels', inputChannels, 'a whole number of at least 1');
    this.maps = requireNumber(where, 'maps', maps, 'a whole number of at least 1');
    this.cells = this.#directions.map(() => this.#newCell(kernelSize));
  }

  override get kind(): string {
    return 'convLstm2d';
  }

  config(): readonly JsonValue[] {
    const { inputChannels, maps, cells, options } = this;
    return [inputChannels, maps, cells[0].input.kernelSize, { ...options }];
  }

  forward(input: Tensor | ConvLstmInput): Tensor {
    const { output, last } = this.#runCells(input instanceof Tensor ? { x: input } : input);
    return this.options.output === 'sequence' ? output : last;
  }

  /** All that comes out: the output at every step [N, T, OH, OW, D·maps], and the final states, each [D, N, OH, OW, maps]. */
  run(input: ConvLstmInput): LstmState & { readonly output: Tensor } {
    return this.inside(() => {
      const { output, h, c } = this.#runCells(input);
      return { output, h, c };
    });
  }

  /** For each direction, whether it reads from the end. */
  get #directions(): readonly boolean[] {
    return this.options.bidirectional ? [false, true] : [false];
  }

  #newCell(kernelSize: Pair): ConvLstmCell {
    const { inputChannels, maps } = this;
    const { stride, padding, dilation, bias, forgetBias, peepholes } = this.options;
    const places = typeof peepholes === 'boolean' ? [] : peepholes;
    // Factors of single values, as the vectors of other LSTMs are, whatever their shape.
    const peephole = (name: string) => new Parameter(fill(0, [...places, maps]), name, { decays: false });
    return {
      input: new Conv2d(inputChannels, 4 * maps, kernelSize, {
        stride,
        padding,
        dilation,
        bias,
        weightInitializer: glorotUniform,
        biasInitializer: () => concat([fill(0, [maps]), fill(forgetBias, [maps]), fill(0, [2 * maps])]),
      }),
      recurrent: new Conv2d(maps, 4 * maps, kernelSize, {
        padding: 'same',
        bias: false,
        weightInitializer: orthogonal(),
      }),
      peepholes: peepholes
        ? { input: peephole('input'), forget: peephole('forget'), output: peephole('output') }
        : undefined,
    };
  }

  #runCells(input: ConvLstmInput): LstmState & { readonly output: Tensor; readonly last: Tensor } {
    const { x, mask } = this.#seen(input);
    const [n, steps, ...image] = x.shape as [number, number, number, number, number];
    const runs = this.#directions.map((reverse, cell) => {
      const weights = this.cells[cell];
      // What the images give to the gates does not wait for a state: [N·T, OH, OW, 4·maps].
      const z = weights.input.call(reshape(x, [n * steps, ...image]));
      const [, height, width, gates] = z.shape as [number, number, number, number];
      const { carry, outputs } = scan((state: LstmState, zt: Tensor) => stepOf(weights, state, zt), {
        initial: this.#initialState(input, cell, [n, height, width, this.maps]),
        inputs: reshape(z, [n, steps, height, width, gates]),
        reverse,
        ...(mask && { mask }),
      });
      return { output: outputs, ...carry };
    });
    const joined = (name: 'output' | 'h'): Tensor =>
      concat(
        runs.map((run) => run[name]),
        -1,
      );
    const apart = (name: 'h' | 'c'): Tensor => stack(runs.map((run) => run[name]));
    return { output: joined('output'), last: joined('h'), h: apart('h'), c: apart('c') };
  }

  /** The images without what is not to be seen of them. To the door of the recurrent layers an image is a list of features. */
  #seen(input: ConvLstmInput): SeenSequence {
    requireKnownOptions(this.describe(), input, ['x', 'lengths', 'mask', 'initialState']);
    const { x, lengths, mask } = input;
    requireAxes(this, x, ['N', 'T', 'H', 'W', ['C', this.inputChannels]], (shape) =>
      shape.length === 4
        ? 'Reshape([T, H/T, W, C]) cuts pictures into T strips; expandDims(x, 1) makes them sequences of one.'
        : 'Sequences of images are N,T,H,W,C, with as many channels as the layer was built for.',
    );
    const [n, steps, ...image] = x.shape as [number, number, number, number, number];
    const ofValues = mask instanceof Tensor && mask.rank !== 2;
    if (ofValues) {
      const axes = ['N', 'T', 'H', 'W', 'C'].map((name, axis) => [name, x.shape[axis]] as const);
      const cure = 'A mask is true where x is real: [N, T] says it of steps, [N, T, H, W, C] of each value.';
      requireAxes({ describe: () => `${this.describe()} mask` }, mask, axes, cure);
    }
    const flat = (each: Tensor): Tensor => reshape(each, [n, steps, sizeOf(image)]);
    const seen = seenSequence(
      { options: this.options, inputs: sizeOf(image), describe: () => this.describe() },
      {
        x: flat(x),
        ...(lengths !== undefined && { lengths }),
        ...(mask !== undefined && { mask: ofValues ? flat(mask) : mask }),
      },
    );
    return { x: reshape(seen.x, x.shape), mask: seen.mask };
  }

  /** What a direction starts from, each of `shape` [N, OH, OW, maps]. */
  #initialState({ initialState }: ConvLstmInput, cell: number, shape: Shape): LstmState {
    this.#requireGrid(shape);
    if (!initialState) return { h: fill(0, shape), c: fill(0, shape) };
    requireKnownOptions(`${this.describe()} initialState`, initialState, ['h', 'c']);
    const part = (name: 'h' | 'c'): Tensor => {
      const axes = ['N', 'OH', 'OW', 'maps'].map((axis, index) => [axis, shape[index]] as const);
      const named = { describe: () => `${this.describe()} initialState.${name}` };
      const cure = 'Give states as run() of such a layer returns them.';
      requireAxes(named, initialState[name], [['D', this.cells.length], ...axes], cure);
      return reshape(narrow(initialState[name], 0, cell, cell + 1), shape);
    };
    return { h: part('h'), c: part('c') };
  }

  /** Throws ShapeError where peepholes have weights for the places of another grid. */
  #requireGrid([, height, width]: Shape): void {
    const { peepholes } = this.options;
    if (typeof peepholes === 'boolean' || (peepholes[0] === height && peepholes[1] === width)) return;
    throw new ShapeError({
      where: this.describe(),
      got: `a grid [OH=${height}, OW=${width}]`,
      expected: `[OH=${peepholes[0]}, OW=${peepholes[1]}], for which its peepholes have weights`,
      cure: 'Build the layer with the peepholes of this grid, or with peepholes: true, which fits any.',
    });
  }
}

/** The states after what the image of a step gives to the gates, zt [N, OH, OW, 4·maps]. */
function stepOf({ recurrent, peepholes }: ConvLstmCell, { h, c }: LstmState, zt: Tensor) {
  const [input, forget, candidate, output] = split(add(zt, recurrent.call(h)), 4, -1);
  const gate = (z: Tensor, name: keyof Peepholes, cell: Tensor): Tensor =>
    sigmoid(peepholes ? add(z, multiply(peepholes[name], cell)) : z);
  const kept = multiply(gate(forget, 'forget', c), c);
  const next = add(kept, multiply(gate(input, 'input', c), tanh(candidate)));
  const state = multiply(gate(output, 'output', next), tanh(next));
  return { carry: { h: state, c: next }, output: state };
}

/** Throws OptionError unless the options are what they may be, where `Conv2d` does not look at them. */
function requireChoices(where: string, options: Required<ConvLstmOptions>): void {
  const { forgetBias, peepholes, bidirectional, output, nanIsMissing, bias } = options;
  requireNumber(where, 'forgetBias', forgetBias, 'a number');
  if (typeof peepholes !== 'boolean') requirePair(where, 'peepholes', peepholes, 1);
  requireBoolean(where, 'bidirectional', bidirectional);
  requireOneOf(where, 'output', output, ['last', 'sequence']);
  requireBoolean(where, 'nanIsMissing', nanIsMissing);
  const got = `forgetBias ${forgetBias} with bias false`;
  refuseTogether(where, [[forgetBias !== 0 && !bias, got, 'forgetBias only with bias']]);
}
