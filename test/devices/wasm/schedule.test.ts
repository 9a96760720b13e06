/** The schedule of a plan: barriers only where stages conflict, small steps on one thread, tails behind their leader. */
import { describe, expect, it } from 'vitest';
import type { WasmKernelCode, WasmStage } from '../../../kernels/support/wasm/wasm-kernel.ts';
import { phases } from '../../../src/devices/wasm/layout.ts';
import { placePlan, stretchesOf } from '../../../src/devices/wasm/placement.ts';
import { type PlanSchedule, type ScheduleEntry, schedule } from '../../../src/devices/wasm/schedule.ts';
import type { Place, Plan } from '../../../src/plan/plan.ts';

const bytes = 256;

/** A step in a few words: what it reads and writes, and how its code looks. Large, with one stage, if nothing is said. */
interface Sketch {
  readonly reads?: readonly string[];
  readonly writes?: readonly string[];
  readonly small?: boolean;
  readonly joins?: boolean;
  readonly update?: boolean;
  readonly stages?: readonly Partial<WasmStage>[];
  readonly scratchBytes?: number;
}

/** Buffers: 'v0' is a variable, 'i0' an input, 'o0' an output, a number a place in the arena, in whole buffers. */
function placeOf(name: string): Place {
  const index = Number(name.slice(1));
  if (name[0] === 'v') return { kind: 'variable', index };
  if (name[0] === 'i') return { kind: 'input', index };
  if (name[0] === 'o') return { kind: 'output', index };
  return { kind: 'arena', offset: Number(name) * bytes };
}

/** The schedule of some steps. */
function scheduled(...sketches: readonly Sketch[]): PlanSchedule {
  const names = [...new Set(sketches.flatMap(({ reads = [], writes = [] }) => [...reads, ...writes]))];
  const spec = { shape: [bytes / 4], dtype: 'float32' } as const;
  const count = (letter: string) => names.filter((name) => name[0] === letter).map(() => spec);
  const firstUpdate = sketches.findIndex(({ update }) => update);
  const plan: Plan = {
    buffers: names.map((name) => ({ spec, bytes, place: placeOf(name) })),
    steps: sketches.map(({ reads = [], writes = [], small = false, joins = false }) => ({
      contract: { name: 'sketch', flops: () => (small ? 0 : 8000) },
      call: { inputs: [], outputs: [], attributes: {} },
      inputs: reads.map((name) => names.indexOf(name)),
      outputs: writes.map((name) => names.indexOf(name)),
      label: 'sketch',
      parts: [],
      joins,
    })),
    inputs: count('i'),
    variables: count('v'),
    outputs: count('o'),
    updated: [],
    firstUpdateStep: firstUpdate < 0 ? sketches.length : firstUpdate,
    arenaBytes: 20 * bytes,
  };
  const codes: WasmKernelCode[] = sketches.map(({ stages = [{}], scratchBytes = 0 }) => ({
    stages: stages.map((stage) => ({ items: 64, write: () => undefined, ...stage })),
    scratchBytes,
  }));
  const most = Math.max(0, ...codes.map((code) => code.scratchBytes ?? 0));
  const code = { plan, steps: codes, loops: new Map(), scratchBytes: most, threadScratchBytes: 0 };
  return schedule(code, stretchesOf(plan, placePlan(plan, most, 0)), 1000);
}

/** In short: steps by number, with '+' and their tails, small ones in brackets, further stages with a dot, '|' for a barrier. */
function written(entries: readonly ScheduleEntry[]): string {
  const words = entries.map((entry) => {
    if (entry.kind === 'barrier') return '|';
    if (entry.kind === 'loop') return `loop ${entry.step}`;
    const name = [entry.step, ...entry.tails].join('+') + '.'.repeat(entry.stage);
    return entry.parallel ? name : `(${name})`;
  });
  return words.join(' ');
}

function orderOf(...sketches: readonly Sketch[]): string {
  return written(scheduled(...sketches).beforeUpdates);
}

