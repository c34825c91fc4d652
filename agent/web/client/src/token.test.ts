import { expect, test } from "vitest";
import { passIn } from "./pass";
import { callOptions, seconds } from "./token";

test("the page's address chooses the options of a call, and nothing else", () => {
  expect(callOptions("?pipeline=realtime&language=pt-BR&utm_source=mail&room_name=x")).toEqual({
    pipeline: "realtime",
    language: "pt-BR",
  });
});

test("a wait is read as seconds or as a date", () => {
  const now = Date.parse("2026-11-26T08:00:00Z");
  const wait = (value: string) => seconds(new Headers({ "Retry-After": value }), now);
  expect(wait("30")).toBe(30);
  expect(wait("Thu, 26 Nov 2026 08:02:00 GMT")).toBe(120);
  for (const none of ["", "soon", "-5", "Thu, 26 Nov 2020 08:00:00 GMT"]) expect(wait(none)).toBeUndefined();
  expect(seconds(new Headers())).toBeUndefined();
});

test("a pass comes in the address's fragment", () => {
  expect(passIn("#pass=eyJ.a-b_c.d")).toBe("eyJ.a-b_c.d");
  expect(passIn("#x=1&pass=p%2B1")).toBe("p+1");
  for (const none of ["", "#", "#top", "#passage=1"]) expect(passIn(none)).toBe("");
});
