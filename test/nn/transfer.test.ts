/** Using a trained model for something else: freezing parts, taking over what fits of a state, a new head. */
import { describe, expect, it } from 'vitest';
import {
  Adam,
  AdamW,
  BatchNorm,
  compile,
  Dense,
  ReLU,
  randn,
  Sequential,
  seed,
  summarize,
  summary,
  type Tensor,
} from '../../src/index.ts';

function trained(): Sequential {
  return new Sequential({
    body: new Dense(3, 4),
    norm: new BatchNorm(4),
    relu: new ReLU(),
    head: new Dense(4, 2),
  });
}

async function steps(model: Sequential, count: number): Promise<void> {
  const optimizer = new AdamW(model.parameters(), { learningRate: 0.1, weightDecay: 0.5 });
  const step = compile((x: Tensor) => {
    const loss = model.call(x).square().mean();
    loss.backward();
    void optimizer.step();
    return loss;
  });
  for (let made = 0; made < count; made++) await step(randn([8, 3])).then((loss) => loss.item());
}

describe('freeze', () => {
  it('keeps parameters and running statistics bit for bit, while the others learn', async () => {
    seed(3);
    const model = trained();
    await steps(model, 2);
    const [body, norm] = [model.modules['body'], model.modules['norm']];
    body?.freeze();
    norm?.freeze();
    const before = await model.stateDict();
    await steps(model, 3);
    const after = await model.stateDict();
    for (const path of Object.keys(before)) {
      const same = expect(after[path]?.data);
      if (path.startsWith('head.')) same.not.toEqual(before[path]?.data);
      else same.toEqual(before[path]?.data);
    }
    model.unfreeze();
    await steps(model, 1);
    const thawed = await model.stateDict();
    for (const path of Object.keys(before)) expect(thawed[path]?.data).not.toEqual(after[path]?.data);
  });

  it('of everything leaves nothing to train', () => {
    const model = trained().freeze();
    expect(model.parameterCount()).toBe(0);
    expect(() =>
      model
        .call(randn([8, 3]))
        .sum()
        .backward(),
    ).toThrow(/no trainable parameter/);
  });

  it('is seen by a compiled function that was captured before', async () => {
    seed(4);
    const model = new Sequential({ head: new Dense(3, 1) });
    const optimizer = new Adam(model.parameters(), { learningRate: 0.1 });
    const extra = new Dense(3, 1);
    const step = compile((x: Tensor) => {
      const loss = model.call(x).add(extra.call(x)).square().mean();
      loss.backward();
      if (model.parameterCount() > 0) void optimizer.step();
      return loss;
    });
    const x = randn([4, 3]);
    await step(x).then((loss) => loss.item());
    const before = await model.stateDict();
    model.freeze();
    await step(x).then((loss) => loss.item());
    expect(await model.stateDict()).toEqual(before);
  });

  it('shows in the summary', () => {
    const model = trained();
    expect(summary(model, [3])).not.toContain('trained');
    model.modules['body']?.freeze();
    expect(summarize(model, [3])).toMatchObject({ parameters: 34, trainable: 18 });
    const lines = summary(model, [3]).split('\n');
    expect(lines[0]).toMatch(/parameters +trained +FLOPs/);
    expect(lines.find((line) => line.startsWith('body'))).toMatch(/16 +0 /);
    expect(lines.at(-1)).toMatch(/^total +34 +18 /);
  });
});

describe('loadStateDict with strict: false', () => {
  it('takes what both have and says what is left', async () => {
    const [from, to] = [trained(), new Sequential({ body: new Dense(3, 4), other: new Dense(4, 1) })];
    const before = await to.stateDict();
    const report = await to.loadStateDict(await from.stateDict(), { strict: false });
    expect(report.loaded).toEqual(['body.weight', 'body.bias']);
    expect(report.missing).toEqual(['other.weight', 'other.bias']);
    expect(report.unknown).toContain('norm.runningMean');
    const [source, after] = [await from.stateDict(), await to.stateDict()];
    expect(after['body.weight']).toEqual(source['body.weight']);
    expect(after['other.weight']).toEqual(before['other.weight']);
  });

  it('refuses other shapes, a state without one common name, and changes nothing then', async () => {
    const state = await trained().stateDict();
    const to = trained().with({ head: new Dense(4, 3) });
    const before = await to.stateDict();
    await expect(to.loadStateDict(state, { strict: false })).rejects.toThrow(
      /"head.weight": got 8 elements as float32\[4, 2\], expected 12 .* leave its entries out/,
    );
    await expect(
      new Sequential({ a: new Dense(1, 1) }).loadStateDict(state, { strict: false }),
    ).rejects.toThrow(/Not one name agrees/);
    await expect(to.loadStateDict({}, { strict: true })).rejects.toThrow(/strict: false/);
    expect(await to.stateDict()).toEqual(before);
    const rest = Object.fromEntries(Object.entries(state).filter(([path]) => !path.startsWith('head.')));
    expect((await to.loadStateDict(rest, { strict: false })).missing).toEqual(['head.weight', 'head.bias']);
  });
});

describe('Sequential.with', () => {
  it('replaces by name, keeps the order, shares the rest and appends new names', async () => {
    const model = trained();
    const head = new Dense(4, 7);
    const other = model.with({ head, relu2: new ReLU() });
    expect(Object.keys(other.modules)).toEqual(['body', 'norm', 'relu', 'head', 'relu2']);
    expect(other.modules['body']).toBe(model.modules['body']);
    expect(other.call(randn([2, 3])).shape).toEqual([2, 7]);
    expect(model.call(randn([2, 3])).shape).toEqual([2, 2]);
    const numbered = new Sequential([new Dense(1, 2), new Dense(2, 3)]).with({ 1: new Dense(2, 5) });
    expect(numbered.call(randn([1, 1])).shape).toEqual([1, 5]);
  });
});
