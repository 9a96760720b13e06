/** What `weft predict` writes of each picture: a line of text, a row of CSV, an element of a JSON array, or a line of JSON. */
import type { WeftError } from '../errors.ts';
import { printable } from '../text.ts';
import { csvRow } from './csv.ts';
import type { PictureNote } from './pictures.ts';
import { percent } from './terminal.ts';

/** What a model says of a picture. */
export interface Answer {
  /** Its path. */
  readonly picture: string;
  /** The probability of each class, or of a model without classes its outputs. */
  readonly numbers: ArrayLike<number>;
  readonly notes: readonly PictureNote[];
}

/** A picture that could not be read. */
export interface Failure {
  readonly picture: string;
  readonly error: WeftError;
}

/** Writes answers one by one, so that nothing has to be kept until the last. */
export interface AnswerWriter {
  readonly write: (answer: Answer | Failure) => void;
  readonly end: () => void;
}

/** What a writer is made with. */
export interface AnswerForm {
  /** Undefined for a model that gives numbers. */
  readonly classNames: readonly string[] | undefined;
  /** How many numbers a model gives. */
  readonly outputs: number;
  /** How many classes to write, the most probable first. Default: as many as the form has room for. */
  readonly top: number | undefined;
  /** Whether notes stand below each picture. JSON has them always. */
  readonly withNotes: boolean;
  readonly write: (text: string) => void;
}

/** A class, and how probable it is. */
interface RankedClass {
  readonly name: string;
  readonly probability: number;
}

function ranked(classNames: readonly string[], { numbers }: Answer, top?: number): RankedClass[] {
  return classNames
    .map((name, index) => ({ name, probability: numbers[index]! }))
    .sort((first, second) => second.probability - first.probability)
    .slice(0, top);
}

/** `seven.png: 7 99.81 %, then 1 0.10 %, 9 0.05 %`; of what could not be read nothing, since that is told beside. */
export function textAnswers({ classNames, top = 3, withNotes, write }: AnswerForm): AnswerWriter {
  const describe = (answer: Answer): string => {
    if (classNames === undefined) return Array.from(answer.numbers, (value) => `${value}`).join(', ');
    const [first, ...others] = ranked(classNames, answer, top).map(
      ({ name, probability }) => `${name} ${percent(probability)}`,
    );
    return others.length === 0 ? first! : `${first}, then ${others.join(', ')}`;
  };
  return {
    write: (answer) => {
      if ('error' in answer) return;
      write(`${printable(`${answer.picture}: ${describe(answer)}`)}\n`);
      if (!withNotes) return;
      for (const { text } of answer.notes) write(`  note: ${printable(text)}\n`);
    },
    end: () => {},
  };
}

/** A heading and a row for each picture; the last column has what was wrong with one that could not be read. */
export function csvAnswers({ classNames, outputs, top = 1, write }: AnswerForm): AnswerWriter {
  const shown = classNames === undefined ? outputs : Math.min(top, classNames.length);
  const numbered = (name: string, index: number): string => (index === 0 ? name : `${name} ${index + 1}`);
  const columns = Array.from({ length: shown }, (_, index) =>
    classNames === undefined
      ? [`value ${index + 1}`]
      : [numbered('class', index), numbered('probability', index)],
  ).flat();
  const cells = (answer: Answer): readonly (string | number)[] =>
    classNames === undefined
      ? Array.from(answer.numbers)
      : ranked(classNames, answer, top).flatMap(({ name, probability }) => [name, probability]);
  write(csvRow(['picture', ...columns, 'error']));
  return {
    write: (answer) => {
      const failed = 'error' in answer;
      const middle = failed ? columns.map(() => '') : cells(answer);
      write(csvRow([answer.picture, ...middle, failed ? answer.error.message : '']));
    },
    end: () => {},
  };
}

/** An array: of each picture its class and those behind it, or the numbers; or the error. */
export function jsonAnswers({ classNames, top, write }: AnswerForm): AnswerWriter {
  const elementOf = (answer: Answer | Failure): object => {
    const { picture } = answer;
    if ('error' in answer) return { picture, error: answer.error.message };
    const notes = answer.notes.map(({ text }) => text);
    if (classNames === undefined) return { picture, numbers: Array.from(answer.numbers), notes };
    const classes = ranked(classNames, answer, top);
    return { picture, class: classes[0]!.name, probability: classes[0]!.probability, classes, notes };
  };
  let begun = false;
  return {
    write: (answer) => {
      const text = JSON.stringify(elementOf(answer), null, 2).replaceAll('\n', '\n  ');
      write(`${begun ? ',' : '['}\n  ${text}`);
      begun = true;
    },
    end: () => write(begun ? '\n]\n' : '[]\n'),
  };
}

/** A line of JSON for each picture: its class and the probability of each class, or the numbers; or the error. */
export function jsonLineAnswers({ classNames, write }: AnswerForm): AnswerWriter {
  const lineOf = (answer: Answer | Failure): object => {
    const { picture } = answer;
    if ('error' in answer) return { picture, error: answer.error.message };
    if (classNames === undefined) return { picture, numbers: Array.from(answer.numbers) };
    const [first] = ranked(classNames, answer, 1);
    const probabilities = Object.fromEntries(classNames.map((each, index) => [each, answer.numbers[index]!]));
    return { picture, class: first!.name, probabilities };
  };
  return { write: (answer) => write(`${JSON.stringify(lineOf(answer))}\n`), end: () => {} };
}
