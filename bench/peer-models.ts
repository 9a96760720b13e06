/** What a peer that runs weft's own models imports, as a file of its own: the models, and what they are tried with. */
export { seed, setDevice } from '../src/index.ts';
export { examples } from './cases/data.ts';
export { cnn, rowLstm } from './cases/models.ts';
