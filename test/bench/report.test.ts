/** The reports of the benchmarks: rows, comparisons and targets, computed from made-up results. */
import { DOMParser } from '@xmldom/xmldom';
import { describe, expect, it } from 'vitest';
import { renderChart, standaloneSvg } from '../../bench/report/chart.ts';
import { renderMarkdown } from '../../bench/report/markdown.ts';
import { renderPage } from '../../bench/report/page.ts';
import { comparison, growthTable } from '../../bench/report/tables.ts';
import { median } from '../../bench/rows.ts';
import { judge, targets } from '../../bench/targets.ts';
import { formatTime } from '../../src/text.ts';
import { example, resultsOf, row } from './results.ts';

describe('targets', () => {
  const verdicts = (title: string, results = example) => {
    const target = targets.find((each) => each.title.startsWith(title))!;
    const judged = (checks: typeof target.required) => checks.map((check) => judge(check, results));
    return { required: judged(target.required), aim: judged(target.aim) };
  };

  it('compare one thread with tfjs, and the share of the peak', () => {
    const { required, aim } = verdicts('matmul-512, one thread');
    expect(required).toMatchObject([{ measured: 6 / 5, met: false }]);
    expect(aim).toMatchObject([{ measured: 89, met: true }]);
  });

  it('compare two threads with one', () => {
    expect(verdicts('matmul-512, two threads')).toMatchObject({
      required: [{ measured: 5 / 2.6, met: true }],
      aim: [{ met: false }],
    });
  });

  it("take the best of weft's and of PyTorch's threads", () => {
    expect(verdicts('lstm-train').required).toMatchObject([
      { measured: 560 / 16, met: true },
      { measured: 16 / 18, met: true },
    ]);
  });

  it('say nothing of what was not measured', () => {
    expect(verdicts('cnn-train').required.map(({ met }) => met)).toEqual([undefined, undefined]);
  });

  it('take the slowest of several products', () => {
    const rates = { 'matmul-512': 50, 'matmul-128x512x28': 20, 'matmul-4096x10x64': 40 };
    const rows = Object.entries(rates).map(([name, gflops]) => row(name, 1, { gflops }));
    const { required, aim } = verdicts('matmul of skinny', resultsOf(...rows));
    expect(required).toMatchObject([{ measured: 0.4, met: true }]);
    expect(aim).toMatchObject([{ met: false }]);
  });
});

describe('the reports', () => {
  it('compare weft with the best of each library', () => {
    expect(comparison(example)).toEqual({
      headings: ['case', 'weft', 'tfjs wasm', 'tfjs cpu', 'pytorch'],
      rows: [
        ['matmul-512', '2.6 ms', '6 ms (2.31×)', '180 ms (69.2×)', '–'],
        ['lstm-train-b128-t28-h128', '16 ms', '560 ms (35×)', '–', '18 ms (1.13×)'],
      ],
    });
  });

  it('write tables with as many cells in each row as in the heading', () => {
    const lines = renderMarkdown(example).split('\n');
    const cells = (line: string) => line.split('|').length;
    lines.forEach((line, at) => {
      if (line.startsWith('|') && lines[at - 1]?.startsWith('|'))
        expect(cells(line)).toBe(cells(lines[at - 1]));
    });
    expect(lines).toContain('- tfjs wasm: a kernel is missing (cnn-train-b64)');
    expect(lines).toContain('- pytorch did not take part: no python3 can import torch');
  });

  it('draw one bar for each library and case', () => {
    const svg = standaloneSvg(renderChart(example));
    const document = new DOMParser().parseFromString(svg, 'image/svg+xml');
    const titles = [...document.getElementsByTagName('title')].map(({ textContent }) => textContent);
    expect(titles).toContain('lstm-train-b128-t28-h128, pytorch: 18 ms');
    expect(titles).toHaveLength(6);
  });

  it('write texts into the page as texts', () => {
    const page = renderPage(example, '<svg></svg>');
    expect(page).toContain('A &lt;fast&gt; one');
    expect(page).toContain('<figure><svg></svg></figure>');
  });

  it('tell times in the unit that fits', () => {
    expect([0.01234, 4.5678, 1234].map(formatTime)).toEqual(['12.3 µs', '4.57 ms', '1.23 s']);
  });

  it('take the middle of the samples', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });
});

describe('growth with depth', () => {
  const times = { 10: 2, 100: 20, 1000: 400 };
  const rows = Object.entries(times).map(([depth, ms]) =>
    row(`growth-dense-relu-${depth}-plan`, 2 * ms, { minMs: ms }),
  );

  it('is the slope of the line through the logarithms, beside the times it comes from', () => {
    const slope = Math.log10(400 / 2) / 2;
    expect(growthTable(resultsOf(...rows)).rows).toEqual([
      ['dense-relu', '10', '–', '–', '2 ms', '–', '–'],
      ['dense-relu', '100', '–', '–', '20 ms', '–', '–'],
      ['dense-relu', '1000', '–', '–', '400 ms', '–', '–'],
      ['dense-relu', 'growth', '–', '–', slope.toFixed(2), '–', '–'],
    ]);
  });

  it('is a target, of the steepest part', () => {
    const { required } = targets.find(({ title }) => title.startsWith('growth of planning'))!;
    expect(judge(required[0], resultsOf(...rows)).measured).toBeCloseTo(Math.log10(200) / 2);
    expect(judge(required[0], example).measured).toBeUndefined();
  });
});
