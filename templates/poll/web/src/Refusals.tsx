/** What the server refused, and what that took back: told once, at the foot of the page. */
import type { FrameworkError, Mutation } from "@realtime/client";
import { useEffect, useSyncExternalStore } from "react";

import type { SuggestError, VoteError } from "./realtime";

interface Refusal {
  readonly number: number;
  readonly text: string;
  readonly code: string;
}

/** How long one stays, in milliseconds. */
const STAYS = 12_000;

let refusals: readonly Refusal[] = [];
let made = 0;
const listeners = new Set<() => void>();

/**
 * Waits for the final word on a mutation, however long that takes, and tells a refusal.
 *
 * `undone` says what was rolled back: the screen has forgotten it by then.
 */
export function told<T>(mutation: Mutation<T, VoteError | SuggestError>, undone: string): void {
  void mutation.confirmed.then((verdict) => {
    if (verdict.status === "refused") add(`${words(verdict.error)}: ${undone}.`, verdict.error.code);
  });
}

export function Refusals() {
  const shown = useSyncExternalStore(watch, () => refusals);
  return (
    <div className="refusals" role="alert">
      {shown.map((refusal) => (
        <Toast key={refusal.number} {...refusal} />
      ))}
    </div>
  );
}

function Toast({ number, text, code }: Refusal) {
  useEffect(() => {
    const timer = setTimeout(() => remove(number), STAYS);
    return () => clearTimeout(timer);
  }, [number]);
  return (
    <div className="refusal" data-code={code}>
      <p>{text}</p>
      <button type="button" aria-label="Dismiss" onClick={() => remove(number)}>×</button>
    </div>
  );
}

/** An error in words. The compiler names each case that is missing here. */
function words(error: VoteError | SuggestError | FrameworkError): string {
  switch (error.code) {
    case "NoSuchChoice":
      return "The poll has no such choice";
    case "Closed":
      return "The poll was closed";
    case "Taken":
      return "That choice is there already";
    case "Full":
      return `The poll has ${error.limit} choices, which is all it can have`;
    case "rt/invalid":
      return `${error.path === "" ? "It" : error.path} ${error.message}`;
    case "rt/exists":
      return "Somebody made a poll of this name before";
    case "rt/missing":
      return "The poll does not exist any more";
    default:
      return `The server refused it (${error.code})`;
  }
}

function add(text: string, code: string): void {
  made += 1;
  change([...refusals, { number: made, text, code }]);
}

function remove(number: number): void {
  change(refusals.filter((refusal) => refusal.number !== number));
}

function change(next: readonly Refusal[]): void {
  refusals = next;
  for (const listener of listeners) listener();
}

function watch(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
