/** What each report of the worker changes in the state of the page. */
import type { Report } from '../protocol.ts';
import { extended } from './history.ts';
import { nothingLearned, type State } from './state.ts';

export function changeBy(report: Report, state: State): Partial<State> {
  switch (report.kind) {
    case 'ready':
      return {
        digits: { train: report.train, test: report.test },
        models: report.models,
        awaiting: undefined,
      };
    case 'device':
      return { device: report.choice, deviceInfo: report.info, deviceAsked: false };
    case 'awaiting':
      return { awaiting: report.what };
    case 'phase':
      return { phase: report.phase };
    case 'model':
      return { ...nothingLearned, model: report };
    case 'progress':
      return { progress: report, deviceInfo: report.info, training: extended(state.training, report) };
    case 'tested':
      return { tested: report, testing: extended(state.testing, report) };
    case 'samples':
      return { samples: report.samples };
    case 'failed':
      return { failure: report.failure, failedTraining: state.phase === 'training', awaiting: undefined };
    case 'classified':
    case 'examples':
    case 'kernels':
      return {};
  }
}
