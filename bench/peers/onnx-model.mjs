/**
 * The models that predict, as ONNX, from weft's weights. weft has channels last and gates in the order i, f, g, o; ONNX
 * has channels first and gates in the order i, o, f, g. Weights are brought into its order here, so that nothing is at
 * run time.
 */
import proto from 'onnx-proto';

const { onnx } = proto;
const { FLOAT, INT64 } = onnx.TensorProto.DataType;
const { INT, INTS } = onnx.AttributeProto.AttributeType;
/** The newest operators that both runtimes are sure to know, and the version of the file format of that time. */
const operatorSet = 17;
const fileVersion = 8;

/** @typedef {Record<string, { shape: readonly number[], data: Float32Array }>} Weights a state dict of weft */

/**
 * [N, 28, 28] → LSTM → dense, of the last state.
 *
 * @param {Weights} weights
 * @param {readonly number[]} shape of the input
 */
export function rowLstmFile(weights, shape) {
  const graph = new Graph(shape);
  const cell = 'lstm.cells.0';
  const [features, width] = weights[`${cell}.inputWeight`].shape;
  const hidden = width / 4;
  const byGate = (path, rows) => gatesOf(weights[`${cell}.${path}`].data, rows, hidden);
  const biases = Float32Array.from([...byGate('inputBias', 1), ...byGate('recurrentBias', 1)]);
  // The steps first: the runtimes' LSTM knows no other layout.
  const steps = graph.node('Transpose', [graph.input], { perm: [1, 0, 2] });
  const operands = [
    steps,
    graph.weight(byGate('inputWeight', features), [1, width, features]),
    graph.weight(byGate('recurrentWeight', hidden), [1, width, hidden]),
    graph.weight(biases, [1, 2 * width]),
  ];
  // Its first output, the states of all steps, is not asked for.
  graph.add('LSTM', operands, { hidden_size: hidden }, ['', 'last']);
  const states = graph.node('Reshape', ['last', graph.integers([shape[0], hidden])]);
  dense(graph, states, weights, 'head', graph.output);
  return graph.encode([shape[0], 10]);
}

/**
 * [N, 28, 28, 1] → two convolutions, each with relu and pooling → dense, relu → dense.
 *
 * @param {Weights} weights
 * @param {readonly number[]} shape of the input
 */
export function cnnFile(weights, shape) {
  const graph = new Graph(shape);
  const [images, height, width] = shape;
  // With one channel, channels first and channels last are the same numbers.
  let x = graph.node('Reshape', [graph.input, graph.integers([images, 1, height, width])]);
  for (const layer of ['conv1', 'conv2']) {
    const { shape: kernel, data } = weights[`${layer}.weight`];
    const [rows, columns, from, to] = kernel;
    const filters = permuted(data, kernel, [3, 2, 0, 1]);
    const operands = [x, graph.weight(filters, [to, from, rows, columns]), biasOf(graph, weights, layer)];
    x = graph.node('Conv', operands, { kernel_shape: [rows, columns], pads: [1, 1, 1, 1] });
    x = graph.node('Relu', [x]);
    x = graph.node('MaxPool', [x], { kernel_shape: [2, 2], strides: [2, 2] });
  }
  x = graph.node('Flatten', [x]);
  const { shape: matrix, data } = weights['dense1.weight'];
  const [pooledHeight, pooledWidth] = [height / 4, width / 4];
  const channels = matrix[0] / (pooledHeight * pooledWidth);
  const rows = permuted(data, [pooledHeight, pooledWidth, channels, matrix[1]], [2, 0, 1, 3]);
  const first = { ...weights, 'dense1.weight': { shape: matrix, data: rows } };
  x = graph.node('Relu', [dense(graph, x, first, 'dense1')]);
  dense(graph, x, weights, 'head', graph.output);
  return graph.encode([images, 10]);
}

function dense(graph, x, weights, layer, output) {
  const { shape, data } = weights[`${layer}.weight`];
  return graph.node('Gemm', [x, graph.weight(data, shape), biasOf(graph, weights, layer)], {}, output);
}

function biasOf(graph, weights, layer) {
  const { shape, data } = weights[`${layer}.bias`];
  return graph.weight(data, shape);
}

/** [rows, i f g o · hidden] → [i o f g · hidden, rows] */
function gatesOf(data, rows, hidden) {
  const columns = permuted(data, [rows, 4, hidden], [1, 2, 0]);
  const size = hidden * rows;
  const [i, f, g, o] = [0, 1, 2, 3].map((gate) => columns.subarray(gate * size, (gate + 1) * size));
  return Float32Array.from([...i, ...o, ...f, ...g]);
}

/** An array with its axes in another order. */
function permuted(data, shape, order) {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const offsets = order.reduce(
    (starts, axis) =>
      starts.flatMap((start) => Array.from({ length: shape[axis] }, (_, at) => start + at * strides[axis])),
    [0],
  );
  return Float32Array.from(offsets, (offset) => data[offset]);
}

/** A graph from `x` to `scores` while it grows: every value is known by its name. */
class Graph {
  input = 'x';
  output = 'scores';
  #shape;
  #nodes = [];
  #constants = [];

  constructor(shape) {
    this.#shape = shape;
  }

  /** A constant of floats. */
  weight(data, dims) {
    return this.#constant({ dataType: FLOAT, dims, rawData: new Uint8Array(Float32Array.from(data).buffer) });
  }

  /** A constant list of integers, such as a shape. */
  integers(values) {
    const rawData = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    return this.#constant({ dataType: INT64, dims: [values.length], rawData });
  }

  #constant(tensor) {
    const name = `constant${this.#constants.length}`;
    this.#constants.push({ name, ...tensor });
    return name;
  }

  /** Adds a node with one output, and gives the name of that. */
  node(opType, input, attributes = {}, output = `value${this.#nodes.length}`) {
    this.add(opType, input, attributes, [output]);
    return output;
  }

  /** Adds a node with outputs of these names, where '' stands for one that nobody wants. */
  add(opType, input, attributes, output) {
    const attribute = Object.entries(attributes).map(([name, value]) =>
      Array.isArray(value) ? { name, type: INTS, ints: value } : { name, type: INT, i: value },
    );
    this.#nodes.push({ opType, input, output, attribute });
  }

  /** The file. */
  encode(outputShape) {
    const value = (name, shape) => ({
      name,
      type: { tensorType: { elemType: FLOAT, shape: { dim: shape.map((dimValue) => ({ dimValue })) } } },
    });
    return onnx.ModelProto.encode({
      irVersion: fileVersion,
      opsetImport: [{ version: operatorSet }],
      graph: {
        name: 'model',
        node: this.#nodes,
        initializer: this.#constants,
        input: [value(this.input, this.#shape)],
        output: [value(this.output, outputShape)],
      },
    }).finish();
  }
}
