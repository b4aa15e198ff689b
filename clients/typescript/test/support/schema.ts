/** A schema as codegen writes one: a poll with comments beside it, and a log that shows each effect once. */
import * as $ from "../../src/draft/index.js";
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
export type VoteError = { readonly code: "NoSuchChoice" };

export interface CommentEntity extends Entity<Comment> {
  star(args: { readonly by: number }): Mutation<number, never>;
  create(fields: { text: string; stars: number; note?: string | null }): Mutation<void, never>;
  patch(fields: { text?: string }): Mutation<void, never>;
  delete(): Mutation<void, never>;
}
export interface PollTopic extends Entity<Poll> {
  vote(args: { readonly choice: number }): Mutation<void, VoteError>;
  note(args: { readonly tag: string }): Mutation<void, { readonly code: "No" }>;
  rename(args: { readonly question: string }): Mutation<string, never>;
  hidden(): Mutation<void, never>;
  stamp(): Mutation<string, never>;
  overflow(): Mutation<void, never>;
  whoami(): Mutation<string, never>;
  comment(id: string): CommentEntity;
  readonly comments: List<Comment>;
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

export const POLL = 51_694;
export const COMMENT = 7;
export const VOTE = 101;
export const NOTE = 102;

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
        { name: "id", number: 1, ty: "string" },
        { name: "question", number: 2, ty: "string", rules: [{ rule: "length", min: 1, max: 20 }] },
        { name: "choices", number: 3, ty: ["vec", ["named", "Choice"]] },
        { name: "log", number: 4, ty: ["vec", "string"] },
      ],
      mutations: {
        vote: { number: VOTE, receiver: "entity", args: [{ name: "choice", ty: "usize" }], run: poll_vote },
        note: { number: NOTE, receiver: "entity", args: [{ name: "tag", ty: "string" }], run: poll_note },
        rename: {
          number: 103,
          receiver: "entity",
          args: [{ name: "question", ty: "string", rules: [{ rule: "length", max: 5 }] }],
          run: poll_rename,
        },
        hidden: { number: 104, receiver: "entity", args: [] },
        stamp: { number: 105, receiver: "entity", args: [], seed: true, run: poll_stamp },
        overflow: { number: 106, receiver: "entity", args: [], run: poll_overflow },
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
        { name: "id", number: 1, ty: "id" },
        { name: "text", number: 2, ty: "string" },
        { name: "stars", number: 3, ty: "u32" },
        { name: "note", number: 4, ty: ["option", "string"], optional: true },
      ],
      mutations: {
        star: { number: 201, receiver: "entity", args: [{ name: "by", ty: "u32" }], run: comment_star },
      },
      create: 202,
      patch: { number: 203, columns: ["text"] },
      delete: 204,
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
