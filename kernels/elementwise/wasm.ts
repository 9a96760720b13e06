/**
 * The fused elementwise kernel as WebAssembly: one loop over the points, four at a time, that loads what the program
 * reads, keeps every register in a vector register, and stores the outputs.
 */

import { bytesPerElement, type DType, sizeOf } from '../support/contract.ts';
import { type FunctionBuilder, i32, type Local } from '../support/wasm/assembler/index.ts';
import type { WasmKernel, WasmStage } from '../support/wasm/wasm-kernel.ts';
import type { ElementwiseAttributes } from './index.ts';
import { iterationSpaceOf, type Space } from './wasm/iteration-space.ts';
import { storeFour, storeSome } from './wasm/loads.ts';
import { ProgramWalk, type Visitor } from './wasm/program-walk.ts';

/** Ranges begin at whole cache lines of floats, so that no two threads write to the same one. */
const grain = 16;
/** Rows and columns of a block of points that is read across: a line of the cache has 16 floats, and 32 lines stay in it. */
const blockRows = 16;
const blockColumns = 32;

/** Items are points in row-major order, which is the order of the outputs' elements. */
export const elementwiseWasm: WasmKernel<ElementwiseAttributes> = ({ attributes }, target) => {
  const { shape, stores } = attributes;
  const items = sizeOf(shape);
  if (items === 0 || stores.length === 0) return { stages: [] };
  const space = iterationSpaceOf(attributes);
  const axes = space.axes.map((_, axis) => axis);

  const write: WasmStage['write'] = (f, range, { inputs, outputs }) => {
    const walk = new ProgramWalk(f, target, attributes, space, inputs);
    const sinks = outputs.map((output, at): Sink => {
      const dtype = walk.types[stores[at]];
      return { register: stores[at], dtype, output, pointer: f.local('i32') };
    });
    const visitor = storing(f, sinks);
    const visit = (outer: readonly number[], first: Local<'i32'>, end: Local<'i32'>): void => {
      walk.goTo({ axes, position: first });
      for (const { dtype, output, pointer } of sinks) {
        f.set(pointer, i32.add(output, i32.multiply(first, bytesPerElement[dtype])));
      }
      walk.visit(outer, i32.subtract(end, first), visitor);
    };
    if (!readsAcross(space)) visit(axes.slice(0, -1), range.first, range.end);
    else forBlocks(f, walk.row.length, range, (first, end) => visit([], first, end));
  };
  return { stages: [{ items, grain, elementsPerItem: 1, write }] };
};

/** One output, and where its element of the current point goes. */
interface Sink {
  readonly register: number;
  readonly dtype: DType;
  readonly output: Local<'i32'>;
  readonly pointer: Local<'i32'>;
}

/**
 * Stores the outputs wherever the walk goes. An output may lie over an input that is read in the same order: so
 * everything is loaded for a vector of points before anything is stored.
 */
function storing(f: FunctionBuilder, sinks: readonly Sink[]): Visitor {
  return {
    several: (evaluate, vectors) => {
      for (let vector = 0; vector < vectors; vector++) {
        const registers = evaluate(vector);
        for (const { register, dtype, pointer } of sinks) {
          storeFour(f, dtype, pointer, registers[register], vector * 4 * bytesPerElement[dtype]);
        }
      }
    },
    one: (registers, count) => {
      f.if(
        i32.equal(count, 4),
        () => {
          for (const { register, dtype, pointer } of sinks) storeFour(f, dtype, pointer, registers[register]);
        },
        () => {
          for (const { register, dtype, pointer } of sinks) {
            storeSome(f, dtype, pointer, registers[register], count);
          }
        },
      );
    },
    moved: (points) => {
      for (const { dtype, pointer } of sinks) {
        f.increase(pointer, i32.multiply(points, bytesPerElement[dtype]));
      }
    },
  };
}

/**
 * Whether a load is transposed: each element of a long row comes from another cache line, the next row from the same
 * ones. Row by row, every line would have left the cache before the next row wants it.
 */
function readsAcross({ axes, loads }: Space): boolean {
  const inner = axes[axes.length - 1];
  const outer = axes.at(-2);
  if (!outer || inner.length < 2 * blockColumns) return false;
  return loads.some(
    (_, load) => Math.abs(inner.strides[load]) >= blockRows && Math.abs(outer.strides[load]) <= 1,
  );
}

/**
 * Visits the points of a range block by block:
 *
 *     for each 16 rows
 *       for each 32 columns
 *         for each of these rows
 *           the points of the row in these columns      [first, end)
 */
function forBlocks(
  f: FunctionBuilder,
  rowLength: number,
  range: { readonly first: Local<'i32'>; readonly end: Local<'i32'> },
  visit: (first: Local<'i32'>, end: Local<'i32'>) => void,
): void {
  const top = f.keep(i32.divide(range.first, rowLength));
  const endRow = f.keep(i32.divide(i32.add(range.end, rowLength - 1), rowLength));
  const bottom = f.local('i32');
  const first = f.local('i32');
  const end = f.local('i32');
  f.while(i32.less(top, endRow), () => {
    f.set(bottom, i32.add(top, blockRows));
    f.set(bottom, i32.minimum(bottom, endRow));
    f.for(0, rowLength, blockColumns, (column) => {
      f.for(top, bottom, 1, (row) => {
        const start = f.keep(i32.multiply(row, rowLength));
        f.set(end, i32.add(column, blockColumns));
        f.set(end, i32.add(start, i32.minimum(end, rowLength)));
        f.set(end, i32.minimum(end, range.end));
        f.set(first, i32.add(start, column));
        f.set(first, i32.maximum(first, range.first));
        f.if(i32.less(first, end), () => visit(first, end));
      });
    });
    f.set(top, bottom);
  });
}
