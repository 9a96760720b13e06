/** Reading what was typed into the fields of the settings. */
import { type NumericSetting, ranges } from '../defaults.ts';
import type { Settings } from '../protocol.ts';
import type { SettingTexts } from './state.ts';

/** What is wrong with each field that is wrong. */
export type Complaints = Partial<Record<NumericSetting, string>>;

/** The settings, or what keeps them from being any. */
export function readSettings(texts: SettingTexts): {
  readonly settings: Settings | undefined;
  readonly complaints: Complaints;
} {
  const names = Object.keys(ranges) as NumericSetting[];
  const complaints: Complaints = {};
  for (const name of names) {
    const complaint = complaintAbout(name, texts[name]);
    if (complaint !== undefined) complaints[name] = complaint;
  }
  if (Object.keys(complaints).length > 0) return { settings: undefined, complaints };
  const settings = {
    model: texts.model,
    epochs: Number(texts.epochs),
    learningRate: Number(texts.learningRate),
    batchSize: Number(texts.batchSize),
    hidden: numberOrNothing(texts.hidden),
    dropout: numberOrNothing(texts.dropout),
    size: Number(texts.size),
  };
  return { settings, complaints };
}

function complaintAbout(name: NumericSetting, text: string): string | undefined {
  const { least, most, whole, optional } = ranges[name];
  if (optional && text.trim() === '') return undefined;
  const value = Number(text.trim() || Number.NaN);
  if (value >= least && value <= most && (!whole || Number.isInteger(value))) return undefined;
  return `${whole ? 'A whole number' : 'A number'} from ${least} to ${most}${optional ? ', or nothing' : ''}.`;
}

function numberOrNothing(text: string): number | undefined {
  return text.trim() === '' ? undefined : Number(text);
}

/** `conv-lstm, 30 epochs, rate 0.006, batches of 32, 64 units` */
export function settingsInWords(settings: Settings): string {
  const { model, epochs, learningRate, batchSize, hidden, dropout } = settings;
  const units = hidden === undefined ? '' : `, ${hidden} units`;
  const dropped = dropout === undefined ? '' : `, dropout ${dropout}`;
  const length = `${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}`;
  return `${model}, ${length}, rate ${learningRate}, batches of ${batchSize}${units}${dropped}`;
}
