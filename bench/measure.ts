/** The schedule: for each case, rounds in which every runner has its turn, so that a slow minute slows down all alike. */
import { joined, type Outcome, type Timed } from './protocol.ts';
import type { Timing } from './runner.ts';

/** How much is measured. */
export interface Effort {
  readonly rounds: number;
  /** What a runner gets in a round, about. */
  readonly roundMilliseconds: number;
}

/** The most samples in a round: of very short work this many tell enough. */
const mostSamples = 500;
/** How many times the samples of one round the next may have: times that are told may be shorter than what they took. */
const mostGrowth = 10;
/** Work that takes longer is timed once. */
const slowMilliseconds = 5000;

/** What came of one runner. */
export interface Measured<Each extends Timing> {
  readonly runner: Each;
  readonly outcome: Outcome;
}

/**
 * Times one case on all runners in turns. The first round is one sample (after a warm-up in the runner), which decides
 * how many samples the other rounds have; what takes very long is not asked for again.
 */
export async function measure<Each extends Timing>(
  name: string,
  runners: readonly Each[],
  { rounds, roundMilliseconds }: Effort,
  onTurn: (runner: Each) => void = () => undefined,
): Promise<Measured<Each>[]> {
  const states = runners.map((runner) => ({
    runner,
    timed: undefined as Timed | undefined,
    samples: 1,
    cannot: undefined as string | undefined,
    done: false,
  }));
  for (let round = 0; round < rounds; round++) {
    for (const state of states) {
      if (state.done) continue;
      onTurn(state.runner);
      const start = performance.now();
      const outcome = await state.runner.run(name, state.samples);
      if ('cannot' in outcome) {
        state.cannot = outcome.cannot;
        state.done = true;
        continue;
      }
      state.timed = state.timed ? joined(state.timed, outcome) : outcome;
      const told = outcome.times.at(-1) ?? 0;
      state.done = told > slowMilliseconds;
      // The first turn was mostly warm-up.
      const taken = round === 0 ? told : Math.max(told, (performance.now() - start) / state.samples);
      const fit = Math.floor(roundMilliseconds / Math.max(taken, 1e-3));
      state.samples = Math.min(mostSamples, mostGrowth * state.samples, Math.max(1, fit));
    }
  }
  return states.map(({ runner, timed, cannot }) => ({
    runner,
    outcome: timed ?? { cannot: cannot ?? 'it was not run' },
  }));
}
