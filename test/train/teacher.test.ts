/** Distillation: its loss by plain arithmetic, a teacher that stays as it is, and what is refused. */
import { expect, test } from 'vitest';
import * as weft from '../../src/index.ts';
import { distillationLoss } from '../../src/train/teacher.ts';
import { errorOf, values } from '../nn/support.ts';

const softmax = (scores: readonly number[]): number[] => {
  const powers = scores.map(Math.exp);
  const sum = powers.reduce((total, each) => total + each, 0);
  return powers.map((each) => each / sum);
};

test('the loss is a share of that of the labels, and T² times the divergence from the teacher', async () => {
  const [teacher, x] = [new weft.Dense(3, 2), values([4, 3])];
  const scores = values([4, 2], 5);
  const [share, temperature] = [0.7, 3];
  const loss = distillationLoss(weft.tensor(1.5), scores, x, { model: teacher, share, temperature });
  const rows = async (tensor: weft.Tensor) => {
    const data = await tensor.data();
    return [0, 1, 2, 3].map((row) => [data[2 * row]! / temperature, data[2 * row + 1]! / temperature]);
  };
  const [wanted, given] = [await rows(teacher.call(x)), await rows(scores)];
  const divergences = wanted.map((row, place) => {
    const [p, q] = [softmax(row), softmax(given[place]!)];
    return p.reduce((sum, each, at) => sum + each * Math.log(each / q[at]!), 0);
  });
  const mean = divergences.reduce((sum, each) => sum + each, 0) / 4;
  expect(await loss.item()).toBeCloseTo(0.3 * 1.5 + 0.7 * 9 * mean, 5);
});

test('a student comes to the answers of a teacher, which stays as it is; with gradients of several batches too', async () => {
  weft.seed(1);
  const teacher = new weft.Dense(3, 2).freeze();
  const inputs = values([32, 3]);
  const targets = weft.argMax(teacher.call(inputs));
  const before = await teacher.stateDict();
  const gap = (model: weft.Module) =>
    weft
      .softmax(model.call(inputs))
      .sub(weft.softmax(teacher.call(inputs)))
      .abs()
      .max()
      .item();
  for (const accumulate of [1, 2]) {
    const student = new weft.Dense(3, 2);
    const optimizer = new weft.Adam(student.parameters(), { learningRate: 0.1 });
    await weft.fit(
      student,
      { inputs, targets },
      {
        epochs: 60,
        batchSize: 16,
        accumulate,
        optimizer,
        teacher: { model: teacher, share: 1 },
        progress: false,
      },
    );
    expect(await gap(student)).toBeLessThan(0.02);
  }
  expect(await teacher.stateDict()).toEqual(before);
});

test('what is no teacher is refused', async () => {
  const student = new weft.Dense(3, 2);
  const optimizer = new weft.Adam(student.parameters());
  const examples = { inputs: values([4, 3]), targets: weft.zeros([4], { dtype: 'int32' }) };
  const refused = async (teacher: weft.TeacherOptions) => {
    try {
      await weft.fit(student, examples, { epochs: 1, optimizer, teacher, progress: false });
    } catch (error) {
      return (error as Error).message;
    }
    return '';
  };
  expect(await refused({ model: new weft.Dense(3, 4) })).toContain('the same shape');
  expect(await refused({ model: student, share: 2 })).toContain('share 2');
  expect(await refused({ model: student, temperature: 0 })).toContain('temperature 0');
  expect(
    errorOf(() => distillationLoss(weft.tensor(1), examples.inputs, examples.inputs, { model: student }))
      .message,
  ).toContain('same shape');
});
