/** All models by name, the default first. */
import { bidirectionalLstm } from './bidirectional-lstm.ts';
import { cnn } from './cnn.ts';
import { convLstm, convLstmLarge } from './conv-lstm.ts';
import { mlp } from './mlp.ts';
import type { ModelDefinition } from './model.ts';
import { rowGru } from './row-gru.ts';
import { rowLstm } from './row-lstm.ts';
import { stackedLstm } from './stacked-lstm.ts';

export const catalogue = {
  'conv-lstm': convLstm,
  'conv-lstm-large': convLstmLarge,
  // Rows of pixels as steps.
  'row-lstm': rowLstm,
  'row-gru': rowGru,
  'bidirectional-lstm': bidirectionalLstm,
  'stacked-lstm': stackedLstm,
  // Rivals, in which nothing is recurrent.
  mlp,
  cnn,
} satisfies Record<string, ModelDefinition>;
