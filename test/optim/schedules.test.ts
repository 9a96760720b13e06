/** The schedules against PyTorch's rates, and clipping by norm and value as functions. */
import '../../src/index.ts';
import { expect, test } from 'vitest';
import { OptionError, Parameter, tensor } from '../../src/index.ts';
import {
  clipByGlobalNorm,
  clipByValue,
  constant,
  cosine,
  exponential,
  oneCycle,
  plateau,
  polynomial,
  type Schedule,
  SGD,
  stepDecay,
  type WatchingSchedule,
  warmUp,
} from '../../src/optim/index.ts';

/** The rates of torch.optim.lr_scheduler at steps 1 to 10 (PyTorch, float64). */
const rates: [name: string, schedule: Schedule, rates: number[]][] = [
  [
    'CosineAnnealingLR(T_max=10, eta_min=1e-4)',
    cosine(0.01, 10, 1e-4),
    [
      0.01, 0.00975772976, 0.00905463412, 0.007959537, 0.00657963412, 0.00505, 0.00352036588, 0.002140463,
      0.00104536588, 0.000342270244,
    ],
  ],
  [
    'StepLR(3, 0.5)',
    stepDecay(0.01, 3, 0.5),
    [0.01, 0.01, 0.01, 0.005, 0.005, 0.005, 0.0025, 0.0025, 0.0025, 0.00125],
  ],
  [
    'OneCycleLR(max_lr=0.1, total_steps=10)',
    oneCycle(0.1, 10),
    [
      0.004, 0.052, 0.1, 0.0950484632, 0.0811745654, 0.0611262022, 0.0388741978, 0.0188258346, 0.0049519368,
      4e-7,
    ],
  ],
];

test.each(rates)('%s', (_name, schedule, wanted) => {
  wanted.forEach((want, step) => {
    expect(Math.abs(schedule(step) / want - 1)).toBeLessThan(1e-8);
  });
});

test('schedules stay at their last rate', () => {
  expect(cosine(0.1, 10, 0.01)(25)).toBeCloseTo(0.01, 12);
  expect(oneCycle(0.1, 10)(25)).toBeCloseTo(4e-7, 12);
  expect(polynomial(0.1, 10, 2, 0.01)(25)).toBeCloseTo(0.01, 12);
  expect(constant(0.3)(99)).toBe(0.3);
});

test('the only step of a cycle has the highest rate', () => {
  expect(oneCycle(0.1, 1)(0)).toBe(0.1);
});

test('exponential goes in a step of stepDecay little by little', () => {
  const [smooth, stairs] = [exponential(0.1, 4, 0.5), stepDecay(0.1, 4, 0.5)];
  for (const step of [0, 4, 12]) expect(smooth(step)).toBeCloseTo(stairs(step), 12);
  expect(smooth(2)).toBeCloseTo(0.1 * Math.SQRT1_2, 12);
});

test('plateau goes on from a saved state, behind a warm-up too, and with an optimizer', async () => {
  const make = (): WatchingSchedule => plateau(0.1, { factor: 0.5, patience: 1, rest: 1 });
  const figures = [1, 0.9, 0.95, 0.91, 0.92, 0.93, 0.94, Number.NaN, 0.95, 0.8];
  const whole = make();
  const rates = figures.map((figure) => {
    whole.observe(figure);
    return whole(0);
  });
  expect(rates).toEqual([0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025, 0.025, 0.025, 0.025]);
  const optimizerOf = () => {
    const parameters = ['a', 'b'].map((name) => new Parameter(tensor([1]), name));
    const groups = [{ parameters: [parameters[0]] }, { parameters: [parameters[1]], learningRate: make() }];
    return new SGD(groups, { learningRate: warmUp(make(), 2) });
  };
  for (let cut = 0; cut < figures.length; cut++) {
    const [first, second] = [optimizerOf(), optimizerOf()];
    for (const figure of figures.slice(0, cut)) first.observe(figure);
    for (const group of second.groups)
      expect(group.learningRate).toBe(group === second.groups[0] ? 0.05 : 0.1);
    await second.loadStateDict(JSON.parse(JSON.stringify(await first.stateDict())));
    for (const [index, figure] of figures.slice(cut).entries()) {
      second.observe(figure);
      expect(second.groups.map(({ learningRate }) => learningRate)).toEqual([
        rates[cut + index] / 2,
        rates[cut + index],
      ]);
    }
  }
});

test('warm-up scales the first rates', () => {
  const schedule = warmUp(constant(1), 4);
  expect([0, 1, 2, 3, 4, 5].map(schedule)).toEqual([0.25, 0.5, 0.75, 1, 1, 1]);
});

test('impossible arguments are refused', () => {
  expect(() => cosine(0.1, 0)).toThrow(OptionError);
  expect(() => stepDecay(0.1, 1.5, 0.5)).toThrow(/every 1.5/);
  expect(() => oneCycle(0.1, 10, { pctStart: 0.3 } as object)).toThrow(/pctStart/);
  expect(() => plateau(0.1, { mode: 'min' } as object)).toThrow(/mode/);
  expect(() => plateau(0.1).loadStateDict({ rate: -1, best: null, waited: 0, resting: 0 })).toThrow(
    /rate -1/,
  );
  expect(() => warmUp(constant(1), 0)).toThrow(OptionError);
});

test('clipByGlobalNorm follows clip_grad_norm_', async () => {
  const { gradients, norm } = clipByGlobalNorm([tensor([[3, 0]]), tensor([4])], 1);
  expect(await norm.item()).toBe(5);
  expect(((await gradients[0].data())[0] * 5) / 3).toBeCloseTo(1, 5);
  expect(gradients[0].shape).toEqual([1, 2]);
  const untouched = clipByGlobalNorm([tensor([3, 4])], 6).gradients[0];
  expect(await untouched.array()).toEqual([3, 4]);
});

test('clipByValue limits each element', async () => {
  const [clipped] = clipByValue([tensor([-7, 0.5, 7])], 1.5);
  expect(await clipped.array()).toEqual([-1.5, 0.5, 1.5]);
});
