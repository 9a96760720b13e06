/** What users import. Importing it connects the tensors to the devices and gives them their methods. */
import { connect } from './connect.ts';

connect();

export type { KernelCall, KernelContract } from '../kernels/support/contract.ts';
export { backward, grad, type ScalarFunction, valueAndGrad } from './autograd/grad.ts';
export {
  type Checked as GradCheckFunction,
  type GradCheckEntry,
  type GradCheckOptions,
  type GradCheckReport,
  gradCheck,
} from './autograd/grad-check.ts';
export {
  type DeviceName,
  type DeviceOptions,
  deviceInfo,
  deviceNames,
  gpuCounters,
  memory,
  setDevice,
} from './connect.ts';
export * from './data/index.ts';
export type { DeviceInfo, DeviceMemory } from './devices/device.ts';
export type { GpuCounters } from './devices/gpu/counters.ts';
export type { GpuOptions } from './devices/gpu/gpu-options.ts';
export { type KernelSource, kernelSources } from './devices/gpu/sources.ts';
export type { WasmOptions } from './devices/wasm/wasm-options.ts';
export * from './errors.ts';
export * from './metrics/index.ts';
export * from './models/index.ts';
export * from './nn/index.ts';
export * from './ops/activations.ts';
export {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
} from './ops/adaptive-pooling.ts';
export { type AttentionOptions, scaledDotProductAttention } from './ops/attention.ts';
export { broadcastTo, reshape, sum } from './ops/broadcast.ts';
export {
  type Conv1dOptions,
  type Conv2dOptions,
  type ConvTranspose2dOptions,
  conv1d,
  conv2d,
  convTranspose2d,
  type Padding,
  type Pair,
  type StepPadding,
} from './ops/convolution.ts';
export * from './ops/creation.ts';
export { type DropoutOptions, dropout } from './ops/dropout.ts';
export { einsum } from './ops/einsum.ts';
export * from './ops/elementwise.ts';
export { embedding, gather, oneHot, scatter, takeAlongAxis } from './ops/indexing.ts';
export {
  type ComplexTensor,
  complexLinearRecurrence,
  type LinearRecurrenceOptions,
  linearRecurrence,
} from './ops/linear-recurrence.ts';
export { matmul } from './ops/matmul.ts';
export { diag, outer, tril, triu } from './ops/matrices.ts';
export {
  concat,
  expandDims,
  flip,
  pad,
  permute,
  slice,
  split,
  squeeze,
  stack,
  tile,
  transpose,
} from './ops/movement.ts';
export {
  batchNorm,
  groupNorm,
  instanceNorm,
  layerNorm,
  type NormOptions,
  type RmsNormOptions,
  rmsNorm,
} from './ops/normalization.ts';
export { argSort, sort, topK } from './ops/ordering.ts';
export {
  avgPool1d,
  avgPool2d,
  globalAvgPool1d,
  globalAvgPool2d,
  globalMaxPool1d,
  globalMaxPool2d,
  maxPool1d,
  maxPool2d,
  type Pool1dOptions,
  type Pool2dOptions,
} from './ops/pooling.ts';
export { cumulativeMax, cumulativeProduct, prod } from './ops/products.ts';
export {
  all,
  any,
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
export { roll } from './ops/roll.ts';
export { categorical, randomPermutation } from './ops/sampling.ts';
export {
  type ScanOptions,
  type ScanResult,
  type ScanStep,
  scan,
  type Tensors,
  type TreeOfTensors,
} from './ops/scan.ts';
export { logSoftmax, softmax } from './ops/softmax.ts';
export { type UnfoldOptions, unfold } from './ops/unfold.ts';
export { type Upsample2dOptions, upsample2d } from './ops/upsampling.ts';
export * from './optim/index.ts';
export { explain, planOf } from './plan/explain.ts';
export type { Place, Plan, PlanBuffer, PlanLoop, PlanStep } from './plan/plan.ts';
export type { Axes, Operand, OrderOptions, ReduceOptions, SliceIndex } from './tensor/argument-types.ts';
export type { DType, NumericArray, TensorSpec } from './tensor/dtype.ts';
export type { NestedArray } from './tensor/print.ts';
export { seed } from './tensor/random.ts';
export { type CompileOptions, compile, type TensorTree } from './tensor/runtime.ts';
export type { StepPart } from './tensor/scope.ts';
export type { Shape } from './tensor/shape.ts';
export { Tensor } from './tensor/tensor.ts';
export { Parameter, Variable } from './tensor/variable.ts';
export type { TensorMethods } from './tensor-methods.ts';
export * from './train/index.ts';
