/** The schedule of the benchmarks, the cases themselves, and the process that answers. */
import { describe, expect, it } from 'vitest';
import { cases } from '../../bench/cases/index.ts';
import { collect } from '../../bench/collect.ts';
import { chooseDevice } from '../../bench/device.ts';
import { measure } from '../../bench/measure.ts';
import { Probes } from '../../bench/probes.ts';
import type { Outcome } from '../../bench/protocol.ts';
import { Runner } from '../../bench/runner.ts';

/** A runner that answers without running anything, and writes down what it was asked. */
function runner(title: string, asked: string[], answer: (samples: number) => Outcome) {
  const about = { library: title, version: '1.0', device: 'cpu', threads: 2 };
  return {
    title,
    about,
    run: async (name: string, samples: number): Promise<Outcome> => {
      asked.push(`${title} ${name} ${samples}`);
      return answer(samples);
    },
  };
}

const constant = (milliseconds: number) => (samples: number) => ({
  times: Array.from({ length: samples }, () => milliseconds),
});

describe('the schedule', () => {
  const effort = { rounds: 3, roundMilliseconds: 100 };

  it('gives every runner its turn in every round, with as many samples as fit', async () => {
    const asked: string[] = [];
    const runners = [runner('a', asked, constant(20)), runner('b', asked, constant(200))];
    const measured = await measure('work', runners, effort);
    expect(asked).toEqual(['a work 1', 'b work 1', 'a work 5', 'b work 1', 'a work 5', 'b work 1']);
    expect(measured.map(({ outcome }) => 'times' in outcome && outcome.times.length)).toEqual([11, 3]);
  });

  it('asks only once for what takes very long or cannot be done', async () => {
    const asked: string[] = [];
    const refuse = () => ({ cannot: 'no such kernel' });
    const measured = await measure(
      'work',
      [runner('slow', asked, constant(40_000)), runner('unable', asked, refuse)],
      effort,
    );
    expect(asked).toEqual(['slow work 1', 'unable work 1']);
    expect(measured.map(({ outcome }) => outcome)).toEqual([
      { times: [40_000] },
      { cannot: 'no such kernel' },
    ]);
  });

  it('makes rows of the answers', async () => {
    const work = {
      name: 'work',
      suite: 'kernels' as const,
      flops: 6e9,
      shared: true,
      make: () => async () => {},
    };
    const weft = [runner('weft', [], constant(100))];
    const peers = [runner('peer', [], constant(50)), runner('other', [], () => ({ cannot: 'not offered' }))];
    const probes = { measure: () => undefined, peakGflops: 60, copyGigabytes: 100 };
    const { rows, refusals } = await collect([work], { weft, peers }, probes, effort, () => undefined);
    expect(rows).toMatchObject([
      { name: 'work', peer: null, medianMs: 100, gflops: 60, peakShare: 0.5, threads: 2 },
      { name: 'work', peer: 'peer 1.0', medianMs: 50, gflops: 120, peakShare: 1 },
    ]);
    expect(refusals).toEqual([]);
  });
});

describe('a runner', () => {
  const node = (script: string) =>
    Runner.start({ title: 'test', command: process.execPath, arguments: ['-e', script] });
  const ready = `console.log(JSON.stringify({ ready: { library: 'x', version: '1', device: 'cpu', threads: 1 } }));`;

  it('says who it is and answers line by line', async () => {
    const echo = `require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const [, name, samples] = line.split(' ');
      console.log(JSON.stringify({ name, times: Array(Number(samples)).fill(1) }));
    });`;
    const started = await node(ready + echo);
    expect(started.about.library).toBe('x');
    expect(await started.run('work', 2)).toEqual({ times: [1, 1] });
    started.stop();
  });

  it('reports why it did not start', async () => {
    await expect(node(`throw new Error('no backend')`)).rejects.toThrow('no backend');
    const missing = Runner.start({ title: 'test', command: 'weft-no-such-command', arguments: [] });
    await expect(missing).rejects.toThrow('ENOENT');
  });

  it('reports why it ended', async () => {
    const started = await node(
      `${ready} process.stdin.on('data', () => { throw new Error('out of memory'); });`,
    );
    expect(await started.run('work', 1)).toEqual({ cannot: 'Error: out of memory' });
    expect(await started.run('work', 1)).toEqual({ cannot: 'Error: out of memory' });
  });
});

describe('the cases', () => {
  it('have names of their own, without spaces', () => {
    const names = cases.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^\S+$/);
  });

  it('share with the peers what shared/peers/torch_bench.py names', () => {
    expect(cases.filter(({ shared }) => shared).map(({ name }) => name)).toEqual([
      'matmul-512',
      'sigmoid-1M',
      'lstm-train-b128-t28-h128',
      'lstm-predict-b128-t28-h128',
      'cnn-train-b64',
      'cnn-predict-b64',
      'conv-lstm-train-b64',
      'tiny-mlp-train-b4',
    ]);
  });

  it.each(['matmul-64', 'layer-layer-norm-b128-512-gradient', 'tiny-mlp-train-b4'])(
    '%s runs',
    async (name) => {
      await chooseDevice('cpu', 1);
      const step = await cases.find((each) => each.name === name)!.make();
      await step();
      await step();
    },
  );
});

it('the probes find a peak and a bandwidth', () => {
  const probes = new Probes();
  probes.measure();
  expect(probes.peakGflops).toBeGreaterThan(0);
  expect(probes.copyGigabytes).toBeGreaterThan(0);
});
