/** Operands of the binary operators, drawn as their rows say. */
import type { BinaryOperands } from '../../kernels/elementwise/operators/row.ts';
import { tensor } from '../../src/ops/creation.ts';
import { type Shape, sizeOf } from '../../src/tensor/shape.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import type { Numbers } from './numbers.ts';

/** Two float32 operands of one shape. */
export function drawPair(numbers: Numbers, shape: Shape, from: BinaryOperands): readonly [Tensor, Tensor] {
  if (from === 'apart') return apart(numbers, shape);
  if ('divisor' in from) {
    const divisor = numbers.real(shape, ...from.divisor);
    const divisors = divisor.node.values[0] as Float32Array;
    const dividends = divisors.map((value) => value * (numbers.whole(-5, 5) + 0.2 + 0.6 * numbers.next()));
    return [tensor(dividends, { shape }), divisor];
  }
  const [a, b] = from;
  return [numbers.real(shape, ...a), numbers.real(shape, ...b)];
}

/** Two operands that differ by at least 0.1 in every element, either way round. */
function apart(numbers: Numbers, shape: Shape): readonly [Tensor, Tensor] {
  const data = numbers.distinct([2, ...shape], 0.2).node.values[0] as Float32Array;
  return [tensor(data.slice(0, sizeOf(shape)), { shape }), tensor(data.slice(sizeOf(shape)), { shape })];
}
