/** Adds a choice to the poll. */
import { type FormEvent, useState } from "react";

import { rt } from "./client";
import { told } from "./Refusals";

export function Suggest({ id }: { readonly id: string }) {
  const [label, setLabel] = useState("");
  function suggest(event: FormEvent): void {
    event.preventDefault();
    told(rt.poll(id).suggest({ label: label.trim() }), "your suggestion was taken back");
    setLabel("");
  }
  return (
    <form className="suggest" onSubmit={suggest}>
      <input
        aria-label="Another choice"
        placeholder="Suggest something else"
        value={label}
        maxLength={80}
        pattern=".*\S.*"
        required
        onChange={(event) => setLabel(event.target.value)}
      />
      <button type="submit">Add</button>
    </form>
  );
}
