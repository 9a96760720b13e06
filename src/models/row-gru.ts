/** row-gru: a GRU reads the rows of a picture. */
import { Dense, GRU, RowsToSequence, Sequential } from '../nn/index.ts';
import { defineModel } from './model.ts';
import { dropped } from './parts.ts';

/** row-lstm with a GRU: three gates instead of four, one state instead of two. */
export const rowGru = defineModel({
  sentence: 'a GRU reads the rows of pixels from top to bottom',
  sizes: { hidden: 128, layers: 1, dropout: 0 },
  build({ inputShape: [, width, channels], classes, hidden, layers, dropout }) {
    return new Sequential({
      rows: new RowsToSequence(),
      gru: new GRU(width * channels, hidden, { layers, dropout: layers > 1 ? dropout : 0 }),
      ...dropped(dropout),
      head: new Dense(hidden, classes),
    });
  },
});
