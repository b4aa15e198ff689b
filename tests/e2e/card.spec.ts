/** What not everybody may see, and what others came before: two people at one card, with a real server between them. */
import { button, card, expectCalm, expectCard } from "./support/card.ts";
import { KIND, frames } from "./support/poll-page.ts";
import { type Person, expect, test } from "./support/test.ts";

/** No row that came to this page holds `value`. */
function expectNoRowWith(person: Person, value: number): void {
  const rows = [KIND.page, KIND.delta].flatMap((kind) => frames(person, kind));
  expect(rows.length).toBeGreaterThan(0);
  expect(rows.filter((frame) => frame.flat(4).includes(value))).toEqual([]);
}

test("l9_a_hidden_column_never_reaches_a_page_that_may_not_see_it_and_predictions_go_on", async ({ serve, link, person }) => {
  const server = await serve(card());
  const wire = await link(server);
  const [ann, bob] = [await person(`${server.url}/?as=ann`), await person(`${wire.url}/?as=bob`)];
  await expectCalm(ann, bob);
  await expectCard(ann, "3 points, 0 hours, 0 €");
  await expectCard(bob, "3 points, 0 hours");
  await button(ann, "One more hour").click();
  await expectCard(bob, "3 points, 1 hours");
  wire.cut();
  await button(bob, "One more hour").click();
  await expectCard(bob, "3 points, 2 hours");
  await expect(bob.page.locator("#status")).toContainText("1 not confirmed");
  wire.mend();
  await expectCard(ann, "3 points, 2 hours, 160 €");
  await expectCalm(ann, bob);
  await expectCard(bob, "3 points, 2 hours");
  expectNoRowWith(bob, 160);
  expect(() => expectNoRowWith(ann, 160), "where it may be seen it is found").toThrow();
  await bob.page.reload();
  await expectCard(bob, "3 points, 2 hours");
  expectNoRowWith(bob, 160);
});

test("of two estimates at once the second is told of the first, and the person decides", async ({ serve, link, person }) => {
  const server = await serve(card());
  const wire = await link(server);
  const [ann, bob] = [await person(`${server.url}/?as=ann`), await person(`${wire.url}/?as=bob`)];
  await expectCard(bob, "3 points, 0 hours");
  for (const [answer, points, word] of [["Keep mine", 5, ""], ["Keep theirs", 8, "refused: rt/stale"]] as const) {
    wire.cut();
    await expect(bob.page.locator("#status")).not.toHaveText("live");
    await button(ann, "8").click();
    await expectCalm(ann);
    await button(bob, "5").click();
    await expectCard(bob, `5 points, 0 hours`);
    wire.mend();
    await expect(bob.page.getByRole("dialog")).toContainText("Somebody else says 8, you say 5.");
    await expectCard(bob, "8 points, 0 hours");
    await button(bob, answer).click();
    await expectCard(ann, `${points} points, 0 hours, 0 €`);
    await expectCard(bob, `${points} points, 0 hours`);
    await expect(bob.page.getByRole("alert")).toHaveText(word);
    await expectCalm(ann, bob);
  }
});

test("what one page does twice in a row is no conflict", async ({ serve, person }) => {
  const server = await serve(card());
  const bob = await person(`${server.url}/?as=bob`);
  await expectCalm(bob);
  for (const points of ["1", "5", "8"]) await button(bob, points).click();
  await expectCard(bob, "8 points, 0 hours");
  await expect.poll(() => frames(bob, KIND.ack).flatMap((ack) => ack[3])).toEqual([1, 2, 3].map((seq) => [0, seq, [0]]));
  await expectCalm(bob);
  await expect(bob.page.getByRole("dialog")).toBeHidden();
  await expect(bob.page.getByRole("alert")).toHaveText("");
});

test("who is not signed in reads why", async ({ serve, person }) => {
  const server = await serve(card());
  const nobody = await person(server.url);
  await expect(nobody.page.locator("#status")).toHaveText("say who you are: /?as=ann");
});
