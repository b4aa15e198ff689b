/** A schema as codegen writes one: a poll with comments beside it, and a log that shows each effect once. */
import * as $ from "../../src/draft/index.js";
import { creates, deletes, draws, lists, patches, refuse } from "../../src/generated.js";
import type { FrameworkError, Entity, List, Mut, Mutation, Schema, Tx, Client } from "../../src/generated.js";

export interface Choice {
  readonly label: string;
  readonly votes: number;
}
export interface Poll {
  readonly id: string;
  readonly question: string;
  readonly choices: readonly Choice[];
  readonly log: readonly string[];
}
export interface Comment {
  readonly id: string;
  readonly text: string;
  readonly stars: number;
  readonly note: string | null;
}
/** One of which not everybody sees the costs, and some see nothing. */
export interface Card {
  readonly id: string;
  readonly points: number;
  readonly cost?: number;
  readonly notes?: readonly string[];
}
export type VoteError = { readonly code: "NoSuchChoice" };

export interface CommentEntity extends Entity<Comment> {
  star(args: { readonly by: number }): Mutation<number, never>;
  create(fields: { text: string; stars: number; note?: string | null }): Mutation<void, never>;
  patch(fields: { text?: string }): Mutation<void, never>;
  delete(): Mutation<void, never>;
}
export interface CardEntity extends Entity<Card> {
  estimate(args: { readonly points: number }): Mutation<number, never>;
  charge(args: { readonly by: number }): Mutation<void, never>;
  spend(args: { readonly by: number }): Mutation<number, { readonly code: "Broke" }>;
  jot(args: { readonly text: string }): Mutation<void, never>;
  reset(): Mutation<number, never>;
  copy(): Mutation<unknown, never>;
  create(fields: { points: number; cost: number; notes: readonly string[] }): Mutation<void, never>;
  patch(fields: { points?: number; cost?: number }): Mutation<void, never>;
  delete(): Mutation<void, never>;
}
export interface PollTopic extends Entity<Poll> {
  vote(args: { readonly choice: number }): Mutation<void, VoteError>;
  note(args: { readonly tag: string }): Mutation<void, { readonly code: "No" }>;
  /** The same, unless others came first. */
  claim(args: { readonly tag: string }): Mutation<void, never>;
  rename(args: { readonly question: string }): Mutation<string, never>;
  hidden(): Mutation<void, never>;
  stamp(): Mutation<string, never>;
  overflow(): Mutation<void, never>;
  whoami(): Mutation<string, never>;
  comment(id: string): CommentEntity;
  readonly comments: List<Comment>;
  card(id: string): CardEntity;
  readonly cards: List<Card>;
}
export interface TestClient extends Client {
  poll(id: string): PollTopic;
}
export type { FrameworkError };

function poll_vote(self: Mut<Poll>, { choice }: { readonly choice: number }): void {
  const t1 = $.ownAt($.own(self, "choices"), choice) ?? $.fail({ code: "NoSuchChoice" });
  t1.votes = $.u32(t1.votes + 1);
}
function poll_note(self: Mut<Poll>, { tag }: { readonly tag: string }): void {
  $.own(self, "log").push(tag);
}
function poll_rename(self: Mut<Poll>, { question }: { readonly question: string }): string {
  const before = self.question;
  self.question = question;
  return before;
}
function poll_stamp(self: Mut<Poll>, _args: object, tx: Tx): string {
  const id = tx.newId();
  $.own(self, "log").push(`${id} ${tx.now} ${tx.random(10)}`);
  return id;
}
function poll_overflow(self: Mut<Poll>, _args: object): void {
  self.question = "changed";
  $.u8(256);
}
function poll_whoami(_self: undefined, _args: object, tx: Tx<{ readonly id: string }>): string {
  return tx.principal.id;
}
function comment_star(self: Mut<Comment>, { by }: { readonly by: number }): number {
  self.stars += by;
  return self.stars;
}

