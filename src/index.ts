/** What users import. Importing it connects the tensors to the cpu device and gives them their methods. */
import { connect } from './runtime.ts';

connect();

export { backward, grad, valueAndGrad } from './autograd/grad.ts';
export {
  type GradCheckEntry,
  type GradCheckOptions,
  type GradCheckReport,
  gradCheck,
} from './autograd/gradCheck.ts';
export * from './data/index.ts';
export * from './errors.ts';
export * from './nn/index.ts';
export * from './ops/activations.ts';
export { broadcastTo, reshape, sum } from './ops/broadcast.ts';
export { conv1d, conv2d, convTranspose2d } from './ops/convolution.ts';
export * from './ops/creation.ts';
export { dropout } from './ops/dropout.ts';
export { einsum } from './ops/einsum.ts';
export {
  abs,
  add,
  cast,
  ceil,
  clamp,
  cos,
  divide,
  equal,
  erf,
  exp,
  expm1,
  floor,
  greater,
  greaterEqual,
  less,
  lessEqual,
  log,
  log1p,
  logicalAnd,
  logicalNot,
  logicalOr,
  maximum,
  minimum,
  multiply,
  negate,
  notEqual,
  type Operand,
  power,
  reciprocal,
  remainder,
  round,
  rsqrt,
  sigmoid,
  sign,
  sin,
  sqrt,
  square,
  stopGradient,
  subtract,
  tanh,
  where,
} from './ops/elementwise.ts';
export { embedding, gather, oneHot, scatter, takeAlongAxis } from './ops/indexing.ts';
export { matmul } from './ops/matmul.ts';
export {
  concat,
  expandDims,
  flip,
  pad,
  permute,
  type SliceIndex,
  slice,
  split,
  squeeze,
  stack,
  tile,
  transpose,
} from './ops/movement.ts';
export { batchNorm, groupNorm, layerNorm } from './ops/normalization.ts';
export { avgPool2d, globalAvgPool2d, globalMaxPool2d, maxPool2d } from './ops/pooling.ts';
export {
  argMax,
  argMin,
  cumulativeSum,
  logSumExp,
  max,
  mean,
  min,
  norm,
  standardDeviation,
  variance,
} from './ops/reduce.ts';
export { logSoftmax, softmax } from './ops/softmax.ts';
export * from './optim/index.ts';
export { explain } from './plan/explain.ts';
export { deviceInfo, deviceNames, memory, setDevice } from './runtime.ts';
export type { DType } from './tensor/dtype.ts';
export { seed } from './tensor/random.ts';
export { compile } from './tensor/runtime.ts';
export type { Shape } from './tensor/shape.ts';
export { Tensor } from './tensor/tensor.ts';
export { Parameter, Variable } from './tensor/variable.ts';
export * from './train/index.ts';
