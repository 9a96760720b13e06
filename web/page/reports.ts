/** What each report of the worker changes in the state of the page. */
import type { Report } from '../protocol.ts';
import { extended } from './history.ts';
import { type Cell, nothingLearned, type State } from './state.ts';

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
      return { ...nothingLearned, ...openedFrom(state), samples: [], model: report };
    case 'progress':
      return { progress: report, deviceInfo: report.info, training: extended(state.training, report) };
    case 'tested':
      return { tested: report, testing: extended(state.testing, report) };
    case 'weights':
      return { weights: report.bytes };
    case 'examples':
      return isCell(report, state.cell) ? { examples: report.samples } : {};
    case 'samples':
      return { samples: report.samples };
    case 'failed':
      return {
        failure: report.failure,
        failedTraining: state.phase === 'training',
        awaiting: undefined,
        openingId: undefined,
      };
    case 'classified':
    case 'kernels':
      return {};
  }
}

function isCell({ actual, predicted }: Cell, cell: Cell | undefined): boolean {
  return cell?.actual === actual && cell.predicted === predicted;
}

/** What was kept of the model that is being opened. */
function openedFrom({ kept, openingId }: State): Partial<State> {
  const opened = kept.find(({ id }) => id === openingId);
  if (opened === undefined) return { keptId: undefined, openingId: undefined };
  const { id, model, progress, tested, training, testing } = opened;
  const data = model.training?.data;
  return { keptId: id, openingId: undefined, progress, tested, training, testing, ...(data && { data }) };
}
