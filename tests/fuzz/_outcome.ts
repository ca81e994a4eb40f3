/** What may come of a file: a value, or one line that says what is wrong. */
import { DataError } from "../../engine/errors.ts";

/** Whether an error is one of ours: a `DataError` of one line. */
export function isDataError(error: unknown): error is DataError {
  return error instanceof DataError && !error.message.includes("\n") &&
    !error.message.includes("gave no answer");
}
