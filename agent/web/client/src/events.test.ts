import { expect, test } from "vitest";
import { readEvent } from "./events";

const bytes = (text: string) => new TextEncoder().encode(text);

test("an event is read, and so is one of a type that is new", () => {
  const event = { version: 1, type: "fireworks", sequence: 7 };
  expect(readEvent(bytes(JSON.stringify(event)))).toEqual(event);
});

test("what is no event of this version is none", () => {
  for (const text of ["", "{", "null", "[]", '{"version":2,"type":"call_ended"}', '{"version":1}'])
    expect(readEvent(bytes(text))).toBeUndefined();
  expect(readEvent(bytes(`{"version":1,"type":"${"x".repeat(70_000)}"}`))).toBeUndefined();
});
