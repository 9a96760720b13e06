/**
 * What a step makes superfluous. A step lets go of the graph behind its losses; what of that graph somebody may still hold
 * and ask for (the scores, say) is computed along with it. What remains open then may be read later: for that, and for
 * nothing else, the evaluator keeps the old values of the variables that change.
 */
import { type Node, nodesBehind } from '../tensor/node.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { Variable } from '../tensor/variable.ts';

/** What was found out about a step when it was asked for. */
export interface Foresight {
  /** To be computed along with it. */
  readonly along: readonly Tensor[];
  /** The step was made: the graph behind its losses is let go. */
  letGo(): void;
  /** The step could not be made: everything may be needed as before. */
  takeBack(): void;
}

/** The exposed tensors behind losses that would need the old value of a variable: computed with the losses, they do not. */
export function frontier(
  losses: readonly Tensor[],
  changing: (variable: Variable) => boolean,
  behindLosses = withSiblings(nodesBehind(losses)),
): Tensor[] {
  const wanted = new Set(losses.map(({ node }) => node));
  const found: Tensor[] = [];
  /** Nodes that cannot be computed without an old value. */
  const needing = new Set<Node>();
  for (const node of behindLosses) {
    if (node.known || wanted.has(node)) continue;
    const { source, inputs } = node;
    if (source) {
      if (source.kind === 'variable' && changing(source.variable)) needing.add(node);
    } else if (
      inputs.some((input) => needing.has(input.node) && input.node.values[input.output] === undefined)
    ) {
      if (node.exposed) found.push(...node.outputs.map((_, output) => new Tensor(node, output)));
      else needing.add(node);
    }
  }
  return found;
}

/**
 * Looks ahead at a step.
 *
 * @param losses those whose graphs are let go
 * @param left gradients that are computed along with it for other optimizers; their graphs are let go as well
 * @param updates the new values of variables
 */
export function foresee(
  losses: readonly Tensor[],
  left: readonly Tensor[],
  updates: ReadonlyMap<Variable, { readonly value: Tensor }>,
): Foresight {
  const behindLosses = withSiblings(nodesBehind(losses));
  const along = frontier(losses, (variable) => updates.has(variable), behindLosses);
  const spent = new Set([...losses, ...left].map(({ node }) => node));
  const assigned = new Set([...updates.values()].map(({ value }) => value.node));
  const heldBehindLosses = new Set(behindLosses.filter(({ exposed }) => exposed));
  const closed: Node[] = [];
  const all = withSiblings(
    nodesBehind([...losses, ...left, ...[...updates.values()].map(({ value }) => value)]),
  );
  const dependent = dependingOn(all, updates);
  for (const node of all.reverse()) {
    if (node.closed || node.source) continue;
    if (spent.has(node) || node.exposed) {
      // What does not change with the step keeps its graph. What somebody may hold loses its derivative with the losses.
      if (!dependent.has(node)) continue;
      if (!spent.has(node) && (!heldBehindLosses.has(node) || node.differentiableUses > 0)) continue;
      node.release();
    } else if (node.uses > 0 && !assigned.has(node)) continue;
    else node.close();
    closed.push(node);
  }
  return {
    along: [...left, ...along],
    letGo: () => {
      for (const node of closed) node.letGo();
    },
    takeBack: () => {
      for (const node of closed) node.reopen();
    },
  };
}

/** Nodes with their siblings, in creation order: of a loop whose outputs are in the loss somebody may hold the carry. */
function withSiblings(nodes: Node[]): Node[] {
  const beside = nodes.flatMap(({ siblings }) => siblings);
  if (beside.length === 0) return nodes;
  return [...new Set([...nodes, ...beside])].sort((a, b) => a.id - b.id);
}

/** Those nodes, in creation order, that are computed from a variable that changes. */
function dependingOn(nodes: readonly Node[], changing: ReadonlyMap<Variable, unknown>): Set<Node> {
  const found = new Set<Node>();
  for (const node of nodes) {
    const { source, inputs } = node;
    const depends =
      source?.kind === 'variable'
        ? changing.has(source.variable)
        : inputs.some((input) => found.has(input.node));
    if (depends) found.add(node);
  }
  return found;
}
