/**
 * Two-dimensional convolution and its two gradients as WebAssembly: products with a matrix of windows that is never written.
 *
 * The convolution and its input gradient are both correlations (wasm/correlation.ts), of x and of dY. The weight gradient is
 * a product of another shape, with few rows and columns and a long sum (wasm/weight-gradient.ts).
 */
import type { WasmKernel, WasmStage } from '../support/wasm/wasm-kernel.ts';
import { type Conv2dGeometry, geometryOf } from './geometry.ts';
import {
  type Conv2dAttributes,
  shapesOfConv2d,
  shapesOfConv2dInputGradient,
  shapesOfConv2dWeightGradient,
} from './index.ts';
import { correlationWasm } from './wasm/correlation.ts';
import { forwardAxis, inputGradientAxis } from './wasm/correlation-axis.ts';
import type { WeightSteps } from './wasm/correlation-plan.ts';
import { anyNonFinite, plainInputGradient } from './wasm/non-finite.ts';
import { weightGradientWasm } from './wasm/weight-gradient.ts';

/** y [N,OH,OW,O] from (x [N,H,W,C], weight [KH,KW,C/groups,O]). */
export const conv2dWasm: WasmKernel<Conv2dAttributes> = (call, target) => {
  const geometry = geometryOf(shapesOfConv2d(call), call.attributes);
  const { batch, rows, columns, channels, outChannels, groups, groupChannels, groupOutputs } = geometry;
  const depthwise = isDepthwise(geometry);
  return correlationWasm(
    {
      batch,
      rows: forwardAxis(rows),
      columns: forwardAxis(columns),
      sourceChannels: channels,
      outputChannels: outChannels,
      groups: depthwise ? 1 : groups,
      groupSources: groupChannels,
      groupOutputs: depthwise ? outChannels : groupOutputs,
      depthwise,
      weightSteps: { ...tapSteps(geometry), source: outChannels * 4, output: 4 },
    },
    target,
  );
};

/** dX [N,H,W,C] from (dY [N,OH,OW,O], weight [KH,KW,C/groups,O]): a correlation with the weights turned around. */
export const conv2dInputGradientWasm: WasmKernel<Conv2dAttributes> = (call, target) => {
  const geometry = geometryOf(shapesOfConv2dInputGradient(call), call.attributes);
  const { batch, channels, outChannels, groups, groupChannels, groupOutputs } = geometry;
  const rows = inputGradientAxis(geometry.rows);
  const columns = inputGradientAxis(geometry.columns);
  const depthwise = isDepthwise(geometry);
  const code = correlationWasm(
    {
      batch,
      rows,
      columns,
      sourceChannels: outChannels,
      outputChannels: channels,
      groups: depthwise ? 1 : groups,
      groupSources: groupOutputs,
      groupOutputs: depthwise ? channels : groupChannels,
      depthwise,
      weightSteps: { ...tapSteps(geometry), source: 4, output: depthwise ? 4 : outChannels * 4 },
    },
    target,
  );
  const zeros = [rows, columns].some(({ zerosBefore, zerosBehind }) => zerosBefore + zerosBehind > 0);
  const last = code.stages.at(-1);
  if (!zeros || !last) return code;
  const weights = geometry.windowSize * outChannels;
  const write: WasmStage['write'] = (f, range, memory) => {
    last.write(f, range, memory);
    f.if(anyNonFinite(f, memory.inputs[1], weights), () =>
      plainInputGradient(f, geometry, memory, range.first, range.end),
    );
  };
  return { ...code, stages: [...code.stages.slice(0, -1), { ...last, write }] };
};

/** dWeight [KH,KW,C/groups,O] from (x [N,H,W,C], dY [N,OH,OW,O]). */
export const conv2dWeightGradientWasm: WasmKernel<Conv2dAttributes> = (call, target) => {
  const geometry = geometryOf(shapesOfConv2dWeightGradient(call), call.attributes);
  return weightGradientWasm(geometry, isDepthwise(geometry), target);
};

/** One output for each channel: then the lanes of a vector are channels, each with the weights of its own. */
function isDepthwise({ groups, groupChannels, groupOutputs }: Conv2dGeometry): boolean {
  return groups > 1 && groupChannels === 1 && groupOutputs === 1;
}

function tapSteps({
  columns,
  groupChannels,
  outChannels,
  groupOutputs,
}: Conv2dGeometry): Pick<WeightSteps, 'tapRow' | 'tapColumn' | 'group'> {
  const tapColumn = groupChannels * outChannels * 4;
  return { tapRow: columns.taps * tapColumn, tapColumn, group: groupOutputs * 4 };
}
