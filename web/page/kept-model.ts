/** What is kept of a model beside its weights: all that the page shows of it. */
import type { ModelFacts, Progress, Tested } from '../protocol.ts';
import type { History, State } from './state.ts';

export interface KeptModel {
  readonly id: string;
  /** When it was kept, in milliseconds since 1970. */
  readonly time: number;
  readonly model: ModelFacts;
  readonly progress: Progress | undefined;
  readonly tested: Tested;
  readonly training: History;
  readonly testing: History;
}

/** The model of this moment, once it has been tested. */
export function keptModelOf(state: State, id: string): KeptModel | undefined {
  const { model, progress, tested, training, testing } = state;
  if (model === undefined || tested === undefined) return undefined;
  return { id, time: Date.now(), model, progress, tested, training, testing };
}