function card_estimate(self: Mut<Required<Card>>, { points }: { readonly points: number }): number {
  self.points = points;
  return points;
}
function card_charge(self: Mut<Required<Card>>, { by }: { readonly by: number }): void {
  if (!$.hidden(self, "cost")) self.cost = $.u32(self.cost + by);
  self.points = $.u32(self.points + 1);
}
function card_spend(self: Mut<Required<Card>>, { by }: { readonly by: number }): number {
  self.points = $.u32(self.points + 1);
  if (self.cost < by) return $.fail({ code: "Broke" });
  self.cost = $.u32(self.cost - by);
  return self.cost;
}
function card_jot(self: Mut<Required<Card>>, { text }: { readonly text: string }): void {
  self.points = $.u32(self.points + 1);
  $.own(self, "notes").push(text);
}
function card_reset(self: Mut<Required<Card>>): number {
  self.cost = 3;
  self.notes = [];
  self.points = $.u32(self.points + self.cost);
  return $.own(self, "notes").length;
}
function card_copy(self: Mut<Required<Card>>): unknown {
  self.points = $.u32(self.points + 1);
  return $.clone(self);
}

export const POLL = 51_694;
export const COMMENT = 7;
export const CARD = 8;
export const VOTE = 101;
export const NOTE = 102;
export const CLAIM = 108;

export const schema: Schema = {
  hash: "3f9a1c",
  models: [
    {
      number: POLL,
      name: "Poll",
      accessor: "poll",
      topic: "poll/{id}",
      version: 1,
      fingerprint: 42,
      key: "id",
      columns: [
        { name: "id", ty: "string" },
        { name: "question", ty: "string", rules: [{ rule: "length", min: 1, max: 20 }] },
        { name: "choices", ty: ["vec", ["named", "Choice"]] },
        { name: "log", ty: ["vec", "string"] },
      ],
      mutations: {
        vote: { number: VOTE, args: [{ name: "choice", ty: "usize" }], run: poll_vote },
        note: { number: NOTE, args: [{ name: "tag", ty: "string" }], run: poll_note },
        claim: { number: CLAIM, args: [{ name: "tag", ty: "string" }], conflict: refuse, run: poll_note },
        rename: {
          number: 103,
          args: [{ name: "question", ty: "string", rules: [{ rule: "length", max: 5 }] }],
          run: poll_rename,
        },
        hidden: { number: 104, args: [] },
        stamp: { number: 105, args: [], seed: draws, run: poll_stamp },
        overflow: { number: 106, args: [], run: poll_overflow },
        whoami: { number: 107, receiver: "topic", args: [], run: poll_whoami },
      },
    },
    {
      number: COMMENT,
      name: "Comment",
      accessor: "comment",
      topic: { of: "Poll" },
      version: 1,
      fingerprint: 43,
      key: "id",
      columns: [
        { name: "id", ty: "id" },
        { name: "text", ty: "string" },
        { name: "stars", ty: "u32" },
        { name: "note", ty: ["option", "string"], optional: true },
      ],
      mutations: {
        star: { number: 201, args: [{ name: "by", ty: "u32" }], run: comment_star },
      },
      list: lists,
      create: creates(202),
      patch: patches(203, ["text"]),
      delete: deletes(204),
    },
    {
      number: CARD,
      name: "Card",
      accessor: "card",
      topic: { of: "Poll" },
      version: 1,
      fingerprint: 44,
      key: "id",
      columns: [
        { name: "id", ty: "id" },
        { name: "points", ty: "u32" },
        { name: "cost", ty: "u32", guarded: true },
        { name: "notes", ty: ["vec", "string"], guarded: true },
      ],
      mutations: {
        estimate: { number: 301, args: [{ name: "points", ty: "u32" }], conflict: refuse, run: card_estimate },
        charge: { number: 302, args: [{ name: "by", ty: "u32" }], run: card_charge },
        spend: { number: 303, args: [{ name: "by", ty: "u32" }], run: card_spend },
        jot: { number: 304, args: [{ name: "text", ty: "string" }], run: card_jot },
        reset: { number: 305, args: [], run: card_reset },
        copy: { number: 306, args: [], run: card_copy },
      },
      list: lists,
      create: creates(307),
      patch: patches(308, ["points", "cost"]),
      delete: deletes(309),
    },
  ],
  types: {
    Choice: {
      kind: "struct",
      fields: [
        { name: "label", ty: "string" },
        { name: "votes", ty: "u32" },
      ],
    },
  },
};

/** A poll as the server sends it: every column, in order. */
export function pollRow(id: string, votes: readonly number[] = [0, 0], log: readonly string[] = []): readonly unknown[] {
  return [id, "Where to?", votes.map((n, i) => ({ label: ["Soup", "Curry"][i] ?? "?", votes: n })), log];
}
