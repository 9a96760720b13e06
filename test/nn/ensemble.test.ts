/** Ensembles: each combination against plain arithmetic, saving, learning, and what is refused. */
import { describe, expect, test } from 'vitest';
import * as weft from '../../src/index.ts';
import { errorOf, values } from './support.ts';

const classes = 3;
const members = () => [0, 1, 2].map(() => new weft.Dense(4, classes));
const inputs = () => values([5, 4]).mul(3);

/** The softmax of each row, in doubles. */
function softmaxRows(scores: ArrayLike<number>): number[][] {
  return Array.from({ length: scores.length / classes }, (_, row) => {
    const own = Array.from({ length: classes }, (_each, place) => Math.exp(scores[row * classes + place]!));
    const sum = own.reduce((total, each) => total + each, 0);
    return own.map((each) => each / sum);
  });
}

/** What an ensemble makes of its members' probabilities `[member][image][class]`, and these. */
async function answers(ensemble: weft.Ensemble) {
  const x = inputs();
  const own = await Promise.all(
    ensemble.layers.map(async (member) => softmaxRows(await member.call(x).data())),
  );
  return { own, combined: softmaxRows(await ensemble.call(x).data()) };
}

function expectRows(got: readonly number[][], expected: readonly number[][], digits = 5): void {
  for (const [row, values] of expected.entries()) {
    for (const [place, value] of values.entries()) expect(got[row]![place]!).toBeCloseTo(value, digits);
  }
}

const mean = (list: readonly number[]): number => list.reduce((sum, each) => sum + each, 0) / list.length;
const normalized = (list: readonly number[]): number[] =>
  list.map((each) => each / (mean(list) * list.length));

/** Applies `combine` to what all members say of each image and class. */
function combinedBy(own: readonly number[][][], combine: (given: number[]) => number): number[][] {
  return own[0]!.map((row, image) =>
    row.map((_, place) => combine(own.map((member) => member[image]![place]!))),
  );
}

describe('the softmax of what an ensemble gives is', () => {
  test('the mean of the probabilities', async () => {
    const { own, combined } = await answers(new weft.Ensemble(members()));
    expectRows(combined, combinedBy(own, mean));
  });

  test('their geometric mean', async () => {
    const { own, combined } = await answers(new weft.Ensemble(members(), { combine: 'logits' }));
    const roots = combinedBy(own, (given) => given.reduce((product, each) => product * each, 1) ** (1 / 3));
    expectRows(combined, roots.map(normalized));
  });

  test('the share of votes, where the mean decides between equal ones', async () => {
    const ensemble = new weft.Ensemble(members(), { combine: 'vote' });
    const { own, combined } = await answers(ensemble);
    const votes = own.map((member) =>
      member.map((row) => row.map((each) => Number(each === Math.max(...row)))),
    );
    expectRows(combined, combinedBy(votes, mean), 3);
    const scores = await new weft.Ensemble([ensemble.layers[0]!], { combine: 'vote' })
      .call(inputs().mul(1000))
      .data();
    expect(scores.every(Number.isFinite)).toBe(true);
    const pair = new weft.Ensemble([fixed([2, 0, 0]), fixed([0, 5, 0])], { combine: 'vote' });
    expect(await weft.argMax(pair.call(weft.ones([1, 4]))).data()).toEqual(Int32Array.of(1));
  });

  test('a mixture with weights', async () => {
    const ensemble = new weft.Ensemble(members(), { combine: 'weights' });
    const weights = [0.5, 0.2, 0.3];
    await ensemble.mixture!.set(Float32Array.from(weights, Math.log));
    const { own, combined } = await answers(ensemble);
    expectRows(
      combined,
      combinedBy(own, (given) => given.reduce((sum, each, place) => sum + weights[place]! * each, 0)),
    );
  });

  test('a linear layer on the logarithms of the probabilities', async () => {
    const ensemble = new weft.Ensemble(members(), { combine: 'stack', classes });
    const before = await answers(ensemble);
    const roots = combinedBy(
      before.own,
      (given) => given.reduce((product, each) => product * each, 1) ** (1 / 3),
    );
    expectRows(before.combined, roots.map(normalized));
    const [weight, bias] = [values([9, 3]), values([3], 2)];
    await ensemble.weight!.set(await weight.data());
    await ensemble.bias!.set(await bias.data());
    const [rows, offsets] = [await weight.data(), await bias.data()];
    const { own, combined } = await answers(ensemble);
    const scores = own[0]!.flatMap((_, image) =>
      [0, 1, 2].map((to) =>
        own.reduce(
          (sum, member, m) =>
            sum +
            member[image]!.reduce((part, p, from) => part + Math.log(p) * rows[(m * 3 + from) * 3 + to]!, 0),
          offsets[to]!,
        ),
      ),
    );
    expectRows(combined, softmaxRows(scores), 4);
  });
});

