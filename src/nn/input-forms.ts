/** What the inputs of a model are, without values: one, a list or a record. */
import { isPlainObject } from '../options.ts';
import { bytesPerElement, type DType, type TensorSpec } from '../tensor/dtype.ts';
import { type Shape, sizeOf } from '../tensor/shape.ts';

/** Values in a picture, or computed from one, at most: 1 GiB as floats, or 16,384 × 16,384 pixels of gray. */
export const largestPicture = 2 ** 28;

/** What an input of a model is, without the batch: the shape of float32 values, or a shape with a dtype. */
export type InputForm = Shape | TensorSpec;

/** What the inputs of a model are: one, or as many as it is called with, in a list or by name. */
export type InputForms = InputForm | readonly InputForm[] | Readonly<Record<string, InputForm>>;

/** Makes something of each input, in the structure that the model is called with. `dtype`: of those given by their shape alone. */
export function mapForms<Result>(
  forms: InputForms,
  map: (spec: TensorSpec) => Result,
  dtype: DType = 'float32',
): Result | readonly Result[] | Readonly<Record<string, Result>> {
  if (isForm(forms)) return map(specOf(forms, dtype));
  if (isList(forms)) return forms.map((form) => map(specOf(form, dtype)));
  return Object.fromEntries(Object.entries(forms).map(([name, form]) => [name, map(specOf(form, dtype))]));
}

/** The form of one input, spelled out. */
export function specOf(form: InputForm, dtype: DType = 'float32'): TensorSpec {
  return isList(form) ? { shape: form, dtype } : form;
}

/** Whether it says what one input is, or several. */
export function isInputForms(value: unknown): boolean {
  if (isForm(value)) return true;
  if (isList(value)) return value.length > 0 && value.every(isForm);
  return isPlainObject(value) && Object.keys(value).length > 0 && Object.values(value).every(isForm);
}

/** Whether it says what one input is. */
export function isForm(value: unknown): value is InputForm {
  if (isList(value)) {
    return (
      value.every((each) => Number.isSafeInteger(each) && Number(each) > 0) &&
      sizeOf(value as Shape) <= largestPicture
    );
  }
  if (!isPlainObject(value) || !isList(value.shape) || Object.keys(value).length !== 2) return false;
  return isForm(value.shape) && Object.hasOwn(bytesPerElement, String(value.dtype));
}

/** `Array.isArray` takes readonly arrays for something else. */
function isList(value: unknown): value is readonly unknown[];
function isList(value: InputForms): value is Shape | readonly InputForm[];
function isList(value: unknown): boolean {
  return Array.isArray(value);
}
