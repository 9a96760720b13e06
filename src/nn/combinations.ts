/** The ways in which the answers of several classifiers become one: see `Ensemble`. */
export const combinations = ['mean', 'logits', 'vote', 'weights', 'stack'] as const;
export type Combination = (typeof combinations)[number];
