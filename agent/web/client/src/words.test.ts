import { expect, test } from "vitest";
import { chooseLanguage, wordsOf } from "./language";
import { duration, faultWords, sky, statusWords } from "./words";

const [en, ko] = [wordsOf("en"), wordsOf("ko")];

test("the address chooses the language, then the visitor, then the browser", () => {
  expect(chooseLanguage("?lang=ko", "en", ["de"])).toBe("ko");
  expect(chooseLanguage("", "ko", ["en-GB"])).toBe("ko");
  expect(chooseLanguage("?lang=tlh", "", ["de-DE", "ko-KR", "en"])).toBe("ko");
  expect(chooseLanguage("", "", ["fr", "constructor"])).toBe("en");
});

test("a refusal is told in the page's language, in the server's words, and with the time to wait", () => {
  const refusal = { status: 503, message: "All agents are busy.", retryAfterS: 30 };
  expect(faultWords(en, "en", "token-refused", refusal)).toEqual({
    text: "Nobody is free to take your call right now.",
    quoted: "All agents are busy.",
    then: "You can try again in 30 seconds.",
  });
  const korean = faultWords(ko, "ko", "token-refused", refusal);
  expect(korean.then).toBe("30초 후에 다시 시도할 수 있습니다.");
  expect(faultWords(en, "en", "token-refused", { status: 418, message: "No." }).text).toBe(
    "The server did not accept the call.",
  );
});

test("a wait is told in a unit of which there are few", () => {
  expect(duration("en", 0)).toBe("1 second");
  expect(duration("en", 90)).toBe("90 seconds");
  expect(duration("en", 601)).toBe("11 minutes");
  expect(duration("en", 80_000)).toBe("23 hours");
});

test("the status tells what a tool does while the agent is silent", () => {
  expect(statusWords(en, "live", "thinking", "weather")).toBe("Checking the weather…");
  expect(statusWords(en, "live", "thinking", "a_tool_of_the_operator")).toBe("Looking that up…");
  expect(statusWords(en, "live", "speaking", "weather")).toBe("Speaking");
  expect(statusWords(en, "reconnecting", "thinking", "weather")).toContain("Reconnecting");
});

test("both languages have a word for each tool the other has one for", () => {
  expect(Object.keys(ko.tools)).toEqual(Object.keys(en.tools));
});

test("a condition in words is shown by its sky", () => {
  const skies = ["a mostly clear sky", "some clouds", "freezing drizzle", "snow showers", "a thunderstorm with hail", "fog"];
  expect(skies.map(sky)).toEqual(["clear", "cloudy", "rain", "snow", "storm", "fog"]);
});
