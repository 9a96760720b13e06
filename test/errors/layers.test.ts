/** Bad input to layers: another rank, size or dtype, and options that no layer takes. */
import { describe, test } from 'vitest';
import {
  AvgPool2d,
  BatchNorm,
  ColumnsToSequence,
  Conv1d,
  Conv2d,
  ConvTranspose2d,
  Dense,
  Dropout,
  DTypeError,
  Embedding,
  Flatten,
  GlobalAvgPool2d,
  GlobalMaxPool2d,
  GRU,
  GroupNorm,
  IndexError,
  LayerNorm,
  LeakyReLU,
  LRU,
  LSTM,
  LSTMCell,
  MaxPool1d,
  MaxPool2d,
  MinGRU,
  Module,
  MultiHeadAttention,
  OptionError,
  Readout,
  ReLU,
  RNN,
  RowsToSequence,
  Sequential,
  ShapeError,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index.ts';
import { type ErrorClass, int32, refuses, untyped } from './support.ts';

describe('a layer refuses another rank, size or dtype, and is named', () => {
  const layers: Record<string, [() => Sequential, [input: Tensor, kind: ErrorClass, pieces: string[]][]]> = {
    dense: [
      () => new Sequential({ head: new Dense(256, 10) }),
      [
        [
          zeros([64, 320]),
          ShapeError,
          ['dense "head": got [N=64, F=320]', 'last axis 256', 'Dense(320, 10)'],
        ],
        [zeros([]), ShapeError, ['dense "head": got [] (rank 0)', 'rank 1 or more']],
        [zeros([2, 256], 'int32'), DTypeError, ['layer "head": got int32', 'float32', 'cast']],
      ],
    ],
    conv1d: [
      () => new Sequential({ scan: new Conv1d(3, 2, 3) }),
      [
        [zeros([2, 5]), ShapeError, ['conv1d "scan": got [2, 5] (rank 2)', '[N, T, C=3] (rank 3)']],
        [zeros([2, 5, 4]), ShapeError, ['conv1d "scan": got [N=2, T=5, C=4]', '[N, T, C=3]', 'Conv1d(4, …)']],
        [
          zeros([2, 2, 3]),
          ShapeError,
          ['conv1d in layer "scan": got a kernel that covers [T=3] of', '[T=2]'],
        ],
        [zeros([2, 5, 3], 'int32'), DTypeError, ['conv1d in layer "scan": got int32']],
      ],
    ],
    conv2d: [
      () => new Sequential({ front: new Sequential({ conv1: new Conv2d(3, 8, 5) }) }),
      [
        [zeros([9, 9, 3]), ShapeError, ['conv2d "front.conv1": got [9, 9, 3] (rank 3)', '[N, H, W, C=3]']],
        [zeros([2, 3, 9, 9]), ShapeError, ['got [N=2, H=3, W=9, C=9]', 'C=3', 'transpose channels-first']],
        [
          zeros([2, 4, 9, 3]),
          ShapeError,
          ['"front.conv1": got a kernel that covers [H=5, W=5]', '[H=4, W=9]'],
        ],
        [zeros([2, 9, 9, 3], 'bool'), DTypeError, ['"front.conv1": got bool, expected float32']],
      ],
    ],
    convTranspose2d: [
      () => new Sequential({ up: new ConvTranspose2d(3, 2, 3, { padding: 2 }) }),
      [
        [zeros([5, 5, 3]), ShapeError, ['convTranspose2d "up": got [5, 5, 3]', '[N, H, W, C=3]']],
        [zeros([2, 5, 5, 1]), ShapeError, ['convTranspose2d "up": got [N=2, H=5, W=5, C=1]']],
        [zeros([2, 2, 2, 3]), ShapeError, ['layer "up"', '[OH=0, OW=0]', 'Lower the padding']],
        [zeros([2, 5, 5, 3], 'int32'), DTypeError, ['layer "up": got int32']],
      ],
    ],
    maxPool2d: [
      () => new Sequential({ pool: new MaxPool2d(3) }),
      [
        [zeros([2, 5, 3]), ShapeError, ['maxPool2d "pool": got [2, 5, 3] (rank 3)', '[N, H, W, C]']],
        [zeros([2, 2, 5, 1]), ShapeError, ['layer "pool": got a window of 3×3 over an image [H=2, W=5]']],
        [zeros([2, 5, 5, 3], 'int32'), DTypeError, ['layer "pool": got int32']],
      ],
    ],
    avgPool2d: [
      () => new Sequential({ pool: new AvgPool2d(3) }),
      [
        [zeros([2, 5]), ShapeError, ['avgPool2d "pool": got [2, 5] (rank 2)']],
        [zeros([2, 5, 2, 1]), ShapeError, ['layer "pool": got a window of 3×3', '[H=5, W=2]']],
        [zeros([2, 5, 5, 3], 'int32'), DTypeError, ['layer "pool": got int32']],
      ],
    ],
    globalPools: [
      () => new Sequential({ mean: new GlobalAvgPool2d() }),
      [
        [zeros([2, 5, 3]), ShapeError, ['layer "mean": got [2, 5, 3] (rank 3)']],
        [zeros([2, 0, 5, 1]), ShapeError, ['layer "mean": got [N=2, H=0, W=5, C=1]', 'at least one pixel']],
        [zeros([2, 5, 5, 3], 'int32'), DTypeError, ['layer "mean": got int32']],
      ],
    ],
    globalMaxPool2d: [
      () => new Sequential({ peak: new GlobalMaxPool2d() }),
      [
        [zeros([2, 5, 3]), ShapeError, ['layer "peak": got [2, 5, 3] (rank 3)']],
        [zeros([2, 0, 5, 1]), ShapeError, ['layer "peak": got [N=2, H=0']],
      ],
    ],
    batchNorm: [
      () => new Sequential({ norm: new BatchNorm(3) }),
      [
        [zeros([3]), ShapeError, ['batchNorm "norm": got [F=3] (rank 1)', 'rank 2 or more']],
        [zeros([2, 4]), ShapeError, ['batchNorm "norm": got [N=2, F=4]', 'last axis 3', 'BatchNorm(4)']],
        [zeros([1, 3]), ShapeError, ['1 value a feature', 'at least 2', 'eval()']],
      ],
    ],
    layerNorm: [
      () => new Sequential({ norm: new LayerNorm([4, 3]) }),
      [
        [zeros([3]), ShapeError, ['layerNorm "norm": got [F=3] (rank 1)', 'last axes 4, 3']],
        [zeros([2, 3, 3]), ShapeError, ['layerNorm "norm": got [N=2, T=3, F=3]', 'last axes 4, 3']],
      ],
    ],
    groupNorm: [
      () => new Sequential({ norm: new GroupNorm(2, 4) }),
      [
        [zeros([4]), ShapeError, ['groupNorm "norm": got [F=4] (rank 1)']],
        [zeros([2, 5]), ShapeError, ['groupNorm "norm": got [N=2, F=5]', 'last axis 4']],
      ],
    ],
    embedding: [
      () => new Sequential({ words: new Embedding(5, 2) }),
      [
        [
          zeros([2]),
          DTypeError,
          ['embedding "words": got float32[F=2]', 'int32 indices from 0 to 4', "cast('int32')"],
        ],
      ],
    ],
    dropout: [
      () => new Sequential({ drop: new Dropout(0.5) }),
      [[zeros([2], 'int32'), DTypeError, ['dropout in layer "drop": got int32']]],
    ],
    rowsToSequence: [
      () => new Sequential({ rows: new RowsToSequence() }),
      [
        [
          zeros([28, 28]),
          ShapeError,
          ['rowsToSequence "rows": got [28, 28] (rank 2)', 'reshape(1, H, W, 1)'],
        ],
      ],
    ],
    columnsToSequence: [
      () => new Sequential({ columns: new ColumnsToSequence() }),
      [[zeros([2, 3, 3]), ShapeError, ['columnsToSequence "columns": got [2, 3, 3]', '[N, H, W, C]']]],
    ],
    flatten: [
      () => new Sequential({ flat: new Flatten() }),
      [[zeros([]), ShapeError, ['flatten "flat": got [] (rank 0)', '[N, …]']]],
    ],
  };
  for (const [name, [make, cases]] of Object.entries(layers)) {
    test(name, async () => {
      for (const [input, kind, pieces] of cases) await refuses(() => make().call(input), kind, ...pieces);
    });
  }

  const recurrent = { rnn: () => new RNN(3, 2), gru: () => new GRU(3, 2), lstm: () => new LSTM(3, 2) };
  for (const [kind, make] of Object.entries(recurrent)) {
    test(kind, async () => {
      const model = new Sequential({ rec: untyped<Module>(make()) });
      await refuses(() => model.call(zeros([2, 3])), ShapeError, `${kind} "rec": got [2, 3]`, '[N, T, F=3]');
      await refuses(() => model.call(zeros([2, 4, 5])), ShapeError, 'got [N=2, T=4, F=5]', 'for 5 inputs');
      await refuses(() => model.call(zeros([2, 0, 3])), ShapeError, 'T=0', 'at least one step');
      await refuses(() => model.call(zeros([2, 4, 3], 'int32')), DTypeError, `${kind} "rec" x: got int32`);
    });
  }

  test('what comes with a sequence', async () => {
    const lstm = new LSTM(3, 2);
    const model = new Sequential({ rec: untyped<Module>(lstm) });
    const x = zeros([2, 4, 3]);
    const call = (more: object) => () => model.call(untyped<Tensor>({ x, ...more }));
    const state = zeros([1, 2, 2]);
    await refuses(call({ lengths: tensor([1, 2]) }), DTypeError, 'lstm "rec" lengths: got float32', 'int32');
    await refuses(call({ lengths: int32([1, 2, 3]) }), ShapeError, 'lengths: got [N=3]', '[N=2]');
    await refuses(call({ lengths: int32([1, 9]) }), OptionError, 'lengths: got 9 at index 1', '0 to 4');
    await refuses(call({ lengths: [1, 2] }), DTypeError, 'lengths: got [1,2]', 'a tensor');
    await refuses(call({ x: zeros([2, 4, 3], 'int32') }), DTypeError, 'x: got int32, expected float32');
    await refuses(call({ mask: zeros([2, 4]) }), DTypeError, 'mask: got float32, expected bool');
    await refuses(call({ mask: zeros([4, 2], 'bool') }), ShapeError, 'mask: got [N=4, T=2]', '[N=2, T=4]');
    await refuses(call({ mask: zeros([4], 'bool') }), ShapeError, 'mask: got [4] (rank 1)', '[N, T, F]');
    const features = [zeros([2, 4, 3]), zeros([2, 4, 1], 'bool'), zeros([2, 4, 3, 1], 'bool')];
    await refuses(call({ mask: features[0] }), DTypeError, 'lstm "rec" mask: got float32, expected bool');
    await refuses(call({ mask: features[1] }), ShapeError, 'mask: got [N=2, T=4, F=1]', '[N=2, T=4, F=3]');
    await refuses(call({ mask: features[2] }), ShapeError, 'mask: got [2, 4, 3, 1] (rank 4)', '[N, T, F]');
    await refuses(call({ mask: [[true]] }), DTypeError, 'mask: got [[true]]', 'a tensor');
    await refuses(call({ mask: zeros([2, 4], 'bool'), lengths: int32([1, 2]) }), OptionError, 'one of them');
    await refuses(call({ length: 3 }), OptionError, 'lstm "rec": got unknown option "length"');
    await refuses(call({ x: undefined }), DTypeError, 'lstm "rec" x: got undefined');
    await refuses(call({ initialState: { h: state } }), OptionError, 'state of h, expected h and c');
    await refuses(
      call({ initialState: { h: state, c: zeros([2, 2]) } }),
      ShapeError,
      'initialState.c',
      'H=2',
    );
    const integers = zeros([1, 2, 2], 'int32');
    await refuses(call({ initialState: { h: integers, c: state } }), DTypeError, 'initialState.h', 'int32');
  });

  test('what is read out', async () => {
    const model = new Sequential({ out: untyped<Module>(new Readout('mean', 3)) });
    const x = zeros([2, 4, 3]);
    const call = (more: object) => () => model.call(untyped<Tensor>({ x, ...more }));
    await refuses(() => model.call(zeros([2, 3])), ShapeError, 'readout "out": got [2, 3]', '[N, T, F=3]');
    await refuses(() => model.call(zeros([2, 0, 3])), ShapeError, 'T=0', 'at least one step');
    await refuses(call({ mask: zeros([2, 4]) }), DTypeError, 'readout "out" mask: got float32', 'bool');
    await refuses(call({ mask: zeros([2, 4, 3], 'bool') }), ShapeError, 'mask: got [2, 4, 3]', '[N=2, T=4]');
    await refuses(call({ mask: zeros([4, 2], 'bool') }), ShapeError, 'mask: got [N=4, T=2]', '[N=2, T=4]');
    await refuses(call({ mask: [[true]] }), DTypeError, 'mask: got [[true]]', 'a tensor');
    await refuses(call({ masks: 1 }), OptionError, 'unknown option "masks"');
  });

  test('what is no tensor', async () => {
    for (const layer of [new Dense(2, 2), new ReLU(), new Flatten(), new MaxPool2d(2), new LSTM(2, 2)]) {
      const module = untyped<Module>(layer);
      for (const input of [undefined, null, 3, [1, 2], new Float32Array(2)]) {
        await refuses(
          () => module.call(untyped<Tensor>(input)),
          DTypeError,
          `${layer.kind}: got`,
          'a tensor',
        );
      }
    }
    await refuses(
      () => tensor([1]).add(untyped<Tensor>([1])),
      DTypeError,
      'add: got [1]',
      'a tensor or a number',
    );
  });

  test('the last step of a recurrent layer, where a sequence is read', async () => {
    const readers = [
      new LSTM(4, 3),
      new GRU(4, 3),
      new MultiHeadAttention(4, 2),
      new Conv1d(4, 2, 1),
      new MaxPool1d(2),
    ];
    for (const reader of readers) {
      const model = new Sequential([new LSTM(3, 4), reader].map((layer) => untyped<Module>(layer)));
      await refuses(
        () => model.call(zeros([2, 5, 3])),
        ShapeError,
        `${reader.kind} "1"`,
        "output: 'sequence'",
      );
    }
    const lstm = untyped<Module>(new LSTM(28, 4));
    await refuses(() => lstm.call(zeros([2, 28, 28, 1])), ShapeError, 'RowsToSequence');
    await refuses(() => lstm.call(zeros([2, 5, 3])), ShapeError, 'Build the layer for 3 inputs');
  });

  test('a second argument, which forward would never see', async () => {
    const [x, step] = [zeros([2, 3, 4]), zeros([2, 4])];
    class Own extends Module<{ x: Tensor }> {
      forward(input: { x: Tensor }): Tensor {
        return input.x;
      }
    }
    const calls: [module: Module, kind: string, given: unknown[]][] = [
      [untyped(new MultiHeadAttention(4, 2)), 'multiHeadAttention', [x, x, x]],
      [untyped(new LSTMCell(4, 3)), 'lstmCell', [step, [zeros([2, 3]), zeros([2, 3])]]],
      [untyped(new LSTM(4, 3)), 'lstm', [x, undefined]],
      [new Sequential([new ReLU()]), 'sequential', [x, x]],
      [untyped(new Own()), 'Own', [{ x }, x]],
    ];
    for (const [module, kind, given] of calls)
      await refuses(
        () => module.call(...untyped<[Tensor]>(given)),
        OptionError,
        `${kind}: got ${given.length} arguments`,
        'call({ query, key, value })',
      );
  });

  test('an index outside an embedding, found when it is computed', async () => {
    const model = new Sequential({ words: new Embedding(5, 2) });
    for (const index of [5, -1]) {
      await refuses(() => model.call(int32([index])).data(), IndexError, 'words', `index ${index}`, '0 to 4');
    }
  });
});

describe('options of layers', () => {
  const cases: [make: (options: never) => unknown, options: unknown, pieces: string[]][] = [
    [(o) => new Dense(2, 3, o), { biass: false }, ['Dense: got unknown option "biass"', 'weightInitializer']],
    [(o) => new Dense(2, 3, o), 'relu', ['Dense: got "relu" for its options', 'an object']],
    [(o) => new Dense(2, 3, o), null, ['Dense: got null for its options']],
    [(o) => new Dense(2, 3, o), { bias: 'no' }, ['Dense: got bias "no"', 'true or false']],
    [(o) => new Dense(2, 3, o), { weightInitializer: 'he' }, ['weightInitializer "he"', 'a function']],
    [
      (o) => new Dense(2, 3, o),
      { weightInitializer: () => zeros([3]) },
      ['float32[3] from', 'float32[2, 3]'],
    ],
    [(o) => new Dense(2, o), undefined, ['Dense: got outputs undefined', 'a whole number of at least 1']],
    [(o) => new Dense(o, 2), Number.NaN, ['Dense: got inputs NaN']],
    [(o) => new Conv2d(1, 2, 3, o), { strides: 2 }, ['Conv2d: got unknown option "strides"', 'stride']],
    [(o) => new Conv2d(1, 2, 3, o), { stride: 0 }, ['Conv2d: got stride 0', '[height, width]']],
    [(o) => new Conv2d(1, 2, 3, o), { dilation: [1, 0] }, ['Conv2d: got dilation [1,0]']],
    [(o) => new Conv2d(1, 2, 3, o), { padding: 'SAME' }, ['Conv2d: got padding "SAME"', "'same'"]],
    [(o) => new Conv2d(1, 2, 3, o), { padding: -1 }, ['Conv2d: got padding -1']],
    [(o) => new Conv2d(3, 2, 3, o), { groups: 2 }, ['groups 2 for 3 input and 2 output channels']],
    [(o) => new Conv2d(1, 2, o), undefined, ['Conv2d: got kernel size undefined']],
    [(o) => new Conv1d(1, 2, 3, o), { padding: 'x' }, ['Conv1d: got padding "x"']],
    [(o) => new Conv1d(1, 2, 3, o), { stride: 0 }, ['Conv1d: got stride 0']],
    [(o) => new ConvTranspose2d(1, 2, 3, o), { padding: 'same' }, ['ConvTranspose2d: got padding "same"']],
    [(o) => new MaxPool2d(2, o), { strides: 2 }, ['MaxPool2d: got unknown option "strides"']],
    [(o) => new MaxPool2d(o), 0, ['MaxPool2d: got window 0']],
    [(o) => new AvgPool2d(2, o), { countPadding: 'no' }, ['AvgPool2d: got countPadding "no"']],
    [(o) => new BatchNorm(2, o), { eps: 1 }, ['BatchNorm: got unknown option "eps"', 'epsilon']],
    [(o) => new BatchNorm(2, o), { momentum: 2 }, ['BatchNorm: got momentum 2', 'from 0 to 1']],
    [(o) => new LayerNorm(o), [], ['LayerNorm: got number of axes 0']],
    [(o) => new GroupNorm(3, 4, o), {}, ['GroupNorm: got 3 groups for 4 channels']],
    [(o) => new Embedding(o, 2), 0, ['Embedding: got count 0']],
    [(o) => new LSTM(2, 3, o), { layer: 2 }, ['LSTM: got unknown option "layer"', 'layers']],
    [(o) => new LSTM(2, 3, o), null, ['LSTM: got null for its options']],
    [(o) => new LSTM(2, 3, o), { bidirectional: 'yes' }, ['LSTM: got bidirectional "yes"']],
    [(o) => new LSTM(2, 3, o), { fused: 1 }, ['LSTM: got fused 1']],
    [(o) => new LSTM(2, 3, o), { forgetBias: Number.NaN }, ['LSTM: got forgetBias NaN']],
    [(o) => new LSTM(2, 3, o), { forgetBias: 1, bias: false }, ['forgetBias 1 with bias false']],
    [(o) => new LSTM(2, 3, o), { output: 'all' }, ['LSTM: got output "all"', "'attention', 'sequence'"]],
    [(o) => new LSTM(2, 3, o), { nanIsMissing: 'yes' }, ['LSTM: got nanIsMissing "yes"']],
    [(o) => new LSTM(2, 3, o), { zoneout: 1.5 }, ['LSTM: got zoneout 1.5', 'from 0 to 1']],
    [(o) => new LSTM(2, 3, o), { inputDropout: -1 }, ['LSTM: got inputDropout -1', 'from 0 to 1']],
    [(o) => new LSTM(2, 3, o), { recurrentDropout: '1' }, ['LSTM: got recurrentDropout "1"']],
    [
      (o) => new MinGRU(2, 3, o),
      { recurrentDropout: 0.1 },
      ['MinGRU: got recurrentDropout 0.1', 'no recurrent'],
    ],
    [(o) => new LSTM(2, 3, o), { dropout: 0.5 }, ['dropout 0.5 with one layer', 'add a Dropout layer']],
    [(o) => new LSTM(2, 3, o), { peepholes: 1 }, ['LSTM: got peepholes 1']],
    [(o) => new LSTM(2, 3, o), { layerNorm: 'yes' }, ['LSTM: got layerNorm "yes"']],
    [(o) => new LSTM(2, 3, o), { projection: 1.5 }, ['LSTM: got projection 1.5', 'a whole number']],
    [
      (o) => new LSTM(2, 3, o),
      { projection: 3 },
      ['projection 3 with hidden 3', 'fewer features than hidden'],
    ],
    [(o) => new LSTM(2, 3, o), { fused: true, projection: 2 }, ['fused with peepholes', 'no kernel']],
    [(o) => new LSTM(2, 3, o), { chrono: 1 }, ['LSTM: got chrono 1', 'at least 2']],
    [(o) => new LSTM(2, 3, o), { chrono: 28, forgetBias: 1 }, ['forgetBias 1 with chrono 28', 'one of them']],
    [(o) => new LSTM(2, 3, o), { recurrentInitializer: 'identity' }, ["'uniform', 'orthogonal'"]],
    [(o) => new GRU(2, 3, o), { chrono: 28, bias: false }, ['GRU: got chrono 28 with bias false']],
    [(o) => new GRU(2, 3, o), { resetAfter: 0 }, ['GRU: got resetAfter 0']],
    [
      (o) => new GRU(2, 3, o),
      { resetAfter: false, fused: true },
      ['fused with resetAfter false', 'no kernel'],
    ],
    [
      (o) => new LSTM(2, 3, o),
      { fused: true, zoneout: 0.1 },
      ['layerNorm, projection or zoneout', 'no kernel'],
    ],
    [
      (o) => new GRU(2, 3, o),
      { fused: true, zoneout: 0.1 },
      ['GRU: got fused with zoneout 0.1', 'no kernel'],
    ],
    [(o) => new MinGRU(2, 3, o), { fused: true, zoneout: 0.1 }, ['MinGRU: got fused with zoneout 0.1']],
    [(o) => new LRU(2, 3, o), { fused: true, zoneout: 0.1 }, ['LRU: got fused with zoneout 0.1']],
    [(o) => new RNN(2, 3, o), { identityScale: 2 }, ['identityScale 2 with recurrentInitializer "uniform"']],
    [(o) => new Readout(o, 3), 'first', ['Readout: got how "first"', "'last', 'mean', 'max', 'attention'"]],
    [(o) => new Readout('mean', o), 0, ['Readout: got features 0']],
    [(o) => new GRU(2, 3, o), { forgetBias: 1 }, ['GRU: got unknown option "forgetBias"']],
    [(o) => new RNN(2, 3, o), { fused: true }, ['RNN: got unknown option "fused"']],
    [(o) => new Dropout(o), 2, ['Dropout: got rate 2', 'from 0 to 1']],
    [(o) => new LeakyReLU(o), Number.NaN, ['LeakyReLU: got slope NaN']],
    [(o) => new Sequential(o), null, ['Sequential: got null', 'an array of modules']],
    [(o) => new Sequential(o), new ReLU(), ['Sequential: got a single relu']],
    [(o) => new Sequential(o), [(x: Tensor) => x], ['Sequential "0": got a function', 'new Activation']],
    [(o) => new Sequential(o), { 'a.b': new ReLU() }, ['the name "a.b"', 'without dots']],
  ];
  test.each(cases)('%s with %j', async (make, options, pieces) => {
    await refuses(() => make(untyped<never>(options)), OptionError, ...pieces);
  });
});
