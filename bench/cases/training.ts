/** Training steps and predictions of whole models, compiled: the work that the peers do too. */
import {
  Adam,
  compile,
  type Module,
  type Sequential,
  softmaxCrossEntropy,
  type Tensor,
} from '../../src/index.ts';
import {
  type Case,
  convolutionFlops,
  matmulFlops,
  recurrentFlops,
  type Step,
  trainingFlops,
} from './case.ts';
import { examples, labels } from './data.ts';
import { cnn, convLstm, rowLstm, tinyMlp } from './models.ts';

/** One step of Adam on one batch, which is handed in anew each time, as a training loop does. */
export function trainingStep(model: Module, x: Tensor, y: Tensor): Step {
  const optimizer = new Adam(model.parameters());
  const run = compile((images: Tensor, truth: Tensor) => {
    const loss = softmaxCrossEntropy(model.call(images), truth);
    loss.backward();
    void optimizer.step();
    return loss;
  });
  return async () => {
    await run(x, y);
  };
}

function predictionStep(model: Sequential, x: Tensor): Step {
  model.eval();
  const run = compile((images: Tensor) => model.call(images));
  return async () => {
    await run(x);
  };
}

const rowProducts = recurrentFlops(128, 28, 28, 128, 4);
const rowForward = rowProducts.input + rowProducts.recurrent + matmulFlops(128, 128, 10);

const cnnFirst = convolutionFlops(64, 28, 28, 3, 1, 32);
const cnnForward =
  cnnFirst +
  convolutionFlops(64, 14, 14, 3, 32, 64) +
  matmulFlops(64, 7 * 7 * 64, 128) +
  matmulFlops(64, 128, 10);

const convLstmFirst = convolutionFlops(64, 28, 28, 3, 1, 16);
const convLstmProducts = recurrentFlops(64, 7, 7 * 32, 128, 4);
const convLstmForward =
  convLstmFirst +
  convolutionFlops(64, 14, 14, 3, 16, 32) +
  convLstmProducts.input +
  convLstmProducts.recurrent +
  matmulFlops(64, 128, 10);

const tinyFirst = matmulFlops(4, 2, 8);

const sequences = () => examples([128, 28, 28]);
const images = () => examples([64, 28, 28, 1]);

export const trainingCases: readonly Case[] = [
  {
    name: 'lstm-train-b128-t28-h128',
    suite: 'training',
    flops: trainingFlops(rowForward, rowProducts.input),
    shared: true,
    make: () => trainingStep(rowLstm(), sequences(), labels(128, 10)),
  },
  {
    name: 'lstm-predict-b128-t28-h128',
    suite: 'training',
    flops: rowForward,
    shared: true,
    make: () => predictionStep(rowLstm(), sequences()),
  },
  {
    name: 'cnn-train-b64',
    suite: 'training',
    flops: trainingFlops(cnnForward, cnnFirst),
    shared: true,
    make: () => trainingStep(cnn(), images(), labels(64, 10)),
  },
  {
    name: 'cnn-predict-b64',
    suite: 'training',
    flops: cnnForward,
    shared: true,
    make: () => predictionStep(cnn(), images()),
  },
  {
    name: 'conv-lstm-train-b64',
    suite: 'training',
    flops: trainingFlops(convLstmForward, convLstmFirst),
    shared: true,
    make: () => trainingStep(convLstm(), images(), labels(64, 10)),
  },
  {
    name: 'tiny-mlp-train-b4',
    suite: 'training',
    flops: trainingFlops(tinyFirst + matmulFlops(4, 8, 2), tinyFirst),
    shared: true,
    make: () => trainingStep(tinyMlp(), examples([4, 2]), labels(4, 2)),
  },
];
