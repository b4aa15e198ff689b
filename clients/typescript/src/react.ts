/** React: hooks that take handles, on `useSyncExternalStore`. No provider is needed; the types come with the handle. */
import { useCallback, useMemo, useRef, useState, useSyncExternalStore } from "react";
import type { Client, ConnectionView, FrameworkError, Mutation, View, Watchable } from "./types.js";

/**
 * Returns what is known of an entity or a list, and renders again when that changes.
 *
 * With `select` the `data` is what it returns, and only a change of that renders again; `equal` says what a change
 * is (`Object.is`, unless said). The topic is open while a component uses it.
 */
export function useTopic<T>(handle: Watchable<T>): View<T>;
export function useTopic<T, S>(
  handle: Watchable<T>,
  select: (data: T) => S,
  equal?: (a: S, b: S) => boolean,
): View<S>;
export function useTopic<T, S = T>(
  handle: Watchable<T>,
  select?: (data: T) => S,
  equal: (a: S, b: S) => boolean = Object.is,
): View<T> | View<S> {
  const last = useRef<{ readonly handle: Watchable<T>; readonly view: View<S> } | undefined>(undefined);
  const subscribe = useCallback((told: () => void) => handle.subscribe(told), [handle]);
  // A `select` written in place is another one each time: what it returns is compared, not what it is.
  const read = (): View<T> | View<S> => {
    const { view } = handle;
    if (select === undefined || view.data === undefined) return view;
    const data = select(view.data);
    const before = last.current;
    if (before?.handle === handle && before.view.status === view.status && equal(before.view.data as S, data)) {
      return before.view;
    }
    const next = { ...view, data } as View<S>;
    last.current = { handle, view: next };
    return next;
  };
  return useSyncExternalStore<View<T> | View<S>>(subscribe, read, read);
}

/** Makes a mutation, like the method itself; and how the last calls went. */
export interface UseMutation<A extends readonly unknown[], T, E> {
  (...args: A): Mutation<T, E>;
  /** Whether a call waits for its outcome (`queued` is one). */
  readonly pending: boolean;
  /** Why the last call was refused, also where that was said after `queued`. */
  readonly refused: E | FrameworkError | undefined;
  /** Forgets `refused`. */
  reset(): void;
}

/** Returns a mutation as a callable with its state: `const vote = useMutation(rt.poll("lunch").vote)`. */
export function useMutation<A extends readonly unknown[], T, E>(
  method: (...args: A) => Mutation<T, E>,
): UseMutation<A, T, E> {
  const [waiting, setWaiting] = useState(0);
  const [refused, setRefused] = useState<E | FrameworkError | undefined>(undefined);
  const calls = useRef(0);
  const call = useCallback(
    (...args: A): Mutation<T, E> => {
      const mine = ++calls.current;
      const mutation = method(...args);
      setWaiting((n) => n + 1);
      setRefused(undefined);
      void mutation.then(() => setWaiting((n) => n - 1));
      void mutation.confirmed.then((verdict) => {
        if (verdict.status === "refused" && mine === calls.current) setRefused(() => verdict.error);
      });
      return mutation;
    },
    [method],
  );
  const reset = useCallback(() => setRefused(undefined), []);
  return useMemo(
    () => Object.assign((...args: A) => call(...args), { pending: waiting > 0, refused, reset }),
    [call, waiting, refused, reset],
  );
}

/** Returns what the connection is doing, and renders again when that changes. */
export function useConnection({ connection }: Client): ConnectionView {
  const read = (): ConnectionView => connection.view;
  return useSyncExternalStore(connection.subscribe, read, read);
}
