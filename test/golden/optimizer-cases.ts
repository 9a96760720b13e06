/** The vectors of optimizers, schedules and clipping, in weft. */
import {
  Adagrad,
  Adam,
  AdamW,
  clipByGlobalNorm,
  cosine,
  exponential,
  type Optimizer,
  oneCycle,
  Parameter,
  type PlateauOptions,
  plateau,
  polynomial,
  RMSprop,
  type Schedule,
  SGD,
  stepDecay,
  warmRestarts,
} from '../../src/index.ts';
import type { Case, Results } from './expression.ts';
import { floats, type Golden, numberIn, pairIn } from './vectors.ts';

/** An optimizer on the given gradients: the parameter after each step. */
function optimizer(make: (parameter: Parameter, config: Golden['config']) => Optimizer): Case {
  const run = async ({ inputs, config }: Golden): Promise<Results> => {
    const parameter = new Parameter(floats(inputs['p0']), 'p');
    const optimizer = make(parameter, config);
    const outputs: Record<string, ArrayLike<number>> = {};
    for (let step = 1; inputs[`grad${step}`]; step++) {
      parameter.grad = floats(inputs[`grad${step}`]);
      await optimizer.step();
      outputs[`step${step}`] = await parameter.data();
    }
    return { outputs, grads: {} };
  };
  return { family: 'optimizers', run };
}

const momentumSgd = optimizer(
  (parameter, config) =>
    new SGD([parameter], {
      learningRate: numberIn(config, 'lr'),
      momentum: numberIn(config, 'momentum'),
      dampening: numberIn(config, 'dampening'),
      weightDecay: numberIn(config, 'weight_decay'),
      nesterov: config['nesterov'] === true,
    }),
);

function adamOptions(config: Golden['config']) {
  const [beta1, beta2] = pairIn(config, 'betas');
  return {
    learningRate: numberIn(config, 'lr'),
    beta1,
    beta2,
    epsilon: numberIn(config, 'eps'),
    weightDecay: numberIn(config, 'weight_decay'),
    amsgrad: config['amsgrad'] === true,
  };
}

const adam = optimizer((parameter, config) => new Adam([parameter], adamOptions(config)));

const adagrad = optimizer(
  (parameter, config) =>
    new Adagrad([parameter], {
      learningRate: numberIn(config, 'lr'),
      epsilon: numberIn(config, 'eps'),
      initialSum: numberIn(config, 'initial_accumulator_value'),
      weightDecay: numberIn(config, 'weight_decay'),
    }),
);

/** The vectors hold only the base rate; the other settings are those of generate.py. */
function schedule(make: (base: number, steps: number) => Schedule): Case {
  const run = async ({ config, outputs }: Golden): Promise<Results> => {
    const count = outputs['lr'].data.length;
    const rate = make(numberIn(config, 'base_lr'), count);
    return { outputs: { lr: Array.from({ length: count }, (_, step) => rate(step)) }, grads: {} };
  };
  return { family: 'schedules', run };
}

/** The rate after each figure; of a greatest one, its opposite is to be small. */
function watched(sign: 1 | -1, options: PlateauOptions): Case {
  const run = async ({ config, inputs }: Golden): Promise<Results> => {
    const schedule = plateau(numberIn(config, 'base_lr'), options);
    const lr = inputs['figures'].data.map((figure) => {
      schedule.observe(sign * figure);
      return schedule(0);
    });
    return { outputs: { lr }, grads: {} };
  };
  return { family: 'schedules', run };
}

const clipping: Case = {
  family: 'clipping',
  run: async ({ inputs, config }) => {
    const { gradients, norm } = clipByGlobalNorm(
      [floats(inputs['a']), floats(inputs['b'])],
      numberIn(config, 'max_norm'),
    );
    const [a, b] = await Promise.all(gradients.map((gradient) => gradient.data()));
    return { outputs: { a: a, b: b, total_norm: await norm.data() }, grads: {} };
  },
};

export const optimizerCases: Readonly<Record<string, Case>> = {
  optim_sgd: momentumSgd,
  optim_sgd_momentum: momentumSgd,
  optim_sgd_nesterov_decay: momentumSgd,
  optim_adam: adam,
  optim_adam_amsgrad: adam,
  optim_adamw: optimizer((parameter, config) => new AdamW([parameter], adamOptions(config))),
  optim_rmsprop: optimizer(
    (parameter, config) =>
      new RMSprop([parameter], {
        learningRate: numberIn(config, 'lr'),
        smoothing: numberIn(config, 'alpha'),
        momentum: numberIn(config, 'momentum'),
        epsilon: numberIn(config, 'eps'),
        weightDecay: numberIn(config, 'weight_decay'),
        centered: config['centered'] === true,
      }),
  ),
  clip_grad_norm: clipping,
  schedule_cosine: schedule((base, steps) => cosine(base, steps, 1e-4)),
  schedule_step: schedule((base) => stepDecay(base, 3, 0.5)),
  schedule_onecycle: schedule((_, steps) => oneCycle(0.1, steps)),
  optim_adagrad: adagrad,
  optim_adagrad_decay: adagrad,
  schedule_exponential: schedule((base) => exponential(base, 1, 0.8)),
  schedule_polynomial: schedule((base) => polynomial(base, 8, 2)),
  schedule_warm_restarts: schedule((base) => warmRestarts(base, 4, 1, 1e-4)),
  schedule_warm_restarts_growing: schedule((base) => warmRestarts(base, 3, 2, 1e-4)),
  schedule_plateau: watched(1, { factor: 0.5, patience: 2 }),
  schedule_plateau_greatest: watched(-1, { patience: 1, rest: 2, minimum: 1e-4, threshold: 0.01 }),
};
