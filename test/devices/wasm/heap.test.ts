/** The heap of the wasm device: blocks that never meet, holes that are filled again, and an end that harms nothing. */
import { describe, expect, it } from 'vitest';
import { Heap } from '../../../src/devices/wasm/heap.ts';
import { alignment, controlBytes, padding } from '../../../src/devices/wasm/layout.ts';
import { HeapExhaustedError } from '../../../src/errors.ts';
import { Numbers } from '../../support/numbers.ts';

const page = 65536;

function heapOf(pages = 64): Heap {
  return new Heap(false, pages * page);
}

describe.each([true, false])('a heap, shared: %s', (shared) => {
  it('gives aligned blocks behind the control words, with room behind them', () => {
    const heap = new Heap(shared, 64 * page);
    let end = controlBytes;
    for (const bytes of [1, 0, 64, 65, 1000, 3]) {
      const address = heap.allocate(bytes, 'a test');
      expect(address % alignment).toBe(0);
      expect(address).toBeGreaterThanOrEqual(end);
      end = address + bytes + padding;
      expect(end).toBeLessThanOrEqual(heap.size);
    }
  });

  it('grows, keeps what it holds, and its views see all of it', () => {
    const heap = new Heap(shared, 64 * page);
    const first = heap.allocate(4, 'a test');
    heap.floats[first >> 2] = 1.5;
    const second = heap.allocate(20 * page, 'a test');
    heap.words[(second + 20 * page - 4) >> 2] = 7;
    expect(heap.floats[first >> 2]).toBe(1.5);
    expect(heap.bytes[second + 20 * page - 4]).toBe(7);
    for (const view of [heap.bytes, heap.floats, heap.words]) expect(view.byteLength).toBe(heap.size);
    expect(heap.memory.buffer instanceof SharedArrayBuffer).toBe(shared);
  });
});

describe('free blocks', () => {
  it('are given out again, the first that is large enough', () => {
    const heap = heapOf();
    const [a, , c] = [100, 100, 1000, 100].map((bytes) => heap.allocate(bytes, 'a test'));
    heap.free(a, 100);
    heap.free(c, 1000);
    expect(heap.allocate(500, 'a test')).toBe(c);
    expect(heap.allocate(80, 'a test')).toBe(a);
    expect(heap.allocate(300, 'a test')).toBe(c + 576);
  });

  it.each([
    [0, 1, 2],
    [0, 2, 1],
    [2, 1, 0],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
  ])('join with their neighbors, freed in the order %d %d %d', (...order) => {
    const heap = heapOf();
    const blocks = [100, 200, 300].map((bytes) => ({ bytes, address: heap.allocate(bytes, 'a test') }));
    const behind = heap.allocate(64, 'a test');
    for (const at of order) heap.free(blocks[at].address, blocks[at].bytes);
    const whole = behind - blocks[0].address;
    expect(heap.allocate(whole - padding, 'a test')).toBe(blocks[0].address);
  });

  it('at the end leave the end where it was', () => {
    const heap = heapOf();
    const a = heap.allocate(100, 'a test');
    const b = heap.allocate(5 * page, 'a test');
    heap.free(a, 100);
    heap.free(b, 5 * page);
    const { size } = heap;
    expect(heap.allocate(5 * page, 'a test')).toBe(a);
    expect(heap.size).toBe(size);
  });

  it('never meet what is in use, whatever the order', () => {
    const numbers = new Numbers(5);
    const heap = heapOf(512);
    const used: { address: number; bytes: number }[] = [];
    for (let step = 0; step < 3000; step++) {
      if (numbers.next() < 0.55 || used.length === 0) {
        const bytes = numbers.pick([0, 1, 64, numbers.whole(1, 5000), numbers.whole(1, 50_000)]);
        const address = heap.allocate(bytes, 'a test');
        expect(address).toBeGreaterThanOrEqual(controlBytes);
        for (const other of used) {
          const apart =
            address + bytes + padding <= other.address || other.address + other.bytes + padding <= address;
          expect(apart).toBe(true);
        }
        used.push({ address, bytes });
        if (used.length > 100) {
          for (const { address, bytes } of used.splice(0, 60)) heap.free(address, bytes);
        }
      } else {
        const [{ address, bytes }] = used.splice(numbers.whole(0, used.length - 1), 1);
        heap.free(address, bytes);
      }
    }
    for (const { address, bytes } of used) heap.free(address, bytes);
    // All is one hole again.
    expect(heap.allocate(heap.size - controlBytes - 2 * padding, 'a test')).toBe(
      heapOf().allocate(1, 'a test'),
    );
  });
});

describe('a heap at its limit', () => {
  it('says what was asked, what there may be, and the cure, and goes on as before', () => {
    const heap = heapOf(4);
    const kept = heap.allocate(page, 'a test');
    heap.floats[kept >> 2] = 2.5;
    const { size } = heap;
    let thrown: unknown;
    try {
      heap.allocate(10 * page, 'the values of a plan');
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(HeapExhaustedError);
    const { message } = thrown as HeapExhaustedError;
    expect(message).toContain('the values of a plan');
    expect(message).toContain('640 KiB');
    expect(message).toContain('256 KiB');
    expect(message).toMatch(/smaller batches/);
    expect(message).toMatch(/memoryLimit/);
    expect(heap.size).toBe(size);
    expect(heap.floats[kept >> 2]).toBe(2.5);
    // All that is left can still be had, to the last block.
    const rest = 4 * page - (kept + page + padding) - padding;
    expect(heap.allocate(rest, 'a test')).toBe(kept + page + padding);
    expect(heap.size).toBe(4 * page);
    expect(() => heap.allocate(0, 'a test')).toThrow(HeapExhaustedError);
    heap.free(kept, page);
    expect(heap.allocate(page, 'a test')).toBe(kept);
  });
});