/** A classifier that always gives these scores. */
function fixed(scores: readonly number[]): weft.Module {
  return new weft.Activation('fixed', (x) => weft.zeros([x.shape[0]!, 1]).add(weft.tensor([...scores])));
}

test('members may end in a softmax', async () => {
  const [first, second] = members();
  const plain = new weft.Ensemble([first!, second!]);
  const ended = new weft.Ensemble([
    new weft.Sequential([first!, new weft.Activation('softmax', (x) => weft.softmax(x))]),
    second!,
  ]);
  const [a, b] = [plain, ended].map((each) => each.call(inputs()));
  expect((await a!.sub(b!).abs().max().item()) < 1e-5).toBe(true);
});

test('saved and loaded it gives the same bits, ensembles of ensembles too', async () => {
  const [first, second, third] = members().map((member) => new weft.Sequential([new weft.Flatten(), member]));
  const pair = new weft.Ensemble({
    first: first!,
    rescaled: new weft.Sequential([new weft.Rescale([2], [1]), second!]),
  });
  const model = new weft.Ensemble({ pair, third: third! }, { combine: 'stack', classes });
  const bytes = await weft.saveModel({
    model,
    name: 'both',
    inputShape: [2, 2, 1],
    classNames: ['a', 'b', 'c'],
  });
  const loaded = await weft.loadModel(bytes);
  const x = inputs().reshape(5, 2, 2, 1);
  expect(await loaded.model.call(x).data()).toEqual(await model.call(x).data());
});

test('fit learns the mixture while the members stay as they are', async () => {
  const [good, bad] = [fixed([0, 4, 0]), fixed([0, 0, 0])];
  const model = new weft.Ensemble([good, bad], { combine: 'weights' });
  const targets = weft.tensor(Int32Array.from({ length: 16 }, () => 1));
  const optimizer = new weft.Adam(model.parameters(), { learningRate: 0.2 });
  await weft.fit(model, { inputs: weft.ones([16, 4]), targets }, { epochs: 10, optimizer, progress: false });
  const [first, second] = await model.mixture!.data();
  expect(first! > second!).toBe(true);
});

test('what does not fit is refused', () => {
  expect(errorOf(() => new weft.Ensemble([])).message).toContain('number of members');
  expect(errorOf(() => new weft.Ensemble({ bias: new weft.Dense(2, 2) })).message).toContain('"bias"');
  expect(errorOf(() => new weft.Ensemble(members(), { classes: 3 })).message).toContain("'stack' alone");
  expect(errorOf(() => new weft.Ensemble(members(), { combine: 'stack' })).message).toContain('classes');
  const other = new weft.Ensemble([new weft.Dense(4, 3), new weft.Dense(4, 2)]);
  expect(errorOf(() => other.call(inputs())).message).toContain('member "1"');
  const wide = new weft.Ensemble(members(), { combine: 'stack', classes: 4 });
  expect(errorOf(() => wide.call(inputs())).message).toContain('K=4');
  expect(errorOf(() => new weft.Rescale([1], [])).message).toContain('every channel');
});
