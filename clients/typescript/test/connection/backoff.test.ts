/** Full jitter. */
import { expect, test } from "vitest";
import { backoff } from "../../src/connection/backoff.js";

test("cl3_the_first_wait_is_up_to_500_ms_and_each_next_twice_that_up_to_20_s", () => {
  const most = (attempt: number): number => backoff(attempt, 0.999_999);
  expect([1, 2, 3, 6, 7, 50].map(most)).toEqual([499, 999, 1999, 15_999, 19_999, 19_999]);
  expect([1, 2, 9].map((attempt) => backoff(attempt, 0))).toEqual([0, 0, 0]);
});

test("cl3_what_the_server_asked_for_wins", () => {
  expect(backoff(9, 0, 60_000)).toBe(60_000);
  expect(backoff(1, 0.5, 0)).toBe(250);
});
