/** The fields of the settings: they show what is typed, complain about what is wrong, and rest while a training runs. */
import { type NumericSetting, ranges } from '../defaults.ts';
import type { Settings } from '../protocol.ts';
import { byId, make, setText } from './elements.ts';
import { readSettings, settingsInWords } from './settings.ts';
import { isBusy, type SettingTexts, type State, type Store } from './state.ts';

const numeric = Object.keys(ranges) as NumericSetting[];

export class SettingsForm {
  readonly #store: Store;
  readonly #details = byId('settings', HTMLDetailsElement);
  readonly #summary = byId('settings-summary', HTMLSpanElement);
  readonly #model = byId('model', HTMLSelectElement);
  readonly #device = byId('device', HTMLSelectElement);
  readonly #fields = new Map(numeric.map((name) => [name, byId(name, HTMLInputElement)]));

  constructor(store: Store) {
    this.#store = store;
    this.#model.addEventListener('change', () => this.#choose(this.#model.value));
    for (const [name, field] of this.#fields) {
      field.addEventListener('input', () => this.#change({ [name]: field.value }));
    }
  }

  /** The settings; where there are none, the first field that is wrong has the focus. */
  read(): Settings | undefined {
    const { texts, data } = this.#store.state;
    const { settings, complaints } = readSettings(texts[data]);
    const wrong = numeric.find((name) => complaints[name] !== undefined);
    if (wrong !== undefined) {
      if (this.#details.contains(this.#fields.get(wrong) ?? null)) this.#details.open = true;
      this.#fields.get(wrong)?.focus();
    }
    return settings;
  }

  show(state: State): void {
    const texts = state.texts[state.data];
    const { settings, complaints } = readSettings(texts);
    const device = this.#device.selectedOptions[0]?.text ?? '';
    setText(this.#summary, `${settings ? settingsInWords(settings) : 'not complete'}, on ${device}`);
    this.#showModels(state);
    // Digits have a size of their own.
    byId('size-field', HTMLDivElement).hidden = state.data === 'digits';
    if (!state.deviceAsked) this.#device.value = state.device;
    this.#device.ariaBusy = `${state.deviceAsked}`;
    for (const [name, field] of this.#fields) {
      if (field.value !== texts[name]) field.value = texts[name];
      field.disabled = isBusy(state);
      const complaint = complaints[name];
      field.ariaInvalid = complaint === undefined ? null : 'true';
      const place = byId(`${name}-complaint`, HTMLParagraphElement);
      place.hidden = complaint === undefined;
      setText(place, complaint ?? '');
    }
  }

  #showModels(state: State): void {
    const select = this.#model;
    if (select.options.length !== state.models.length) {
      select.replaceChildren(
        ...state.models.map((name) => {
          const option = make('option', '', name);
          option.value = name;
          return option;
        }),
      );
    }
    select.value = state.texts[state.data].model;
    select.disabled = isBusy(state);
  }

  #choose(value: string): void {
    const model = this.#store.state.models.find((name) => name === value);
    if (model !== undefined) this.#change({ model });
  }

  #change(change: Partial<SettingTexts>): void {
    const { texts, data } = this.#store.state;
    this.#store.change({ texts: { ...texts, [data]: { ...texts[data], ...change } } });
  }
}