describe('barriers', () => {
  it('stand at the end, and nowhere between independent steps', () => {
    const text = orderOf(
      { reads: ['i0'], writes: ['0'] },
      { reads: ['i0'], writes: ['1'] },
      { reads: ['v0'], writes: ['o0'] },
    );
    expect(text).toBe('0 1 2 |');
  });

  it('stand before a step that reads what was written', () => {
    const text = orderOf(
      { writes: ['0'] },
      { writes: ['1'] },
      { reads: ['0'], writes: ['2'] },
      { reads: ['1'], writes: ['3'] },
    );
    expect(text).toBe('0 1 | 2 3 |');
  });

  it('stand before a step that writes what was read, or written', () => {
    expect(orderOf({ reads: ['0'], writes: ['1'] }, { writes: ['0'] })).toBe('0 | 1 |');
    expect(orderOf({ writes: ['0'] }, { writes: ['0'] })).toBe('0 | 1 |');
    expect(orderOf({ reads: ['0'], writes: ['1'] }, { reads: ['0'], writes: ['2'] })).toBe('0 1 |');
  });

  it('look at the place in memory, not at the value', () => {
    expect(orderOf({ reads: ['i0'], writes: ['0'] }, { writes: ['0.5'] })).toBe('0 | 1 |');
    expect(orderOf({ writes: ['0'] }, { writes: ['1'] })).toBe('0 1 |');
    // Equal numbers of different kinds of places.
    expect(orderOf({ writes: ['v0'] }, { reads: ['i0'], writes: ['v1'] }, { writes: ['o0'] })).toBe(
      '0 1 2 |',
    );
    expect(orderOf({ writes: ['v0'] }, { reads: ['v0'], writes: ['0'] })).toBe('0 | 1 |');
  });

  it('count from the last barrier on', () => {
    const text = orderOf(
      { writes: ['0'] },
      { reads: ['0'], writes: ['1'] },
      { reads: ['0'], writes: ['2'] },
      { reads: ['2'], writes: ['3'] },
    );
    expect(text).toBe('0 | 1 2 | 3 |');
  });

  it('stand between the stages of a step, and between steps that use the shared scratch memory', () => {
    const twoStages = [{}, {}];
    expect(orderOf({ writes: ['0'], stages: twoStages })).toBe('0 | 0. |');
    expect(orderOf({ writes: ['0'], scratchBytes: 64 }, { writes: ['1'], scratchBytes: 64 })).toBe('0 | 1 |');
    expect(orderOf({ writes: ['0'], scratchBytes: 64 }, { writes: ['1'] })).toBe('0 1 |');
  });

  it('stand behind a stage that may fail', () => {
    expect(orderOf({ writes: ['0'], stages: [{ mayFail: true }] }, { writes: ['1'] })).toBe('0 | 1 |');
    expect(orderOf({ writes: ['0'], small: true, stages: [{ mayFail: true }] }, { writes: ['1'] })).toBe(
      '(0) | 1 |',
    );
  });
});

describe('small steps', () => {
  it('run on the first thread, one behind the other', () => {
    const text = orderOf(
      { writes: ['0'], small: true },
      { reads: ['0'], writes: ['1'], small: true },
      { reads: ['1'], writes: ['0'], small: true },
    );
    expect(text).toBe('(0) (1) (2) |');
  });

  it('wait for those that are split, and the other way round', () => {
    expect(orderOf({ writes: ['0'] }, { reads: ['0'], writes: ['1'], small: true })).toBe('0 | (1) |');
    expect(orderOf({ writes: ['0'], small: true }, { reads: ['0'], writes: ['1'] })).toBe('(0) | 1 |');
    expect(orderOf({ writes: ['0'] }, { writes: ['1'], small: true }, { writes: ['2'] })).toBe('0 (1) 2 |');
  });

  it('are also stages with one item, however much work it is', () => {
    expect(orderOf({ writes: ['0'], stages: [{ items: 1 }] })).toBe('(0) |');
    expect(orderOf({ writes: ['0'], stages: [{ items: 64 }, { items: 1 }] })).toBe('0 | (0.) |');
  });

  it('need no other thread', () => {
    expect(scheduled({ writes: ['0'], small: true }).parallel).toBe(0);
    expect(scheduled({ writes: ['0'] }).parallel).toBe(phases.beforeUpdates);
    expect(scheduled({ writes: ['0'], small: true }, { writes: ['v0'], update: true }).parallel).toBe(
      phases.updates,
    );
    expect(scheduled({ writes: ['0'] }, { writes: ['v0'], update: true }).parallel).toBe(phases.both);
  });
});

describe('a step without stages', () => {
  it('is left out', () => {
    expect(orderOf({ writes: ['0'], stages: [] }, { writes: ['1'] })).toBe('1 |');
    expect(orderOf()).toBe('');
    expect(orderOf({ writes: ['0'], stages: [] })).toBe('');
  });
});

describe('tails', () => {
  const leader: Sketch = { reads: ['i0'], writes: ['0'], stages: [{ elementsPerItem: 4 }] };
  const first: Sketch = { reads: ['0'], writes: ['1'], joins: true };
  const second: Sketch = { reads: ['1'], writes: ['2'], joins: true };

  it('run with the step before, however many', () => {
    expect(orderOf(leader, first, second)).toBe('0+1+2 |');
  });

  it('run behind the last stage', () => {
    expect(orderOf({ ...leader, stages: [{}, { elementsPerItem: 4 }] }, first)).toBe('0 | 0+1. |');
  });

  it('are steps of their own behind a result that does not come in order', () => {
    expect(orderOf({ ...leader, stages: [{}] }, first, second)).toBe('0 | 1 | 2 |');
  });

  it('have one stage', () => {
    expect(orderOf(leader, { ...first, stages: [{}, {}] })).toBe('0 | 1 | 1. |');
    expect(orderOf(leader, first, { ...second, stages: [] })).toBe('0+1 |');
  });

  it('do not reach over the border of the updates', () => {
    const both = scheduled(leader, { ...first, writes: ['v0'], update: true });
    expect(written(both.beforeUpdates)).toBe('0 |');
    expect(written(both.updates)).toBe('1 |');
  });

  it('count for what comes later', () => {
    expect(orderOf(leader, first, { reads: ['1'], writes: ['3'] })).toBe('0+1 | 2 |');
    expect(orderOf(leader, first, { reads: ['4'], writes: ['3'] })).toBe('0+1 2 |');
    // What a tail reads besides must be there.
    expect(orderOf({ writes: ['5'] }, leader, { ...first, reads: ['0', '5'] })).toBe('0 | 1+2 |');
  });

  it('of a small step are as small', () => {
    expect(orderOf({ ...leader, small: true }, first)).toBe('(0+1) |');
  });
});
