// What agents-playground and agent-starter-react do with livekit-client, and what they see of it.
import { Room, RoomEvent, TokenSource } from "/livekit-client.mjs";

const room = new Room();
const seen = { states: [], agent: {}, lines: [] };
window.seen = seen;

const note = (participant) => {
  if (!participant.isAgent) return;
  seen.agent = { ...participant.attributes };
  const state = participant.attributes["lk.agent.state"];
  if (state && seen.states.at(-1) !== state) seen.states.push(state);
};
room.on(RoomEvent.ParticipantConnected, note);
room.on(RoomEvent.ParticipantAttributesChanged, (_, participant) => note(participant));
room.on(RoomEvent.TrackSubscribed, (track) => document.body.append(track.attach()));
room.registerTextStreamHandler("lk.transcription", async (reader, { identity }) => {
  const line = {
    attributes: reader.info.attributes,
    own: identity === room.localParticipant.identity,
    known: room.localParticipant.trackPublications.has(
      reader.info.attributes["lk.transcribed_track_id"],
    ),
    text: "",
  };
  seen.lines.push(line);
  for await (const chunk of reader) line.text += chunk;
});
window.type = (text) => room.localParticipant.sendText(text, { topic: "lk.chat" });

const microphone = room.localParticipant.setMicrophoneEnabled(true, undefined, {
  preConnectBuffer: true,
});
const { serverUrl, participantToken } = await TokenSource.endpoint("/api/token").fetch({
  agentName: "parley",
});
await room.prepareConnection(serverUrl, participantToken);
await Promise.all([microphone, room.connect(serverUrl, participantToken)]);
