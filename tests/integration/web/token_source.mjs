// Fetches a token as LiveKit's own browser client does: node token_source.mjs CLIENT_DIR URL OPTIONS
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [clientDir, url, options] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${clientDir}/package.json`));
const { TokenSource, decodeTokenPayload } = await import(
  pathToFileURL(require.resolve("livekit-client").replace(/umd\.js$/, "esm.mjs"))
);

try {
  const answer = await TokenSource.endpoint(url).fetch(JSON.parse(options));
  const payload = decodeTokenPayload(answer.participantToken);
  console.log(JSON.stringify({ serverUrl: answer.serverUrl, payload }));
} catch (error) {
  console.log(JSON.stringify({ error: error.message }));
}
