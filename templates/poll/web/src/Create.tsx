/** A poll that nobody has made yet: asks for its question and its choices, and makes it. */
import { type FormEvent, useState } from "react";

import { rt } from "./client";
import { told } from "./Refusals";

export function Create({ id }: { readonly id: string }) {
  const [question, setQuestion] = useState("");
  const [lines, setLines] = useState("");
  const labels = [...new Set(lines.split("\n").map((line) => line.trim()).filter((line) => line !== ""))];
  const ready = question.trim() !== "" && labels.length >= 2 && labels.length <= 12;
  function create(event: FormEvent): void {
    event.preventDefault();
    const choices = labels.map((label) => ({ label, votes: 0 }));
    told(rt.poll(id).create({ question: question.trim(), choices, closed: false }), "your poll was not made");
  }
  return (
    <form className="create" onSubmit={create}>
      <h1>Ask something</h1>
      <p className="summary">There is no poll called “{id}” yet. Make it.</p>
      <label>
        Question
        <input value={question} maxLength={280} required autoFocus onChange={(event) => setQuestion(event.target.value)} />
      </label>
      <label>
        Choices, one a line: 2 to 12
        <textarea value={lines} rows={5} required onChange={(event) => setLines(event.target.value)} />
      </label>
      <button type="submit" disabled={!ready}>Start the poll</button>
    </form>
  );
}
