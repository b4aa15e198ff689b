/** What a person sees of the poll's page and does to it, by its accessible names. */
import { type Locator, expect } from "@playwright/test";

import { type SeenFrame, json } from "./frames.ts";
import type { Person } from "./test.ts";

/** The bar of a choice, which is the button that votes for it. */
export function choice({ page }: Person, label: string): Locator {
  return page.getByRole("button", { name: new RegExp(`^${label}: `) });
}

/** Waits until everybody sees so many votes for a choice, all of them confirmed. */
export async function expectVotes(people: readonly Person[], label: string, votes: number): Promise<void> {
  const name = new RegExp(`^${label}: ${votes} votes?, \\d+%$`);
  for (const person of people) await expect(choice(person, label)).toHaveAccessibleName(name);
}

/** Waits until a person sees so many votes, `pending` of them not confirmed. */
export async function expectUnconfirmed(person: Person, label: string, votes: number, pending: number): Promise<void> {
  const name = new RegExp(`^${label}: ${votes} votes?, \\d+%, ${pending} not confirmed yet$`);
  await expect(choice(person, label)).toHaveAccessibleName(name);
}

/** What the page says of its connection. */
export function connection({ page }: Person): Locator {
  return page.locator(".connection");
}

export async function expectLive(...people: readonly Person[]): Promise<void> {
  for (const person of people) await expect(connection(person)).toContainText("Live");
}

/** What the page says was refused. */
export function refusal({ page }: Person): Locator {
  return page.getByRole("alert").locator(".refusal");
}

/** The kind of a frame and what it carries: the tables are in realtime-protocol/src/frame/v1.rs. */
export function kindOf(frame: SeenFrame): unknown {
  const parts = json(frame);
  return Array.isArray(parts) ? parts[0] : undefined;
}

/** Frames of the protocol that the tests look at. */
export const KIND = { sub: 3, mutate: 5, subscribed: 21, page: 22, delta: 23, ack: 25 } as const;

/** All frames of one kind as JSON, in order; `socket`: of that socket alone. */
export function frames(person: Person, kind: number, socket?: number): readonly (readonly unknown[])[] {
  return person.frames.all
    .filter((frame) => kindOf(frame) === kind && (socket === undefined || frame.socket === socket))
    .map((frame) => json(frame) as readonly unknown[]);
}
