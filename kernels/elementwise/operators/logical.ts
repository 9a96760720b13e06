/** Logic on bools. */
import { v128 } from '../../support/wasm/assembler/index.ts';
import type { BinaryRow, UnaryRow } from './row.ts';

export const unary = {
  /** Whether it is false. */
  logicalNot: {
    work: 1,
    bool: {
      value: (x) => Number(x === 0),
      cpu(count, out, outAt, a, aAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] ^ 1;
      },
      wasm: (_f, _target, a) => v128.not(a),
      gpu: (_f, a) => `1.0 - ${a}`,
    },
  },
} satisfies Record<string, UnaryRow>;

export const binary = {
  /** Whether both are true. */
  logicalAnd: {
    work: 1,
    bool: {
      value: (a, b) => Number(a !== 0 && b !== 0),
      cpu(count, out, outAt, a, aAt, b, bAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] & b[bAt + i];
      },
      wasm: (_f, _target, a, b) => v128.and(a, b),
      gpu: (_f, a, b) => `${a} * ${b}`,
    },
  },
  /** Whether at least one is true. */
  logicalOr: {
    work: 1,
    bool: {
      value: (a, b) => Number(a !== 0 || b !== 0),
      cpu(count, out, outAt, a, aAt, b, bAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] | b[bAt + i];
      },
      wasm: (_f, _target, a, b) => v128.or(a, b),
      gpu: (_f, a, b) => `Math.max(${a}, ${b})`,
    },
  },
} satisfies Record<string, BinaryRow>;
