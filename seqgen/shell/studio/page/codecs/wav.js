/** Sound as a WAV file of 16 bits. channels: a Float32Array each, from -1 to 1. */
export function wav(channels, rate) {
  const width = 2 * channels.length, size = width * channels[0].length, view = new DataView(new ArrayBuffer(44 + size));
  const text = (at, word) => [...word].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)));
  [[0, "RIFF"], [8, "WAVEfmt "], [36, "data"]].forEach(([at, word]) => text(at, word));
  [[4, 36 + size], [16, 16], [24, rate], [28, rate * width], [40, size]].forEach(([at, value]) => view.setUint32(at, value, true));
  [[20, 1], [22, channels.length], [32, width], [34, 16]].forEach(([at, value]) => view.setUint16(at, value, true));
  channels.forEach((samples, channel) => samples.forEach((sample, i) => {
    view.setInt16(44 + width * i + 2 * channel, Math.round(32767 * Math.min(Math.max(sample, -1), 1)), true);
  }));
  return view.buffer;
}
