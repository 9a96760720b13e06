/**
 * The exact distribution of Friedman's statistic: of all ways in which the ranks of each block can be dealt out to the models, how many
 * make rank sums that lie as far apart. Pure counting, so it holds for as few blocks as there are, and with ties.
 */

/** Sums that are made one after the other, above which counting ends: about half a second. Of 4 models it suffices for 22 blocks. */
const MOST_SUMS = 1_000_000;

/**
 * How likely rank sums lie as far apart as these, or further, if within each block every order of its ranks is as likely: the sum of their
 * squares is compared, in which Friedman's chi-square and Iman and Davenport's F both rise. The sums are made block by block. Sums in
 * another order are the same to the statistic, so they are kept in ascending order with their probability, which leaves about one of k!.
 *
 * @param ranks of each block those of its models, `[N][k]`: halves of whole numbers
 * @returns p, or undefined where that would be too much to count
 */
export function rankSumsAbove(ranks: readonly (readonly number[])[]): number | undefined {
  // Mean ranks of ties are halves: twice as much is whole, and nothing is rounded.
  const blocks = ranks.map((block) => block.map((rank) => 2 * rank));
  const found = squaresOf(blocks.reduce((sums, block) => sums.map((sum, model) => sum + block[model])));
  // The first block may be dealt out in one way: all others are the same with the models renamed.
  const [first, ...others] = blocks;
  let states = [{ sums: first, probability: 1 }];
  let made = 0;
  for (const block of others) {
    made += states.length * orderCountOf(block);
    if (made > MOST_SUMS) return undefined;
    const orders = ordersOf(block);
    const next = new Map<string, (typeof states)[number]>();
    for (const { sums, probability } of states) {
      for (const order of orders) {
        const added = sums.map((sum, model) => sum + order[model]).sort((one, other) => one - other);
        const key = added.join();
        const state = next.get(key) ?? { sums: added, probability: 0 };
        state.probability += probability / orders.length;
        next.set(key, state);
      }
    }
    states = [...next.values()];
  }
  const above = states.filter(({ sums }) => squaresOf(sums) >= found);
  // All of them sum to 1 up to rounding.
  return Math.min(
    above.reduce((sum, { probability }) => sum + probability, 0),
    1,
  );
}

/** How many different orders numbers have: k! by t! of each group of t equal ones. */
function orderCountOf(values: readonly number[]): number {
  // Each value can be put into so many places, and the first t of a group in any order of t are one.
  return values.reduce((count, value, place) => {
    const equal = values.slice(0, place + 1).filter((other) => other === value).length;
    return (count * (place + 1)) / equal;
  }, 1);
}

/** All different orders of numbers. */
function ordersOf(values: readonly number[]): number[][] {
  let orders: number[][] = [[]];
  for (const value of [...values].sort((one, other) => one - other)) {
    orders = orders.flatMap((order) => {
      // Not before an equal one, so that no order is made twice.
      const first = order.lastIndexOf(value) + 1;
      return Array.from({ length: order.length - first + 1 }, (_, at) => [
        ...order.slice(0, first + at),
        value,
        ...order.slice(first + at),
      ]);
    });
  }
  return orders;
}

function squaresOf(sums: readonly number[]): number {
  return sums.reduce((squares, sum) => squares + sum * sum, 0);
}
