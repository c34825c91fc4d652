import { expect, test } from "vitest";
import { callOptions } from "./token";

test("the page's address chooses the options of a call, and nothing else", () => {
  expect(callOptions("?pipeline=realtime&language=pt-BR&utm_source=mail&room_name=x")).toEqual({
    pipeline: "realtime",
    language: "pt-BR",
  });
});
