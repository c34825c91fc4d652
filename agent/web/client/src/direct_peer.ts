/** One WebRTC connection to the provider: sound both ways, and events beside it. */

/** What the other end does. */
export interface PeerListener {
  /** An event, as JSON that was read; anything may stand in it. */
  event(event: Readonly<Record<string, unknown>>): void;
  /** The agent's sound. */
  sound(stream: MediaStream, track: MediaStreamTrack): void;
  /** The connection is interrupted, and may come back; or it has come back. */
  wavering(isAway: boolean): void;
  /** The connection is over. */
  lost(): void;
}

/** The provider does not take the call; the message is for the log. */
export class OfferRefused extends Error {
  constructor(readonly status: number) {
    super(`The provider answered ${status}.`);
  }
}

const CHANNEL = "oai-events";
const OFFER_LIMIT_MS = 15_000;
const OPEN_LIMIT_MS = 20_000;

export class Peer {
  private readonly pc = new RTCPeerConnection();
  private readonly channel = this.pc.createDataChannel(CHANNEL);
  private closed = false;

  constructor(private readonly listener: PeerListener) {
    this.channel.addEventListener("message", ({ data }) => this.take(data));
    this.channel.addEventListener("close", () => this.lose());
    this.pc.addEventListener("track", ({ track, streams }) =>
      listener.sound(streams[0] ?? new MediaStream([track]), track),
    );
    this.pc.addEventListener("connectionstatechange", () => this.changed());
  }

  /** Opens the session of a secret. Rejects when the provider does not take it, or not in time. */
  async connect(secret: string, callsUrl: string, microphone: MediaStreamTrack): Promise<void> {
    this.pc.addTrack(microphone, new MediaStream([microphone]));
    const offer = await this.pc.createOffer();
    await this.pc.setLocalDescription(offer);
    const response = await fetch(callsUrl, {
      method: "POST",
      headers: { Authorization: `Bearer ${secret}`, "Content-Type": "application/sdp" },
      body: offer.sdp ?? "",
      credentials: "omit",
      referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(OFFER_LIMIT_MS),
    });
    if (!response.ok) throw new OfferRefused(response.status);
    const opened = this.opened();
    await this.pc.setRemoteDescription({ type: "answer", sdp: await response.text() });
    await opened;
  }

  /** Sends an event; one that comes too late is dropped. */
  send(event: Readonly<Record<string, unknown>>): void {
    if (this.channel.readyState === "open") this.channel.send(JSON.stringify(event));
  }

  get isOpen(): boolean {
    return this.channel.readyState === "open";
  }

  /** Goes on with another microphone. */
  async hearFrom(microphone: MediaStreamTrack): Promise<void> {
    await this.pc.getSenders()[0]?.replaceTrack(microphone);
  }

  close(): void {
    this.closed = true;
    this.channel.close();
    this.pc.close();
  }

  private opened(): Promise<void> {
    const { channel } = this;
    return new Promise((resolve, reject) => {
      const late = window.setTimeout(() => reject(new Error("It did not connect.")), OPEN_LIMIT_MS);
      channel.addEventListener("open", () => {
        window.clearTimeout(late);
        resolve();
      });
      channel.addEventListener("close", () => {
        window.clearTimeout(late);
        reject(new Error("It was closed."));
      });
    });
  }

  private take(data: unknown): void {
    if (typeof data !== "string" || this.closed) return;
    let event: unknown;
    try {
      event = JSON.parse(data);
    } catch {
      return; // no event; nothing can be said of it
    }
    if (typeof event === "object" && event !== null) {
      this.listener.event(event as Record<string, unknown>);
    }
  }

  private changed(): void {
    switch (this.pc.connectionState) {
      case "connected":
        return this.listener.wavering(false);
      case "disconnected":
        return this.listener.wavering(true);
      case "failed":
      case "closed":
        return this.lose();
    }
  }

  private lose(): void {
    if (this.closed) return;
    this.close();
    this.listener.lost();
  }
}
