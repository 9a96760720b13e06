/** Looking into a model: what each of its layers gives. */
import { requireKnownOptions } from '../options.ts';
import { keepingRandom } from '../tensor/random.ts';
import { recorder, withoutRecording } from '../tensor/recorder.ts';
import { Tensor } from '../tensor/tensor.ts';
import { inMode } from './mode.ts';
import { type Module, observeCalls, requireModule } from './module.ts';

/** Options of `layerOutputs`. */
export interface LayerOutputsOptions {
  /** The mode of all layers. Default 'eval', as in `predict`. */
  readonly mode?: 'train' | 'eval';
}

/**
 * What each layer of a model gives for an input, by path, in the order in which they finish; `''` is the model itself. A
 * layer that is called again has `#2`, `#3`, … behind its path. Layers that give something else than one tensor are left
 * out, and those that are called in the body of a `scan`, which give one at every step. Nothing is changed by it: no mode, no running statistics, no random numbers that come later.
 *
 * ```ts
 * const model = new Sequential({ hidden: new Dense(4, 8), relu: new ReLU(), head: new Dense(8, 2) });
 * const { hidden } = layerOutputs(model, randn([16, 4]));
 * const dead = hidden.lessEqual(0).cast('float32').mean(0); // the share of inputs at which each unit is off
 * await dead.array();
 * ```
 *
 * @throws OptionError for what is no module, or an unknown option; what the layers throw
 */
export function layerOutputs<Input, Output>(
  model: Module<Input, Output>,
  input: Input,
  options: LayerOutputsOptions = {},
): Record<string, Tensor> {
  requireKnownOptions('layerOutputs', options, ['mode']);
  requireModule('layerOutputs', model);
  const outputs = new Map<string, Tensor>();
  const observe = (): void => {
    observeCalls(
      ({ path, output, atEveryStep }) => {
        if (output instanceof Tensor && !atEveryStep)
          outputs.set(freshName(outputs, path), output.snapshot());
      },
      () => inMode(model, options.mode ?? 'eval', () => model.call(input)),
    );
  };
  // Part of a function that is being captured, or nothing that anybody remembers.
  keepingRandom(() => (recorder().tracing ? observe() : withoutRecording(observe)));
  return Object.fromEntries(outputs);
}

function freshName(outputs: ReadonlyMap<string, Tensor>, path: string): string {
  if (!outputs.has(path)) return path;
  let call = 2;
  while (outputs.has(`${path}#${call}`)) call++;
  return `${path}#${call}`;
}
