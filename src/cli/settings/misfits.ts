/** Settings that do not fit together: one that does nothing is refused, since whoever gave it waits for what it does. */
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { modelFacts } from '../../models/index.ts';
import { averageOf } from '../averages.ts';
import { gammaOf } from '../losses.ts';
import { sizeMisfit } from '../model-sizes.ts';
import { takesMomentum } from '../optimizers.ts';
import { trainDefaults } from '../train-defaults.ts';
import { missingOf } from '../train-settings.ts';
import type { PlannedSettings, Settings } from './setting-values.ts';

/**
 * Refuses settings that do not fit together. What is not known yet, since it follows from the data, is not looked at.
 *
 * @param out the run folder that was asked for
 * @throws InvalidArgumentError
 */
export function requireFitting(settings: Settings, out: string | undefined): void {
  const { model, data } = trainDefaults;
  for (const wrong of misfits({ model, data, ...settings }, out)) throw new InvalidArgumentError(wrong);
}

/** What is wrong, as sentences. */
function* misfits(
  settings: Settings & Pick<PlannedSettings, 'model' | 'data'>,
  out: string | undefined,
): Iterable<string> {
  const { data, model, remove, epochs, earlyStopping, cache } = settings;
  const strange = sizeMisfit(settings);
  if (strange !== undefined) yield strange;
  if (remove !== undefined && missingOf(settings) === 'error') {
    yield `--remove takes pixels away, and ${model} takes none that are missing: say what it makes of them with --missing, such as mean${modelFacts(model).treatments.includes('mask') ? ' or mask' : ''}.`;
  }
  yield* learningMisfits(settings);
  const { loss, labelSmoothing = 0 } = settings;
  if (loss !== undefined && gammaOf(loss) !== undefined && labelSmoothing > 0) {
    yield `--label-smoothing ${labelSmoothing} is part of cross-entropy, not of ${loss}: leave out the one or the other.`;
  }
  const average = epochs === undefined ? undefined : averageOf(settings.average ?? 'none', epochs);
  if (average?.kind === 'swa' && average.from > epochs!) {
    yield `--average ${settings.average} begins after the last of ${epochs} epochs: let it begin earlier.`;
  }
  if (earlyStopping !== undefined && epochs !== undefined && earlyStopping > epochs - 2) {
    const most = epochs - 2;
    yield `--early-stopping ${earlyStopping} never stops ${epochs} epochs early: ${most < 1 ? 'train for 3 epochs or more' : `give ${most} or less, or more --epochs`}.`;
  }
  for (const [flag, folder] of Object.entries({ out, cache })) {
    if (folder !== undefined && data !== 'digits' && isWithin(resolve(data), folder)) {
      yield `--${flag} ${folder} lies in the data set: give a folder outside of ${resolve(data)}.`;
    }
  }
}

function* learningMisfits(settings: Settings): Iterable<string> {
  const { optimizer, momentum, nesterov, weightDecay, decay } = settings;
  if (optimizer !== undefined && momentum !== undefined && !takesMomentum(optimizer)) {
    yield `--momentum ${momentum} does nothing for ${optimizer}: sgd and rmsprop take it.`;
  }
  if (nesterov && optimizer !== undefined && (optimizer !== 'sgd' || momentum === 0)) {
    yield `--nesterov does nothing for ${optimizer === 'sgd' ? 'sgd without momentum' : optimizer}: it is for sgd with momentum.`;
  }
  if (decay !== undefined && weightDecay === 0) {
    yield `--decay ${decay} does nothing without weight decay: say with --weight-decay how much there is.`;
  }
}

function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, resolve(path));
  return way.split(sep)[0] !== '..' && !isAbsolute(way);
}
