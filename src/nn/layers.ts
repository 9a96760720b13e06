/**
 * All layers, a family a line. What the package exports of them and what a model is stored with (`layerTypes`) come from here, so each class that a family exports can be stored; their bases stand elsewhere.
 */
export * from './activations.ts';
export * from './adaptive-pooling.ts';
export * from './attention.ts';
export * from './convolution.ts';
export * from './dense.ts';
export * from './dropout.ts';
export * from './embedding.ts';
export * from './local-response-norm.ts';
export * from './missing/fill-missing.ts';
export * from './missing/gru-d.ts';
export * from './missing/missing-indicators.ts';
export * from './normalization.ts';
export * from './pooling.ts';
export * from './position-embedding.ts';
export * from './reading/reading-layers.ts';
export * from './reading/recurrent-attention.ts';
export * from './recurrent/bilstm-2d.ts';
export * from './recurrent/gru.ts';
export * from './recurrent/lru.ts';
export * from './recurrent/lstm.ts';
export * from './recurrent/min-gated.ts';
export * from './recurrent/mlstm.ts';
export * from './recurrent/multi-dimensional-lstm.ts';
export * from './recurrent/re-net.ts';
export * from './recurrent/readout.ts';
export * from './recurrent/recurrent-cells.ts';
export * from './recurrent/recurrent-convolution.ts';
export * from './recurrent/rnn.ts';
export * from './recurrent/vision-lstm.ts';
export * from './reshaping.ts';
export * from './residual.ts';
export * from './separable-convolution.ts';
export * from './sequential.ts';
export * from './time-distributed.ts';
export * from './upsampling.ts';
