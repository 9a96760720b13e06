/** The mLSTM and the layer of Vision-LSTM, written out: a loop over time. */
import * as weft from '../../src/index.ts';

/** x […, F] times a block-diagonal weight [1, block, F], plus the bias. */
function projected({ weight, bias }: weft.Conv1d, x: weft.Tensor): weft.Tensor {
  const block = weight.shape[1];
  const columns = Array.from({ length: weight.shape[2] / block }, (_, index) => {
    const range = [index * block, (index + 1) * block] as const;
    const weights = weight.slice(0, null, range);
    return x.slice(null, null, range).matmul(weights);
  });
  return weft.concat(columns, -1).add(bias!);
}

/**
 * What the layer gives for x [N, T, F] with this value: C ← σ(f̃) C + exp(ĩ - m) k vᵀ, h = Cᵀq / max(|n·q|, exp(-m)), with one m
 * per sequence and head, the largest ĩ.
 */
export function writtenMLSTM(layer: weft.MLSTM, x: weft.Tensor, value = x): weft.Tensor {
  const { heads, inputs, options, norm } = layer;
  const [n, steps] = x.shape;
  const size = inputs / heads;
  const [q, k] = [layer.query, layer.key].map((each) => projected(each, x));
  const v = projected(layer.value, value);
  const ofGates = weft.concat([q, k, v], -1);
  const gate = ({ weight, bias }: weft.Dense) => ofGates.matmul(weight).add(bias!);
  const logInput = gate(layer.inputGate);
  const m = weft.stopGradient(logInput.max(1, { keepDims: true }));
  const [input, forget] = [logInput.sub(m).exp(), gate(layer.forgetGate).sigmoid()];
  const least = m.neg().exp().reshape(n, heads, 1);
  let memory = weft.zeros([n, heads, size, size]);
  let total = weft.zeros([n, heads, size]);
  const outputs: weft.Tensor[] = [];
  for (let position = 0; position < steps; position++) {
    const t = options.reverse ? steps - 1 - position : position;
    const [qt, kt, vt] = [q, k, v].map((each) => each.slice(null, t).reshape(n, heads, size));
    const [it, ft] = [input, forget].map((each) => each.slice(null, t).reshape(n, heads, 1));
    memory = memory.mul(ft.expandDims(-1)).add(it.mul(kt).expandDims(-1).mul(vt.expandDims(-2)));
    total = total.mul(ft).add(it.mul(kt));
    const asked = qt.div(Math.sqrt(size));
    const among = asked.mul(total).sum(-1, { keepDims: true }).abs().maximum(least);
    const read = asked.expandDims(-1).mul(memory).sum(-2).div(among);
    const centered = read.sub(read.mean(-1, { keepDims: true }));
    const spread = centered.square().mean(-1, { keepDims: true });
    outputs[t] = centered.div(spread.add(norm.epsilon).sqrt()).reshape(n, inputs);
  }
  return weft.stack(outputs, 1).mul(norm.scale!).add(norm.shift!);
}

/** What the layer gives for x [N, H, W, C]. */
export function writtenVisionLSTM(layer: weft.VisionLSTM, x: weft.Tensor): weft.Tensor {
  const [n, height, width] = x.shape;
  const { up, conv, mlstm, skip, down } = layer;
  const silu = (z: weft.Tensor) => z.mul(z.sigmoid());
  const [inner, gate] = x.matmul(up.weight).add(up.bias!).split(2, -1);
  let convolved = conv.bias!.expandDims(0);
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column < 3; column++) {
      const moved = weft
        .pad(inner, [
          [0, 0],
          [1, 1],
          [1, 1],
          [0, 0],
        ])
        .slice(null, [row, row + height], [column, column + width]);
      convolved = convolved.add(moved.mul(conv.weight.slice(row, column, 0)));
    }
  }
  const mixed = silu(convolved);
  const sequence = (grid: weft.Tensor) => grid.reshape(n, height * width, -1);
  const read = writtenMLSTM(mlstm, sequence(mixed), sequence(inner)).reshape(n, height, width, -1);
  return read.add(skip.mul(mixed)).mul(silu(gate)).matmul(down.weight).add(down.bias!);
}
