/** How a mutator ends when it does not end well; `attempt` in predict.ts catches each, so none needs a name for people. */

/** The author's typed error: the mutation is refused. */
export class Refused extends Error {
  /** An object with `code`, and the error's fields beside it. */
  readonly error: unknown;

  constructor(error: unknown) {
    super("refused");
    this.error = error;
  }
}

/** Overflow, division by zero, an index out of range: a fault on the server too (`rt/fault`). */
export class Fault extends Error {}

/** What only the server can know: the mutation is sent without an optimistic effect. */
export class GiveUp extends Error {}
