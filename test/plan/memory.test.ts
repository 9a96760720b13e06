/** The arena: blocks that are alive at the same time never share memory, and dead ones give theirs away. */
import { describe, expect, it } from 'vitest';
import '../../src/index.ts';
import { captureGraph } from '../../src/plan/capture.ts';
import { type Lifetime, placeInArena } from '../../src/plan/memory.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { makePlan } from '../../src/plan/planner.ts';
import { Numbers } from '../support/numbers.ts';
import { chosen, expression, leavesOf } from './expressions.ts';

interface Placed extends Lifetime {
  readonly offset: number;
}

/** Two blocks that share both time and bytes. */
function overlap(blocks: readonly Placed[]): readonly [Placed, Placed] | undefined {
  for (const [position, a] of blocks.entries()) {
    for (const b of blocks.slice(position + 1)) {
      const together = a.from <= b.to && b.from <= a.to;
      if (together && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes) return [a, b];
    }
  }
  return undefined;
}

function randomLifetimes(seed: number): Lifetime[] {
  const numbers = new Numbers(seed);
  return Array.from({ length: numbers.whole(0, 40) }, () => {
    const from = numbers.whole(0, 20);
    return {
      bytes: numbers.pick([0, 1, 63, 64, 65, numbers.whole(0, 5000)]),
      from,
      to: from + numbers.whole(0, 8),
    };
  });
}

describe('placeInArena', () => {
  it('keeps blocks apart that are alive together, aligned and inside the arena', () => {
    for (let seed = 0; seed < 500; seed++) {
      const blocks = randomLifetimes(seed);
      const { offsets, bytes } = placeInArena(blocks);
      const placed = blocks.map((block, k) => ({ ...block, offset: offsets[k] }));
      expect(overlap(placed), `seed ${seed}`).toBeUndefined();
      for (const block of placed) {
        expect(block.offset % 64).toBe(0);
        expect(block.offset + block.bytes).toBeLessThanOrEqual(bytes);
      }
    }
  });

  it('uses the place of dead blocks again', () => {
    const blocks = Array.from({ length: 100 }, (_, k) => ({ bytes: 1024, from: k, to: k + 1 }));
    expect(placeInArena(blocks).bytes).toBe(2048);
  });

  it('needs nothing for nothing', () => {
    expect(placeInArena([])).toEqual({ offsets: [], bytes: 0 });
  });
});

/** Where a plan keeps its intermediate values, with the first and last step that touches each. */
function arenaOf({ buffers, steps }: Plan): Placed[] {
  return buffers.flatMap(({ bytes, place }, index) => {
    if (place.kind !== 'arena') return [];
    const touched = steps.flatMap(({ inputs, outputs }, step) =>
      inputs.includes(index) || outputs.includes(index) ? [step] : [],
    );
    return [{ bytes, offset: place.offset, from: Math.min(...touched), to: Math.max(...touched) }];
  });
}

describe('plans of random expressions', () => {
  it('keep values apart that are alive together, and write each before it is read', () => {
    for (let recipe = 0; recipe < 200; recipe++) {
      const { graph } = captureGraph(chosen(recipe, expression(recipe, leavesOf(recipe))));
      const plan = makePlan(graph);
      const arena = arenaOf(plan);
      expect(overlap(arena), `recipe ${recipe}`).toBeUndefined();
      for (const { offset, bytes } of arena) expect(offset + bytes).toBeLessThanOrEqual(plan.arenaBytes);
      const written = new Set(
        plan.buffers.flatMap(({ place }, index) => (place.kind === 'input' ? [index] : [])),
      );
      for (const { inputs, outputs } of plan.steps) {
        for (const buffer of inputs) expect(written.has(buffer), `recipe ${recipe}`).toBe(true);
        for (const buffer of outputs) written.add(buffer);
      }
    }
  });

  it('touch inputs only to read them', () => {
    for (let recipe = 0; recipe < 200; recipe++) {
      const plan = makePlan(captureGraph(chosen(recipe, expression(recipe, leavesOf(recipe)))).graph);
      for (const { outputs } of plan.steps) {
        for (const buffer of outputs) expect(plan.buffers[buffer].place.kind).not.toBe('input');
      }
    }
  });
});
