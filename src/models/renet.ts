/** renet: recurrent sweeps over a picture in the place of convolutions. */
import { Dense, Flatten, ReNet, Sequential } from '../nn/index.ts';
import { defineModel } from './model.ts';
import { dropped, numbered, patchGrid } from './parts.ts';

/**
 * Visin et al. 2015: each layer cuts what it is given into patches, and GRUs read down their columns, then along their rows.
 * Layers behind the first cut into patches of 2×2, where the grid is even. The whole last grid goes to the classes (the paper has
 * a dense layer of 4,096 between them, and 256 units).
 */
export const renet = /* @__PURE__ */ defineModel({
  sentence: 'GRUs sweep down the columns of patches and then along their rows',
  sizes: { hidden: 48, layers: 2, patch: [2, 2], dropout: 0 },
  build({ inputShape, classes, hidden, layers, patch, dropout }) {
    let grid = inputShape;
    const sweeps = numbered('sweeps', layers, (layer) => {
      const cut = layer === 0 ? patch : ([halves(grid[0]), halves(grid[1])] as const);
      const sweep = new ReNet(grid[2], hidden, { patch: cut });
      grid = [...patchGrid(grid, cut), 2 * hidden];
      return sweep;
    });
    return new Sequential({
      ...sweeps,
      flatten: new Flatten(),
      ...dropped(dropout),
      head: new Dense(grid[0] * grid[1] * grid[2], classes),
    });
  },
});

/** What halves an even length. */
function halves(length: number): number {
  return length % 2 === 0 ? 2 : 1;
}
