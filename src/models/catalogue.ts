/** All models by name, the default first. */
import { bidirectionalLstm } from './bidirectional-lstm.ts';
import { cnn } from './cnn.ts';
import { convLstm, convLstmLarge } from './conv-lstm.ts';
import { convlstm2d } from './convlstm2d.ts';
import { crnn } from './crnn.ts';
import { glimpse } from './glimpse.ts';
import { gruD } from './gru-d.ts';
import { hierarchicalLstm } from './hierarchical-lstm.ts';
import { irnn } from './irnn.ts';
import { lru } from './lru.ts';
import { mdLstm } from './md-lstm.ts';
import { minGru } from './min-gru.ts';
import { mlp } from './mlp.ts';
import type { ModelDefinition } from './model.ts';
import { pixelGru } from './pixel-gru.ts';
import { pixelLstm } from './pixel-lstm.ts';
import { rcnn } from './rcnn.ts';
import { renet } from './renet.ts';
import { resnetSmall } from './resnet-small.ts';
import { rowGru } from './row-gru.ts';
import { rowLstm } from './row-lstm.ts';
import { sequencer } from './sequencer.ts';
import { stackedLstm } from './stacked-lstm.ts';
import { tcn } from './tcn.ts';
import { vil } from './vil.ts';

export const catalogue = {
  'conv-lstm': convLstm,
  'conv-lstm-large': convLstmLarge,
  crnn,
  // Rows of pixels as steps.
  'row-lstm': rowLstm,
  'row-gru': rowGru,
  'bidirectional-lstm': bidirectionalLstm,
  'stacked-lstm': stackedLstm,
  'min-gru': minGru,
  'gru-d': gruD,
  'hierarchical-lstm': hierarchicalLstm,
  // Pixels as steps.
  'pixel-lstm': pixelLstm,
  'pixel-gru': pixelGru,
  lru,
  irnn,
  // Pieces of the image as steps, chosen by what was seen before.
  glimpse,
  // Patches on a grid as tokens.
  sequencer,
  vil,
  renet,
  'md-lstm': mdLstm,
  // The image as a grid.
  convlstm2d,
  rcnn,
  // Rivals, in which nothing is recurrent.
  mlp,
  cnn,
  'resnet-small': resnetSmall,
  tcn,
} satisfies Record<string, ModelDefinition>;
